"""Signs of life: that a worker or the clock is there, by the database's time."""

from datetime import timedelta

from django.db.models.functions import Now

from jobly.runs.models import SignOfLife

KEPT = timedelta(days=1)  # of somebody who will not come back under the same name


def show_life(name: str, *, every: timedelta, queues: tuple[str, ...] = ()) -> None:
    """Leave a sign of life that says when to expect the next one; what is old is removed."""
    sign = SignOfLife(name=name, seen_at=Now(), every=every, queues=list(queues))
    SignOfLife.objects.bulk_create(
        [sign],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["seen_at", "every", "queues"],
    )


def take_leave(name: str) -> None:
    """Say that somebody who ends is not to be expected any more."""
    SignOfLife.objects.filter(pk=name).delete()


def forget_the_gone() -> None:
    """Remove the signs of those that were not seen for a day."""
    SignOfLife.objects.filter(seen_at__lt=Now() - KEPT).delete()
