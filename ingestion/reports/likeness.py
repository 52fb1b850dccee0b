"""What may be one job: postings found by their keys, measured, and judged by the rules in force."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import F
from django.utils.timezone import now

from ingestion.models import Job, LikenessRule, LikenessSign
from ingestion.rules.likeness import judging
from ingestion.rules.likeness.judging import Answer, Evidence, Judgement, Rule
from ingestion.rules.likeness.signs import (
    Signs,
    estimates,
    keys_of,
    overlap,
    sign_texts,
    wording_of,
)
from ingestion.rules.likeness.traits import Place, Traits, read_title, skills_of, traits_of
from ingestion.rules.literals import array_of
from ingestion.rules.normalise import Posting
from jobly.users.models import Company

FEWEST_WORDS = 12  # pairs of words; of a shorter text nothing is found by its words
A_KEY = 24  # newest jobs read of each key, so that a text everybody uses costs no more
A_JOB = 24  # jobs whose words are read for each job
LEAST_ESTIMATE = judging.FLOOR - 0.08  # two standard deviations below what is kept
DAY = 86_400.0

# the newest jobs under each key; how many keys they share says how alike the words are
CANDIDATES = """
SELECT k.ref, c.job_id, count(*)
FROM unnest(%s::bigint[], %s::bigint[]) AS k(ref, key)
CROSS JOIN LATERAL (
    SELECT job_id FROM ingestion_likenesskey WHERE key = k.key AND job_id <> k.ref
    ORDER BY job_id DESC LIMIT %s
) AS c
GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2 DESC
"""
COLUMNS = (
    "pk", "title", "location_text", "city", "region", "country", "lat", "lon", "remote", "skills",
    "url_key", "content_key", "first_seen_at", "company_id", "source_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """One posting as it is compared; `company_id` and `source_id` say whose it is."""

    traits: Traits
    company_id: UUID | None
    source_id: UUID | None


@dataclass(slots=True)
class Signed:
    """Postings of a batch by number: sign, keys, traits; negative numbers are not loaded yet."""

    compared: dict[int, Compared]
    signs: dict[int, Signs]
    keys: dict[int, list[int]]
    sizes: dict[int, int]
    texts: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two postings, the lower number first, with what was measured and judged."""

    a: int
    b: int
    evidence: Evidence
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A job that a posting resembles, and why: `answer` is "same" or "unsure"."""

    job: Job
    answer: str
    rule: str
    evidence: Evidence


class Rules:
    """The rules in force: of a source, else of all; `tried` stands in for some, by source."""

    def __init__(self, tried: Mapping[UUID | None, Rule] | None = None) -> None:
        newest = LikenessRule.objects.order_by("source_id", "-pk").distinct("source_id")
        self._of = {row.source_id: rule_of(row) for row in newest} | dict(tried or {})

    def of(self, source_id: UUID | None) -> Rule:
        """Return the rule for one source's postings."""
        return self._of.get(source_id) or self._of.get(None) or Rule()

    def judge(self, found: Evidence, one: UUID | None, other: UUID | None) -> Judgement:
        """Judge a pair by what the rules of both its sources say."""
        return judging.judge_both(found, self.of(one), self.of(other))

    def may_pair(self, a: Compared, b: Compared, *, own_too: bool) -> bool:
        """Whether the words of two postings are worth reading, by all else that is known."""
        both_own = a.company_id is not None and b.company_id is not None
        if both_own and not (own_too and a.company_id == b.company_id):
            return False
        names = {self.of(a.source_id).name, self.of(b.source_id).name}
        return "cosine" in names or judging.may_be_one(a.traits, b.traits)


def rule_of(row: LikenessRule) -> Rule:
    """Return the bars of a row."""
    return Rule(row.name, row.jaccard, row.containment, row.skills, row.cosine, row.window_days)


def sign_jobs(job_ids: Iterable[int]) -> Signed:
    """Read jobs and return what they are compared by."""
    rows = _compared(job_ids)
    texts = dict(Job.objects.filter(pk__in=rows).values_list("pk", "description_text"))
    return _signed(rows, texts)


def _signed(compared: dict[int, Compared], texts: dict[int, str]) -> Signed:
    numbers = [number for number in compared if number in texts]
    signs, sizes = sign_texts(texts[number] for number in numbers)
    keys = keys_of(signs, [compared[number].traits.block for number in numbers])
    found = Signed({n: compared[n] for n in numbers}, {}, {}, {}, texts)
    for row, number in enumerate(numbers):
        by_words = keys[row].tolist() if sizes[row] >= FEWEST_WORDS else []
        found.signs[number], found.sizes[number] = signs[row], int(sizes[row])
        own = compared[number].traits.own_keys
        found.keys[number] = list(dict.fromkeys([*by_words, *own]))
    return found


def _compared(job_ids: Iterable[int]) -> dict[int, Compared]:
    """Read what jobs are compared by besides their words; removed ones are left out."""
    rows = Job.objects.filter(pk__in=set(job_ids)).exclude(status=Job.Status.REMOVED)
    named = rows.annotate(named=F("employer__key"), hires=F("employer__is_agency"))
    found = named.values(*COLUMNS, "named", "hires")
    return {row["pk"]: _of_row(row) for row in found}


