"""Let go of what repeated passes keep for people to look at and to put back, when it is old.

A reprocessing is said forgotten first, so that nobody begins to put back half of it; then its rows
go in batches. What it counted stays on its own row.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now

from ingestion.models import BeforeImage, Difference, Reprocessing
from jobly.runs.actions.progress import Progress

A_STEP = 5000  # rows a transaction


def forget_reprocessings(progress: Progress) -> dict[str, int]:
    """Drop before-images and differences of what ended long ago, in steps; goes on where it broke.

    Returns how many reprocessings and how many rows of each kind.
    """
    progress.tell(step="Forgetting what old reprocessings keep")
    with progress.transaction():
        said = Reprocessing.objects.to_forget().update(forgotten_at=Now())
    gone = Reprocessing.objects.exclude(forgotten_at=None).values("pk")
    images = BeforeImage.objects.filter(processing__reprocessing__in=gone)
    differences = Difference.objects.filter(reprocessing__in=gone)
    return {
        "reprocessings": said,
        "before_images": sum(_dropped(progress, images)),
        "differences": sum(_dropped(progress, differences)),
    }


def _dropped(progress: Progress, rows: QuerySet[Any]) -> Iterator[int]:
    """Delete rows batch by batch; yield how many went in each."""
    while True:
        with progress.transaction():
            some = list(rows.order_by("pk").values_list("pk", flat=True)[:A_STEP])
            rows.model._default_manager.filter(pk__in=some).delete()  # noqa: SLF001 # Django's API
        if not some:
            return
        yield len(some)
        progress.tell(done=progress.position.done + len(some))
