"""Compare jobs that are new or changed with the catalogue, and judge pairs again by new rules."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from ingestion.models import Job, Likeness, LikenessKey, LikenessSign
from ingestion.reports.likeness import Pair, Rules, Signed, find_pairs, sign_jobs
from ingestion.reports.pairs import MEASURED, evidence_of
from ingestion.rules.likeness import judging
from ingestion.rules.likeness.judging import Answer
from ingestion.rules.literals import array_of
from jobly.runs.actions.progress import Progress

from .clustering import lock_clusters, settle
from .copying import copy_rows

BATCH = 250  # jobs a transaction
PAIRS = 500  # judged again in a transaction
TIDIED = 1_000  # jobs whose keys are dropped in a transaction
KEPT_A_JOB = 8  # pairs kept of a job beyond those that are the same
WRITTEN = (*MEASURED, "answer", "rule", "version", "is_spot_check")
_measured, _stored = attrgetter(*MEASURED), attrgetter(*WRITTEN)
SPOT_CHECK = 25  # of so many merged pairs one is shown to a person


def compare_jobs(progress: Progress, job_ids: Sequence[int]) -> dict[str, Any]:
    """Find what each job is a copy of, keep the pairs, and settle their clusters.

    Idempotent: the same jobs again change nothing. What a person said of a pair stays.
    """
    wanted = sorted(set(job_ids))
    told = {"jobs": len(wanted), "pairs": 0, "changed": 0}
    progress.tell(step="Comparing with the catalogue", total=len(wanted))
    for start in range(0, len(wanted), BATCH):
        with progress.transaction():
            lock_clusters()
            touched, kept = _compare(wanted[start : start + BATCH])
            told["pairs"] += kept
            told["changed"] += settle(touched)
        progress.tell(done=min(start + BATCH, len(wanted)))
    return told


def _compare(job_ids: list[int]) -> tuple[set[int], int]:
    """Write signs, keys and pairs of some jobs; return the jobs whose cluster may change."""
    signed = sign_jobs(job_ids)
    _write_signs(signed)
    known = _known_pairs(job_ids)
    also: defaultdict[int, set[int]] = defaultdict(set)
    for a, b in known:
        ref, other = (a, b) if a in signed.compared else (b, a)
        if ref in signed.compared:
            also[ref].add(other)
    pairs = _bounded(find_pairs(signed, also), set(known))
    gone = {pair for pair, row in known.items() if pair not in pairs and not row.said}
    _write_pairs(pairs, known)
    Likeness.objects.filter(pk__in=[known[pair].pk for pair in gone]).delete()
    touched = {n for pair in (*pairs, *gone) for n in pair}
    closed = set(job_ids) - set(signed.compared)
    return touched | closed | _clustered(job_ids), len(pairs)


def _clustered(job_ids: list[int]) -> set[int]:
    rows = Job.objects.filter(pk__in=job_ids, cluster__isnull=False)
    return set(rows.values_list("pk", flat=True))


def _known_pairs(job_ids: list[int]) -> dict[tuple[int, int], Likeness]:
    rows = Likeness.objects.filter(Q(job_a__in=job_ids) | Q(job_b__in=job_ids))
    return {(row.job_a_id, row.job_b_id): row for row in rows}


def _bounded(pairs: Any, known: set[tuple[int, int]]) -> dict[tuple[int, int], Pair]:
    """Keep all pairs that are the same, and of each job the nearest of the others."""
    found: dict[tuple[int, int], Pair] = {}
    kept: defaultdict[int, int] = defaultdict(int)
    for pair in sorted(pairs, key=lambda p: (-p.evidence.jaccard, p.a, p.b)):
        answer = pair.judgement.answer
        if not judging.is_worth_keeping(pair.evidence, answer):
            continue
        is_full = max(kept[pair.a], kept[pair.b]) >= KEPT_A_JOB
        if answer is not Answer.SAME and is_full and (pair.a, pair.b) not in known:
            continue
        if answer is not Answer.SAME:
            kept[pair.a] += 1
            kept[pair.b] += 1
        found[pair.a, pair.b] = pair
    return found


def _write_signs(signed: Signed) -> None:
    """Store what the jobs are found by, where it is not what is stored."""
    before = {row.pk: row for row in LikenessSign.objects.filter(pk__in=signed.compared)}
    fresh = [
        LikenessSign(
            job_id=job,
            slots=signed.signs[job].tobytes(),
            words=signed.sizes[job],
            keys=signed.keys[job],
            version=judging.VERSION,
        )
        for job in signed.compared
        if job not in before or _is_stale(before[job], signed)
    ]
    LikenessSign.objects.bulk_create(
        fresh,
        update_conflicts=True,
        unique_fields=["job"],
        update_fields=["slots", "words", "keys", "version"],
    )
    _drop_keys([before[row.job_id] for row in fresh if row.job_id in before])
    keys = ((key, row.job_id) for row in fresh for key in row.keys)
    copy_rows(LikenessKey, ("key", "job_id"), keys)


def _is_stale(row: LikenessSign, signed: Signed) -> bool:
    """Whether a stored sign is not what the job's words give now."""
    is_same = bytes(row.slots) == signed.signs[row.pk].tobytes()
    return not is_same or row.keys != signed.keys[row.pk]


