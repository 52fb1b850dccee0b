"""Note what counters said: one row a reading, and the columns that lists show."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

from django.db.models.functions import Now

from distribution.models import Distribution, Reading
from distribution.rules import readings as rules
from jobly.runs.actions.claims import clock

COLUMNS = {"views": "views_count", "clicks": "clicks_count", "applications": "applications_count"}


class Counters(TypedDict, total=False):
    """Counters as they stand; what is left out or None was not told."""

    views: int | None
    clicks: int | None
    applications: int | None


def note(row: Distribution, counters: Counters, *, source: str, at: datetime | None = None) -> bool:
    """Write a reading down; whether it is news that the columns took over.

    The caller holds the row's lock. A reading older than one of its source is kept beside it, and
    one that was noted before is not noted again; both leave the columns alone.
    """
    told = {name: value for name, value in _each(counters) if value is not None}
    if not told:
        return False
    now = clock()
    moment = min(at or now, now)  # a board whose clock runs ahead must not shut out its next word
    known = row.readings.filter(source=source)
    if at is not None and known.filter(at=moment, **told).exists():
        return False
    newest = known.filter(late=False).newest_first().first()
    late = newest is not None and newest.at > moment
    before = {name: getattr(newest, name) for name in told} if newest and not late else {}
    Reading.objects.create(
        distribution=row,
        source=source,
        at=moment,
        late=late,
        fell=rules.fell(before, told),
        **told,
    )
    if late:
        return False
    columns = {COLUMNS[name]: value for name, value in told.items()}
    Distribution.objects.filter(pk=row.pk).update(updated_at=Now(), **columns)
    row.refresh_from_db(fields=["updated_at", *columns])
    return True


def _each(counters: Counters) -> list[tuple[str, int | None]]:
    found: Mapping[str, int | None] = counters  # type: ignore[assignment] # by these names only
    return [(name, found.get(name)) for name in COLUMNS]
