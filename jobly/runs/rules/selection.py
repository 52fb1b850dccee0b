"""Which runs somebody means: the filters of the list, as values that a later run can repeat."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import UUID

from .words import WORK

LATE = timedelta(minutes=1)  # a due run that waits longer is late
STANDINGS = {
    "late": "Due and not begun for over a minute",
    "later": "Due later",
    "paused": "In a paused queue",
    "again": "Waiting for another try",
    "crashed": "Took a worker down",
    "asked": "Asked to stop",
}
SPANS = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(days=1)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}
UNFINISHED = "unfinished"  # a status for two: queued and running
NOT = "-"  # before a kind: all others


@dataclass(frozen=True, slots=True)
class Selection:
    """What the list of runs is narrowed to; an empty field narrows nothing.

    `company`: id or slug. `since`: a span of `SPANS` or a time of ISO 8601. `kind`: a name, or `-`
    and a name for all others. `q`: a run's number, or words of its kind or error.
    """

    status: str = ""
    kind: str = ""
    queue: str = ""
    company: str = ""
    error_code: str = ""
    standing: str = ""
    since: str = ""
    q: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Take the known names out of a query; a selection written down comes back whole."""
        return cls(**{name: str(given[name]) for name in names() if given.get(name)})

    def to_dict(self) -> dict[str, str]:
        """Return the fields in force."""
        return {name: value for name, value in asdict(self).items() if value}

    def starting(self, now: datetime) -> datetime | None:
        """Return the time that `since` names, UTC where it says no zone, or None if it is none."""
        if self.since in SPANS:
            return now - SPANS[self.since][1]
        try:
            start = datetime.fromisoformat(self.since)
        except ValueError:
            return None
        return start if start.tzinfo else start.replace(tzinfo=UTC)

    def fixed(self, now: datetime) -> Self:
        """Return the same selection that means the same runs however late it is read."""
        start = self.starting(now)
        return replace(self, since=start.isoformat() if start else "")

    @property
    def number(self) -> UUID | None:
        """The run's number that `q` is, if it is one."""
        try:
            return UUID(self.q.strip())
        except ValueError:
            return None

    def kinds_called(self) -> list[str]:
        """Return the kinds whose name in people's words holds `q`."""
        words = self.q.strip().casefold()
        return [kind for kind, name in WORK.items() if words and words in name.casefold()]


def names() -> list[str]:
    """Return what a selection can be narrowed by."""
    return [field.name for field in fields(Selection)]