def _of_row(row: dict[str, Any]) -> Compared:
    trade, ranks = read_title(row["title"])
    traits = Traits(
        trade=trade,
        ranks=ranks,
        employer=row["named"],
        is_agency=row["hires"],
        place=Place(
            row["location_text"], row["city"], row["region"], row["country"], row["lat"],
            row["lon"], row["remote"],
        ),
        skills=skills_of(row["skills"]),
        url_key=row["url_key"],
        content_key=row["content_key"],
        day=row["first_seen_at"].timestamp() / DAY,
    )  # fmt: skip
    return Compared(traits, row["company_id"], row["source_id"])


def find_pairs(
    signed: Signed, also: Mapping[int, set[int]], *, own_too: bool = False
) -> Iterator[Pair]:
    """Yield the pairs of these postings with the catalogue that are worth keeping.

    `also` names jobs to be measured besides those found. Two jobs of companies are nobody's pair,
    except where `own_too` asks for those of one company. What is read of a job is bounded by
    A_KEY and A_JOB, however large the catalogue is.
    """
    near = _nearest(signed, also)
    others = {job for jobs in near.values() for job in jobs}
    compared = _compared(others - set(signed.compared)) | signed.compared
    rules = Rules()
    wanted = sorted(
        {
            (min(ref, other), max(ref, other))
            for ref, jobs in near.items()
            for other in jobs
            if other in compared and rules.may_pair(compared[ref], compared[other], own_too=own_too)
        }
    )
    read = {n for pair in wanted for n in pair}
    texts = signed.texts | _texts(read - set(signed.texts))
    wordings = {number: wording_of(texts[number]) for number in read}
    for a, b in wanted:
        words = overlap(wordings[a], wordings[b])
        found = judging.measure(compared[a].traits, compared[b].traits, words)
        judged = rules.judge(found, compared[a].source_id, compared[b].source_id)
        yield Pair(a, b, found, judged)


def _texts(job_ids: Iterable[int]) -> dict[int, str]:
    rows = Job.objects.filter(pk__in=job_ids)
    return dict(rows.values_list("pk", "description_text"))


def _nearest(signed: Signed, also: Mapping[int, set[int]]) -> dict[int, set[int]]:
    """Return for each posting the jobs whose words are nearest by estimate, A_JOB at most."""
    found = _candidates(signed)
    others = {job for jobs in found.values() for job in jobs} - set(signed.signs)
    rows = LikenessSign.objects.filter(pk__in=others).values_list("pk", "slots")
    signs = signed.signs | {pk: np.frombuffer(slots, np.uint16) for pk, slots in rows}
    near: defaultdict[int, set[int]] = defaultdict(set)
    for ref, jobs in found.items():
        known = [job for job in jobs if job in signs]
        left = np.broadcast_to(signs[ref], (len(known), len(signs[ref])))
        right = np.stack([signs[job] for job in known]) if known else left
        ranked = sorted(zip(estimates(left, right).tolist(), known, strict=True), reverse=True)
        near[ref] = {job for share, job in ranked[:A_JOB] if share >= LEAST_ESTIMATE}
        # too short to be compared by words, or the same by name
        near[ref] |= {job for job in jobs[:A_JOB] if signed.sizes[ref] < FEWEST_WORDS}
    for ref, known_jobs in also.items():
        near[ref] |= known_jobs
    return near


def _candidates(signed: Signed) -> dict[int, list[int]]:
    """Find who shares a key, those that share most first."""
    told = [(ref, key) for ref, keys in signed.keys.items() for key in keys]
    found: defaultdict[int, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        refs, keys = array_of([ref for ref, _ in told]), array_of([key for _, key in told])
        cursor.execute(CANDIDATES, [refs, keys, A_KEY])
        for ref, job, _ in cursor.fetchall():
            found[ref].append(job)
    return found


def look_alikes(postings: Sequence[Posting], company: Company | None) -> dict[int, list[LookAlike]]:
    """Return for the number of each posting (from 0) the jobs it resembles, the likest first.

    The postings are not in the catalogue yet; they are compared with the company's own jobs and
    the public catalogue's, never with other companies'. At most seven queries, however many
    postings.
    """
    day, whose = now().timestamp() / DAY, company.pk if company else None
    compared = {
        -1 - n: Compared(traits_of(one, day=day), whose, None) for n, one in enumerate(postings)
    }
    texts = {-1 - n: one.description_text for n, one in enumerate(postings)}
    found: defaultdict[int, list[Pair]] = defaultdict(list)
    for pair in find_pairs(_signed(compared, texts), {}, own_too=True):
        if pair.judgement.answer is not Answer.DIFFERENT:
            found[-1 - pair.a].append(pair)
    named = {pair.b for pairs in found.values() for pair in pairs}
    jobs = Job.objects.select_related("employer", "source").in_bulk(named)
    return {n: [_look_alike(jobs[p.b], p) for p in _ranked(ps)] for n, ps in found.items()}


def _ranked(pairs: list[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda p: (p.judgement.answer, -p.evidence.jaccard, p.b))


def _look_alike(job: Job, pair: Pair) -> LookAlike:
    judged = pair.judgement
    return LookAlike(job, str(judged.answer), judged.rule, pair.evidence)
