"""Figures of sources by day and week: counted from rows once, then read from what was counted."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from ingestion.models import SourceDay
from ingestion.rules.operations import FIELDS, SAMPLED_PASSES, SAMPLED_ROWS, Change, change, share

WEEK = timedelta(days=7)
SUMS = (
    "calls", "fetches", "failed_fetches", "collections", "quarantined", "milliseconds", "passes",
    "failed_passes", "seconds", "raw", "processed", "failed", "warnings", "loaded", "updated",
    "duplicates", "sampled",
)  # fmt: skip
# each gives (source, …) of one day, which is %(day)s in UTC
_WITHIN = "{0} >= %(day)s::timestamptz AND {0} < %(day)s::timestamptz + interval '1 day'"
FETCHES = f"""
    SELECT source_id, sum(calls), count(*), count(*) FILTER (WHERE status = 'failed')
    FROM ingestion_fetch WHERE {_WITHIN.format("started_at")} GROUP BY source_id
"""  # noqa: S608 # constants
COLLECTIONS = f"""
    SELECT source_id, count(*), count(*) FILTER (WHERE status = 'quarantined'), sum(milliseconds)
    FROM ingestion_rawcollection WHERE {_WITHIN.format("collected_at")} GROUP BY source_id
"""  # noqa: S608 # constants
_PASSES = f"""
    SELECT p.*, c.source_id FROM ingestion_processing AS p
    JOIN ingestion_rawcollection AS c ON c.id = p.collection_id
    WHERE p.counts AND p.superseded_by_id IS NULL AND {_WITHIN.format("p.started_at")}
"""  # noqa: S608 # constants
PASSES = f"""
    SELECT source_id, count(*), count(*) FILTER (WHERE status = 'failed'),
        coalesce(sum(extract(epoch FROM processed_at - started_at)), 0)::float8,
        sum(raw), sum(processed), sum(failed), sum(warnings), sum(loaded), sum(updated),
        sum(duplicates)
    FROM ({_PASSES}) AS passes GROUP BY source_id
"""  # noqa: S608 # constants
_HAS = "count(*) FILTER (WHERE coalesce(i.data ->> '{0}', '') NOT IN ('', '[]'))"
FILLED = f"""
    SELECT latest.source_id, count(*), {", ".join(_HAS.format(name) for name in FIELDS)}
    FROM (
        SELECT id, source_id, row_number() OVER (PARTITION BY source_id ORDER BY id DESC) AS nth
        FROM ({_PASSES}) AS passes
    ) AS latest
    CROSS JOIN LATERAL (
        SELECT data FROM ingestion_processedjob
        WHERE processing_id = latest.id AND status <> 'failed' AND data IS NOT NULL
        ORDER BY row LIMIT {SAMPLED_ROWS}
    ) AS i
    WHERE latest.nth <= {SAMPLED_PASSES} GROUP BY latest.source_id
"""  # noqa: S608 # constants
REASONS = f"""
    SELECT passes.source_id, 'rows', i.error_code, count(*) FROM ({_PASSES}) AS passes
    JOIN ingestion_processedjob AS i ON i.processing_id = passes.id AND i.status = 'failed'
    GROUP BY 1, 3
    UNION ALL
    SELECT source_id, 'collections', error_code, count(*) FROM ingestion_rawcollection
    WHERE status = 'quarantined' AND {_WITHIN.format("collected_at")} GROUP BY 1, 3
    UNION ALL
    SELECT source_id, 'fetches', reason_code, count(*) FROM ingestion_fetch
    WHERE status IN ('failed', 'partial') AND {_WITHIN.format("started_at")} GROUP BY 1, 3
