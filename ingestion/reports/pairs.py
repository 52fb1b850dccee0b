"""What is known of pairs: their evidence, how right the rule is, what other bars would do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from django.db.models import F, Q, QuerySet

from ingestion.models import Job, Likeness, LikenessRule, Source
from ingestion.rules import display
from ingestion.rules.likeness.judging import Answer, Evidence, Rule
from ingestion.rules.likeness.marking import Piece, mark
from ingestion.rules.likeness.scoring import Score, score
from ingestion.rules.texts import comparable

from .likeness import Rules

SHOWN = 20  # pairs named of each kind; their number is exact beside them
AT_ONCE = 2_000
MEASURED = tuple(field.name for field in fields(Evidence))


def evidence_of(row: Likeness) -> Evidence:
    """Return what was measured of a pair."""
    return Evidence(**{name: getattr(row, name) for name in MEASURED})


def standing_rule(source: Source | None = None) -> Rule:
    """Return the rule in force for a source, or for those without one of their own."""
    return Rules().of(source.pk if source else None)


def own_rules() -> list[LikenessRule]:
    """Return the rules in force that are of one source only, by its name."""
    rows = LikenessRule.objects.filter(source__isnull=False).select_related("source")
    newest = rows.order_by("source_id", "-pk").distinct("source_id")
    return sorted(newest, key=lambda row: str(row.source).casefold())


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


def quality(rule: Rule, source: Source | None = None) -> Quality:
    """Measure a rule on every verdict; `wrong` names the first pairs where it differs.

    Of a source: on the verdicts about its postings, with the other sources' rules beside it.
    """
    rows = list(_pairs_of(source).exclude(said="").order_by("-said_at", "-pk"))
    said = _said(rows, _trying(rule, source))
    truth = {(r.job_a_id, r.job_b_id): r.said == Answer.SAME for r in rows}
    wrong = [r.pk for r in rows if said[r.job_a_id, r.job_b_id] != (r.said == Answer.SAME)]
    waiting = Likeness.objects.all().to_review().count()
    return Quality(score(said, truth), len(rows), waiting, _named(wrong))


def _pairs_of(source: Source | None) -> QuerySet[Any]:
    """Return the pairs of a source's postings with any other, or all, with both their sources."""
    rows = Likeness.objects.annotate(source_a=F("job_a__source"), source_b=F("job_b__source"))
    return rows.filter(Q(source_a=source.pk) | Q(source_b=source.pk)) if source else rows


def _trying(rule: Rule, source: Source | None) -> Rules:
    return Rules({source.pk if source else None: rule})


def _said(rows: Iterable[Any], rules: Rules) -> dict[tuple[int, int], bool]:
    """Map each pair to whether rules call it one job."""
    return {(r.job_a_id, r.job_b_id): _answer(r, rules) is Answer.SAME for r in rows}


def _answer(row: Any, rules: Rules) -> Answer:
    return rules.judge(evidence_of(row), row.source_a, row.source_b).answer


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


def what_if(rule: Rule, source: Source | None = None) -> WhatIf:
    """Judge every kept pair with another rule, of a source or all, beside what is in force.

    A person's word stands under any rule, so such pairs are left out.
    """
    merged, split, asked = [], [], 0
    rules = _trying(rule, source)
    rows = _pairs_of(source).filter(said="").order_by("-jaccard", "-pk")
    for row in rows.iterator(chunk_size=AT_ONCE):
        new = _answer(row, rules)
        if new is Answer.SAME and row.answer != Answer.SAME:
            merged.append(row.pk)
        elif new is not Answer.SAME and row.answer == Answer.SAME:
            split.append(row.pk)
        asked += new is Answer.UNSURE and row.answer != Answer.UNSURE
    return WhatIf(len(merged), len(split), asked, _named(merged), _named(split))


def ladder(rule: Rule, source: Source | None = None) -> list[dict[str, Any]]:
    """Return precision and recall of the rule at bars around its own, for the page's table."""
    rows = list(_pairs_of(source).exclude(said=""))
    truth = {(r.job_a_id, r.job_b_id): r.said == Answer.SAME for r in rows}
    found = []
    for bar in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        said = _said(rows, _trying(replace(rule, jaccard=bar), source))
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
