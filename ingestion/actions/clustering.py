"""Keep clusters as the pairs say: which jobs are one, and which of them listings show."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from ingestion.models import Cluster, Job, Likeness
from ingestion.rules.likeness.grouping import PERSON, Copy, Edge, group, hidden, shown
from ingestion.rules.likeness.parties import is_first_party
from jobly.runs.actions import transaction
from jobly.runs.actions.progress import Progress

CLUSTER_LOCK = 0x10B2  # advisory lock: one writer of clusters at a time
MOST = 5_000  # jobs settled together; a chain longer than this is no job


def lock_clusters() -> None:
    """Wait for one's turn to write pairs and clusters; ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [CLUSTER_LOCK])


def settle(job_ids: Iterable[int]) -> int:
    """Make the clusters around these jobs what their pairs say; return how many jobs changed.

    In the caller's transaction, behind `lock_clusters`. Twice changes nothing.
    """
    around = _around(set(job_ids))
    if not around:
        return 0
    edges = Likeness.objects.filter(job_a__in=around, job_b__in=around)
    groups = group(_edges(edges), _apart(edges))
    copies = _copies({job for members in groups for job in members})
    wanted: dict[int, tuple[int, bool]] = {}
    current: dict[int, int | None] = dict(
        Job.objects.filter(pk__in=around).values_list("pk", "cluster_id")
    )
    taken: set[int] = set()
    for members in groups:
        cluster = _cluster_for(members, current, taken, [copies[job] for job in members])
        away = hidden([copies[job] for job in members], cluster.canonical_id)
        wanted |= {job: (cluster.pk, job in away) for job in members}
    changed = _write(around, wanted)
    Cluster.objects.filter(pk__in={c for c in current.values() if c} - taken).delete()
    return changed


def _around(job_ids: set[int]) -> set[int]:
    """Return the jobs that pairs or clusters connect with these, directly or by others."""
    found, edge = set(job_ids), set(job_ids)
    same = Q(said="same") | Q(said="", answer="same")
    while edge and len(found) < MOST:
        pairs = Likeness.objects.filter(same, Q(job_a__in=edge) | Q(job_b__in=edge))
        reached = {job for pair in pairs.values_list("job_a", "job_b") for job in pair}
        clusters = Job.objects.filter(pk__in=edge, cluster__isnull=False).values("cluster")
        reached |= set(Job.objects.filter(cluster__in=clusters).values_list("pk", flat=True))
        edge = reached - found
        found |= edge
    return found


def _edges(pairs: Any) -> list[Edge]:
    """Return the pairs that are the same, a person's word before the rule's."""
    rows = pairs.filter(Q(said="same") | Q(said="", answer="same"))
    return [
        Edge(a, b, PERSON if said else rule, jaccard)
        for a, b, said, rule, jaccard in rows.values_list(
            "job_a", "job_b", "said", "rule", "jaccard"
        )
    ]


def _apart(pairs: Any) -> list[tuple[int, int]]:
    """Return the pairs that a person set apart."""
    return list(pairs.filter(said="different").values_list("job_a", "job_b"))


def _copies(job_ids: set[int]) -> dict[int, Copy]:
    """Read what decides which job of a cluster is shown."""
    rows = Job.objects.filter(pk__in=job_ids).values(
        "pk", "status", "company_id", "on_board", "apply_url", "url", "first_seen_at",
        name=F("employer__name"), domain=F("employer__domain"), hires=F("employer__is_agency"),
    )  # fmt: skip
    return {row["pk"]: _copy(row) for row in rows}


def _copy(row: Mapping[str, Any]) -> Copy:
    link = row["apply_url"] or row["url"]
    is_own = row["company_id"] is not None
    return Copy(
        job=row["pk"],
        is_open=row["status"] == Job.Status.LIVE,
        is_public=not is_own or row["on_board"],
        is_own=is_own,
        is_first_party=is_first_party(link, row["name"], row["domain"]),
        is_agency=row["hires"],
        has_link=bool(link),
        seen=row["first_seen_at"].timestamp(),
    )


def _cluster_for(
    members: frozenset[int], current: dict[int, int | None], taken: set[int], copies: list[Copy]
) -> Cluster:
    """Return the cluster most members are in already, else a new one, with its canonical job."""
    canonical = shown(copies)
    counts: defaultdict[int, int] = defaultdict(int)
    for job in members:
        if (number := current.get(job)) and number not in taken:
            counts[number] += 1
    if not counts:
        cluster = Cluster.objects.create(canonical_id=canonical)
    else:
        cluster = Cluster.objects.get(pk=min(counts, key=lambda n: (-counts[n], n)))
    if cluster.canonical_id != canonical:
        Cluster.objects.filter(pk=cluster.pk).update(canonical=canonical, updated_at=Now())
        cluster.canonical_id = canonical
    taken.add(cluster.pk)
    return cluster


def _write(around: set[int], wanted: dict[int, tuple[int, bool]]) -> int:
    """Write cluster and visibility of the jobs where they differ from what is wanted."""
    rows = Job.objects.filter(pk__in=around).values_list("pk", "cluster_id", "is_copy")
    by_state: defaultdict[tuple[int | None, bool], list[int]] = defaultdict(list)
    for job, cluster, is_copy in rows:
        state = wanted.get(job, (None, False))
        if (cluster, is_copy) != state:
            by_state[state].append(job)
    for (number, away), jobs in by_state.items():
        Job.objects.filter(pk__in=jobs).update(cluster=number, is_copy=away, updated_at=Now())
    return sum(len(jobs) for jobs in by_state.values())


def settle_stale(progress: Progress) -> dict[str, Any]:
    """Settle clusters whose shown job has closed or left the board while another is open."""
    open_copy = Job.objects.filter(cluster=OuterRef("pk"), is_copy=True, status=Job.Status.LIVE)
    private = Q(canonical__company__isnull=False, canonical__on_board=False)
    stale = Cluster.objects.filter(private | ~Q(canonical__status=Job.Status.LIVE))
    told = {"clusters": 0, "changed": 0}
    with progress.transaction():
        lock_clusters()
        jobs = list(stale.filter(Exists(open_copy)).values_list("canonical", flat=True)[:MOST])
        told["clusters"], told["changed"] = len(jobs), settle(jobs)
    return told


@transaction
def settle_job(job_id: int) -> int:
    """Settle the cluster of one job that closed or changed boards; return how many jobs changed."""
    lock_clusters()
    return settle([job_id])
