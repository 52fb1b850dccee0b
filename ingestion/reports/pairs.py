"""What is known of pairs: their evidence, how right the rule is, what other bars would do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from django.db.models import Q, QuerySet

from ingestion.models import Job, Likeness, LikenessRule
from ingestion.rules import display
from ingestion.rules.likeness.judging import Answer, Evidence, Rule, judge
from ingestion.rules.likeness.marking import Piece, mark
from ingestion.rules.likeness.scoring import Score, score
from ingestion.rules.texts import comparable

from .likeness import rule_of

SHOWN = 20  # pairs named of each kind; their number is exact beside them
AT_ONCE = 2_000
MEASURED = tuple(field.name for field in fields(Evidence))


def evidence_of(row: Likeness) -> Evidence:
    """Return what was measured of a pair."""
    return Evidence(**{name: getattr(row, name) for name in MEASURED})


def standing_rule() -> Rule:
    """Return the rule in force for sources without one of their own."""
    row = LikenessRule.objects.filter(source=None).order_by("-pk").first()
    return rule_of(row) if row else Rule()


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of both jobs, in words."""

    label: str
    a: str
    b: str

    @property
    def differs(self) -> bool:
        """Whether the jobs differ in it."""
        return comparable(self.a) != comparable(self.b)


@dataclass(frozen=True, slots=True)
class Beside:
    """Two jobs side by side: facts line by line, texts in pieces."""

    lines: list[Line]
    text_a: list[Piece]
    text_b: list[Piece]


def side_by_side(row: Likeness) -> Beside:
    """Lay the two jobs of a pair side by side, with what differs marked."""
    a, b = row.job_a, row.job_b
    lines = [Line(label, tell(a), tell(b)) for label, tell in FACTS]
    return Beside(lines, *mark(a.description_text, b.description_text))


def _place(job: Job) -> str:
    return job.location_text or ", ".join(filter(None, (job.city, job.region, job.country)))


FACTS: Final[tuple[tuple[str, Callable[[Job], str]], ...]] = (
    ("Title", lambda job: job.title),
    ("Employer", lambda job: job.employer.name),
    ("Place", _place),
    ("Workplace", lambda job: display.REMOTE.get(job.remote, "")),
    ("Level", lambda job: display.SENIORITIES.get(job.seniority, job.seniority)),
    ("Employment", lambda job: display.EMPLOYMENT_TYPES.get(job.employment_type, "")),
    (
        "Pay",
        lambda job: display.pay(
            job.salary_min, job.salary_max, job.salary_currency, job.salary_period
        ),
    ),
    ("Skills", lambda job: ", ".join(sorted(job.skills))),
    ("Apply at", lambda job: display.outward(job.apply_url) or display.outward(job.url)),
    ("Reference", lambda job: job.reference),
    ("Source", lambda job: job.source.name),
    ("First seen", lambda job: f"{job.first_seen_at:%Y-%m-%d %H:%M} UTC"),
    ("Status", lambda job: job.status),
)


@dataclass(frozen=True, slots=True)
class Quality:
    """How right a rule is on the pairs a person judged, and how many wait for one."""

    score: Score
    judged: int
    waiting: int
    wrong: list[Likeness]


def quality(rule: Rule) -> Quality:
    """Measure a rule on every verdict; `wrong` names the first pairs where it differs."""
    rows = list(Likeness.objects.exclude(said="").order_by("-said_at", "-pk"))
    said = {(r.job_a_id, r.job_b_id): _says_same(r, rule) for r in rows}
    truth = {(r.job_a_id, r.job_b_id): r.said == Answer.SAME for r in rows}
    wrong = [r.pk for r in rows if said[r.job_a_id, r.job_b_id] != (r.said == Answer.SAME)]
    waiting = Likeness.objects.all().to_review().count()
    return Quality(score(said, truth), len(rows), waiting, _named(wrong))


def _says_same(row: Likeness, rule: Rule) -> bool:
    return judge(evidence_of(row), rule).answer is Answer.SAME


def _named(ids: list[int]) -> list[Likeness]:
    rows = Likeness.objects.filter(pk__in=ids[:SHOWN]).with_jobs()
    return sorted(rows, key=lambda row: ids.index(row.pk))


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a rule would change today: pairs merged, split, and put before a person."""

    merged: int
    split: int
    asked: int
    merged_pairs: list[Likeness]
    split_pairs: list[Likeness]


def what_if(rule: Rule) -> WhatIf:
    """Judge every kept pair by another rule, beside what the rule in force says.

    A person's word stands under any rule, so such pairs are left out; so are pairs of sources that
    have a rule of their own.
    """
    merged, split, asked = [], [], 0
    for row in _without_verdict():
        new = judge(evidence_of(row), rule).answer
        if new is Answer.SAME and row.answer != Answer.SAME:
            merged.append(row.pk)
        elif new is not Answer.SAME and row.answer == Answer.SAME:
            split.append(row.pk)
        asked += new is Answer.UNSURE and row.answer != Answer.UNSURE
    return WhatIf(len(merged), len(split), asked, _named(merged), _named(split))


def _without_verdict() -> Iterator[Likeness]:
    own = LikenessRule.objects.filter(source__isnull=False).values("source")
    has_own = Q(job_a__source__in=own) | Q(job_b__source__in=own)
    rows = Likeness.objects.filter(said="").exclude(has_own).order_by("-jaccard", "-pk")
    return rows.iterator(chunk_size=AT_ONCE)


def ladder(rule: Rule) -> list[dict[str, Any]]:
    """Return precision and recall of the rule at bars around its own, for the page's table."""
    rows = list(Likeness.objects.exclude(said=""))
    truth = {(r.job_a_id, r.job_b_id): r.said == Answer.SAME for r in rows}
    found = []
    for bar in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        other = replace(rule, jaccard=bar)
        said = {(r.job_a_id, r.job_b_id): _says_same(r, other) for r in rows}
        found.append({"jaccard": bar, "score": score(said, truth), "is_now": bar == rule.jaccard})
    return found


def duplicates(job_id: int, pairs: QuerySet[Likeness]) -> list[dict[str, Any]]:
    """Return the pairs of a job with rule and evidence, as the lineage of the API tells them."""
    rows = pairs.filter(Q(job_a=job_id) | Q(job_b=job_id)).order_by("-jaccard", "-pk")[:100]
    return [
        {
            "job": row.job_b_id if row.job_a_id == job_id else row.job_a_id,
            "answer": row.stands,
            "decided_by": "person" if row.said else "rule",
            "rule": row.rule,
            "version": row.version,
            "evidence": {name: getattr(row, name) for name in MEASURED},
        }
        for row in rows
    ]