"""  # noqa: S608 # constants
_NAMES = {
    FETCHES: ("calls", "fetches", "failed_fetches"),
    COLLECTIONS: ("collections", "quarantined", "milliseconds"),
    PASSES: (
        "passes", "failed_passes", "seconds", "raw", "processed", "failed", "warnings", "loaded",
        "updated", "duplicates",
    ),
}  # fmt: skip


def counted(day: date) -> list[SourceDay]:
    """Count the figures of one day from the rows themselves, of each source that had any."""
    found: dict[UUID, SourceDay] = {}

    def of(source: UUID) -> SourceDay:
        return found.setdefault(source, SourceDay(source_id=source, day=day, filled={}, reasons={}))

    for statement, names in _NAMES.items():
        for source, *values in _rows(statement, day):
            for name, value in zip(names, values, strict=True):
                setattr(of(source), name, value or 0)
    for source, sampled, *values in _rows(FILLED, day):
        of(source).sampled = sampled
        of(source).filled = dict(zip(FIELDS, values, strict=True))
    for source, what, code, count in _rows(REASONS, day):
        of(source).reasons.setdefault(what, {})[code] = count
    return list(found.values())


def _rows(statement: str, day: date) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"day": f"{day.isoformat()} 00:00+00"})
        yield from cursor.fetchall()


@dataclass
class Totals:
    """The figures of some days together."""

    sums: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    hours: float = 0.0
    latest: int | None = None  # the row of one of the days, to lead there

    def add(self, day: SourceDay) -> None:
        """Add one day."""
        self.latest = day.pk
        self.sums.update({name: getattr(day, name) for name in SUMS})
        self.filled.update(day.filled)
        for what, codes in day.reasons.items():
            self.reasons.update({(what, code): count for code, count in codes.items()})

    @property
    def calls_an_hour(self) -> float:
        """How many calls there were an hour, on average."""
        return self._an_hour(self.sums["calls"])

    @property
    def rows_an_hour(self) -> float:
        """How many rows were read an hour, on average."""
        return self._an_hour(self.sums["raw"])

    @property
    def loaded_an_hour(self) -> float:
        """How many rows made or changed a job an hour, on average."""
        return self._an_hour(self.sums["loaded"] + self.sums["updated"])

    def _an_hour(self, count: float) -> float:
        return count / self.hours if self.hours else 0.0

    @property
    def duplicate_share(self) -> float:
        """How many of the rows read said nothing new, in per cent."""
        return share(self.sums["duplicates"], self.sums["processed"])

    @property
    def invalid_share(self) -> float:
        """How many rows failed validation, in per cent."""
        return share(self.sums["failed"], self.sums["raw"])

    @property
    def answer_ms(self) -> float:
        """How long one answer of the source took, on average."""
        return (
            self.sums["milliseconds"] / self.sums["collections"] if self.sums["collections"] else 0
        )

    @property
    def row_ms(self) -> float:
        """How long the reading of one row took, on average."""
        return 1000 * self.sums["seconds"] / self.sums["raw"] if self.sums["raw"] else 0


@dataclass(frozen=True, slots=True)
class Weeks:
    """The last seven days and the seven before, and what differs between them."""

    now: Totals
    before: Totals

    @property
    def fields(self) -> list[tuple[str, Change]]:
        """How many items have each field, this week and the last."""
        return [
            (
                name.replace("_text", "").replace("_", " "),
                change(
                    (self.now.filled[name], self.now.sums["sampled"]),
                    (self.before.filled[name], self.before.sums["sampled"]),
                ),
            )
            for name in FIELDS
        ]

    @property
    def shares(self) -> list[tuple[str, Change]]:
        """The shares of rows that fail and that are known, this week and the last."""
        pairs = (
            ("rows failing validation", "failed", "raw"),
            ("rows that say nothing new", "duplicates", "processed"),
        )
        return [
            (words, change(*((t.sums[part], t.sums[whole]) for t in (self.now, self.before))))
            for words, part, whole in pairs
        ]

    @property
    def drifts(self) -> list[tuple[str, Change]]:
        """What changed by more than chance."""
        return [(name, one) for name, one in (*self.fields, *self.shares) if one.is_drift]


def weeks(sources: Iterable[UUID] | None, today: date) -> dict[UUID | None, Weeks]:
    """Return the last two weeks of these sources (None = of all), and under None their sums."""
    rows = SourceDay.objects.filter(day__gt=today - 2 * WEEK, day__lte=today)
    if sources is not None:
        rows = rows.filter(source__in=list(sources))
    found: dict[UUID | None, Weeks] = {None: _empty()}
    for row in rows:
        which = "now" if row.day > today - WEEK else "before"
        for key in (None, row.source_id):
            getattr(found.setdefault(key, _empty()), which).add(row)
    return found


def _empty() -> Weeks:
    hours = WEEK / timedelta(hours=1)
    return Weeks(Totals(hours=hours), Totals(hours=hours))
