"""What a repeated pass would change, or has changed, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Sum

from ingestion.models import BeforeImage, Difference, Processing, Reprocessing

SHOWN = 25  # differences a page
BOOKS = ("raw", "processed", "failed", "loaded", "updated", "duplicates")
FIELDS = """
SELECT name, count(*) FROM ingestion_difference, unnest(names) AS name
WHERE reprocessing_id = %s AND verdict = 'updated' GROUP BY name ORDER BY count(*) DESC, name
"""
# jobs that say the same to the word are one cluster; who joins or leaves one is counted, by the
# key that stands for title, employer, place and text
CLUSTERS = """
WITH moved AS (
    SELECT d.job_id, d.old->>'content_key' AS was, d.new->>'content_key' AS is_now, j.company_id
    FROM ingestion_difference AS d JOIN ingestion_job AS j ON j.id = d.job_id
    WHERE d.reprocessing_id = %s AND d.verdict = 'updated' AND d.new ? 'content_key'
)
SELECT count(*) FILTER (WHERE EXISTS (
        SELECT 1 FROM ingestion_job AS o WHERE o.company_id IS NOT DISTINCT FROM m.company_id
            AND o.content_key = m.is_now AND o.id <> m.job_id
    ) OR EXISTS (
        SELECT 1 FROM moved AS o WHERE o.is_now = m.is_now AND o.was <> m.was
    )),
    count(*) FILTER (WHERE EXISTS (
        SELECT 1 FROM ingestion_job AS o WHERE o.company_id IS NOT DISTINCT FROM m.company_id
            AND o.content_key = m.was AND o.id <> m.job_id
            AND NOT EXISTS (
                SELECT 1 FROM moved AS n WHERE n.job_id = o.id AND n.is_now = m.is_now)
    ))
FROM moved AS m
"""


def summary(row: Reprocessing) -> dict[str, Any]:
    """Return what a shadow found: `fields` with the number of jobs, and `consequences`.

    `told` jobs are new to everybody and told of as such; `silent` ones were told of before, so
    promoting tells nobody again.
    """
    verdicts = dict(row.differences.order_by().values_list("verdict").annotate(count=Count("pk")))
    with connection.cursor() as cursor:
        cursor.execute(FIELDS, [row.pk])
        fields = dict(cursor.fetchall())
        cursor.execute(CLUSTERS, [row.pk])
        merge, split = cursor.fetchone()
    kinds = Difference.Verdict
    consequences = {
        "jobs": {kind.value: verdicts.get(kind.value, 0) for kind in kinds},
        "clusters": {"merge": merge, "split": split},
        "alerts": {
            "told": verdicts.get(kinds.NEW.value, 0),
            "silent": verdicts.get(kinds.UPDATED.value, 0),
        },
        "passes": {
            "all": row.passes.count(),
            "failed": row.passes.filter(status=Processing.Status.FAILED).count(),
        },
    }
    return {"fields": fields, "consequences": consequences}


def counts_of(row: Reprocessing) -> dict[str, Any]:
    """Return the sums of a reprocessing's passes."""
    sums = row.passes.aggregate(**{name: Sum(name, default=0) for name in BOOKS})
    return {"collections": row.passes.count(), **sums}


def found(row: Reprocessing) -> dict[str, Any]:
    """Return what the command and the API say of a shadow (INTERFACE.md §2)."""
    jobs = row.consequences.get("jobs", {})
    return {
        "processing": str(row.pk),
        "status": row.status,
        "changed": jobs.get("updated", 0),
        "fields": row.fields,
        "consequences": row.consequences,
    }


@dataclass(frozen=True, slots=True)
class Page:
    """One page of differences: each with its fields as name, old, new."""

    rows: list[tuple[Difference, list[tuple[str, Any, Any]]]]
    number: int
    has_more: bool


def differences(row: Reprocessing, asked: Mapping[str, Any]) -> Page:
    """Return a page of what a shadow would change, narrowed to a verdict and a field."""
    rows = row.differences.order_by("pk")
    if asked.get("verdict"):
        rows = rows.filter(verdict=asked["verdict"])
    if asked.get("field"):
        rows = rows.filter(names__contains=[asked["field"]])
    number = asked.get("page") or 1
    found = list(rows[(number - 1) * SHOWN : number * SHOWN + 1])
    only = asked.get("field")
    shown = [
        (one, [(n, one.old.get(n), one.new.get(n)) for n in one.names if not only or n == only])
        for one in found[:SHOWN]
    ]
    return Page(shown, number, len(found) > SHOWN)


def to_forget() -> dict[str, int]:
    """Count what the next forgetting would drop."""
    rows = Reprocessing.objects.to_forget().values("pk")
    return {
        "reprocessings": rows.count(),
        "before_images": BeforeImage.objects.filter(processing__reprocessing__in=rows).count(),
        "differences": Difference.objects.filter(reprocessing__in=rows).count(),
    }


def has_before_images(row: Reprocessing) -> bool:
    """Whether there is anything to put back."""
    return BeforeImage.objects.filter(processing__reprocessing=row).exists()
