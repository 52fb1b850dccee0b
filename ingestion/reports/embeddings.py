"""Reads over vectors: which are out of date, and which jobs are alike. The search is exact."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import F, Q, QuerySet
from pgvector.django import CosineDistance

from ingestion.models import Job, JobEmbedding
from ingestion.rules.embedding import MODEL
from jobly import ai

MOST_NEIGHBOURS = 200


def outdated() -> QuerySet[Job]:
    """Return jobs without a vector, with one of another model, or changed since theirs was made."""
    outside = settings.EMBEDDING_MODEL if ai.configured_server() else ""
    may_leave = Q(company=None) | Q(company__outside_model=True)
    wrong = ~Q(embedding__model=MODEL)
    if outside:
        wrong = (may_leave & ~Q(embedding__model=outside)) | (~may_leave & wrong)
    return Job.objects.filter(wrong | Q(embedding__at__lt=F("updated_at")))


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another job, and how alike its text is: the cosine, 1 = the same."""

    job_id: int
    cosine: float


def nearest(job_id: int, among: QuerySet[Job], limit: int = 20) -> list[Neighbour]:
    """Return the jobs of a choice that are most like a job, the nearest first; none without vector.

    Compares with every one of the choice: to be narrowed before, by company, place or time.
    """
    own = JobEmbedding.objects.filter(pk=job_id).first()
    if own is None:
        return []
    rows = JobEmbedding.objects.by(own.model, own.dimensions).exclude(pk=job_id)
    rows = rows.filter(job__in=among.values("pk"))
    found = rows.annotate(away=CosineDistance("vector", own.vector)).order_by("away", "pk")
    pairs = found.values_list("pk", "away")[: min(limit, MOST_NEIGHBOURS)]
    return [Neighbour(pk, 1 - away) for pk, away in pairs]


def cosines(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """Return how alike the texts of pairs of jobs are; without those that cannot be compared."""
    wanted = list(pairs)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.job_id, b.job_id, 1 - (a.vector <=> b.vector)"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS p(one, other)"
            " JOIN ingestion_jobembedding AS a ON a.job_id = p.one"
            " JOIN ingestion_jobembedding AS b ON b.job_id = p.other"
            " AND b.model = a.model AND b.dimensions = a.dimensions",
            [[one for one, _ in wanted], [other for _, other in wanted]],
        )
        return {(one, other): float(cosine) for one, other, cosine in cursor.fetchall()}