def _drop_keys(rows: list[LikenessSign]) -> None:
    """Delete the keys of these signs, found by key and job."""
    told = [(key, row.pk) for row in rows for key in row.keys]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ingestion_likenesskey AS k"
            " USING unnest(%s::bigint[], %s::bigint[]) AS old(key, job_id)"
            " WHERE k.key = old.key AND k.job_id = old.job_id",
            [array_of([key for key, _ in told]), array_of([job for _, job in told])],
        )


def _write_pairs(
    pairs: dict[tuple[int, int], Pair], known: dict[tuple[int, int], Likeness]
) -> None:
    """Add new pairs and change those whose measure or answer changed."""
    added, changed = [], []
    for (a, b), pair in pairs.items():
        values = _written(pair)
        row = known.get((a, b))
        if row is None:
            added.append((a, b, "", *values))
        elif _stored(row) != values:
            for name, value in zip(WRITTEN, values, strict=True):
                setattr(row, name, value)
            changed.append(row)
    copy_rows(Likeness, ("job_a_id", "job_b_id", "said", *WRITTEN), added)
    Likeness.objects.bulk_update(changed, WRITTEN, batch_size=200)
    Likeness.objects.filter(pk__in=[row.pk for row in changed]).update(updated_at=Now())


def _written(pair: Pair) -> tuple[Any, ...]:
    """Return what is kept of a pair, by WRITTEN."""
    judged = pair.judgement
    answer = (str(judged.answer), judged.rule, judging.VERSION, _is_drawn(pair))
    return (*_measured(pair.evidence), *answer)


def _is_drawn(pair: Pair) -> bool:
    """Draw one of many merged pairs for a spot check, by its numbers, always the same."""
    if pair.judgement.answer is not Answer.SAME or pair.judgement.rule == "exact":
        return False
    drawn = blake2b(f"{pair.a}:{pair.b}".encode(), digest_size=4).digest()
    return int.from_bytes(drawn, "big") % SPOT_CHECK == 0


def judge_again(progress: Progress) -> dict[str, Any]:
    """Judge every kept pair by the rules in force, and settle the clusters of those that change.

    Reads no texts: all that was measured is kept.
    """
    told = {"pairs": 0, "changed": 0, "jobs": 0}
    progress.tell(step="Judging pairs again", total=Likeness.objects.count())
    rules, last = Rules(), 0
    while True:
        with progress.transaction():
            lock_clusters()
            rows = Likeness.objects.filter(pk__gt=last).select_related("job_a", "job_b")
            rows = rows.defer("job_a__description_html", "job_a__description_text")
            rows = rows.defer("job_b__description_html", "job_b__description_text")
            batch = list(rows.order_by("pk")[:PAIRS])
            if not batch:
                return told
            changed = _judge(batch, rules)
            told["jobs"] += settle({n for r in changed for n in (r.job_a_id, r.job_b_id)})
        last = batch[-1].pk
        told["pairs"] += len(batch)
        told["changed"] += len(changed)
        progress.tell(done=told["pairs"])


def _judge(batch: list[Likeness], rules: Rules) -> list[Likeness]:
    """Write the answers that changed; return those pairs."""
    changed = []
    for row in batch:
        judged = rules.judge(evidence_of(row), row.job_a.source_id, row.job_b.source_id)
        if (row.answer, row.rule) != (str(judged.answer), judged.rule):
            row.answer, row.rule = str(judged.answer), judged.rule
            changed.append(row)
    Likeness.objects.bulk_update(changed, ["answer", "rule"], batch_size=PAIRS)
    return changed


def tidy_likeness(progress: Progress) -> dict[str, Any]:
    """Drop the keys of jobs that no new one is compared with any more, by their age.

    A company's own jobs keep theirs while they are open: a file is compared with them.
    """
    kept = Q(job__company__isnull=False, job__status__in=[Job.Status.LIVE, Job.Status.DRAFT])
    old = Now() - timedelta(days=judging.KEPT_DAYS)
    told = {"jobs": 0}
    while True:
        with progress.transaction():
            rows = LikenessSign.objects.filter(~kept, job__first_seen_at__lt=old)
            batch = list(rows.exclude(keys=[]).order_by("pk")[:TIDIED])
            _drop_keys(batch)
            LikenessSign.objects.filter(pk__in=[row.pk for row in batch]).update(keys=[])
        told["jobs"] += len(batch)
        if len(batch) < TIDIED:
            return told
