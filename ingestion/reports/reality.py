"""Facts about a posting that tell how real it is: never a verdict, only what we saw ourselves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from ingestion.models import Job

MOST = 200  # postings of the same content that are looked at


@dataclass(frozen=True, slots=True)
class Reality:
    """When we first saw a job under any number, how often it came anew, where else it stands.

    `reposts` counts earlier postings of the same words by the same source, `copies` those of other
    sources; `verified_at` is when it was surely there, and `how` who told.
    """

    first_seen_at: datetime
    reposts: int
    copies: int
    verified_at: datetime
    how: str

    def age(self, now: datetime) -> timedelta:
        """Return how old it is by our own first sight, which no re-sync makes younger."""
        return now - self.first_seen_at


def reality(job: Job) -> Reality:
    """Gather the facts about a job, whose liveness is loaded, in one query."""
    same = Q(content_key=job.content_key)
    if job.cluster_id is not None:
        same |= Q(cluster=job.cluster_id)
    rows = Job.objects.filter(same, company=job.company_id).exclude(pk=job.pk)
    others = list(
        rows.values_list("source_id", "first_seen_at", "content_key", "cluster_id")[:MOST]
    )
    reposts = sum(
        source == job.source_id and content == job.content_key and seen < job.first_seen_at
        for source, seen, content, _ in others
    )
    copies = sum(
        source != job.source_id and cluster == job.cluster_id
        for source, _, _, cluster in others
        if job.cluster_id is not None
    )
    checked = job.liveness.verified_at if hasattr(job, "liveness") else None
    by_us = checked is not None and checked > job.last_seen_at
    return Reality(
        first_seen_at=min([job.first_seen_at, *(seen for _, seen, _, _ in others)]),
        reposts=reposts,
        copies=copies,
        verified_at=checked if by_us and checked else job.last_seen_at,
        how="checked" if by_us else "listed",
    )
