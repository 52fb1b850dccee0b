"""What lies in storage, by kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, Sum

from .models import Artifact


@dataclass(frozen=True, slots=True)
class Usage:
    """One kind of artifact: what is kept, since when, and what is past its time."""

    kind: str
    files: int
    bytes: int
    keep_days: int | None
    oldest: datetime | None
    due_files: int
    due_bytes: int
    discarded: int


def usage(keep_days: Mapping[str, int | None]) -> list[Usage]:
    """Sum up every kind there is, by name; two queries."""
    due = {
        row["kind"]: row
        for row in Artifact.objects.expired(keep_days)
        .values("kind")
        .annotate(files=Count("pk"), bytes=Sum("size"))
    }
    kept = Q(deleted_at=None)
    rows = (
        Artifact.objects.values("kind")
        .annotate(
            files=Count("pk", filter=kept),
            bytes=Sum("size", filter=kept, default=0),
            oldest=Min("created_at", filter=kept),
            discarded=Count("pk", filter=~kept),
        )
        .order_by("kind")
    )
    nothing = {"files": 0, "bytes": 0}
    return [
        Usage(
            kind=row["kind"],
            files=row["files"],
            bytes=row["bytes"],
            keep_days=keep_days.get(row["kind"]),
            oldest=row["oldest"],
            due_files=due.get(row["kind"], nothing)["files"],
            due_bytes=due.get(row["kind"], nothing)["bytes"],
            discarded=row["discarded"],
        )
        for row in rows
    ]
