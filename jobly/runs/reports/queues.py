"""Reads of the queues: which hold due work, which are paused, who serves them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from jobly.runs.models import Queue

COUNTED = 10_000  # runs of a queue; above it one says "more than"


@dataclass(frozen=True, slots=True)
class Line:
    """A queue and how many of its runs are due, planned for later and running, up to `COUNTED`."""

    queue: Queue
    waiting: int
    oldest: datetime | None
    later: int
    running: int

    @property
    def in_words(self) -> str:
        """Say that it is paused: since when, by whom and why, and how many wait."""
        row = self.queue
        by = f" by {row.paused_by}" if row.paused_by else ""
        why = f" ({row.why})" if row.why else ""
        since = f"{row.paused_at:%Y-%m-%d %H:%M} UTC" if row.paused_at else "never"
        return f"{row.name} paused since {since}{by}{why}, {at_most(self.waiting)} waiting"


def at_most(count: int) -> str:
    """Say a count that stopped at the limit."""
    return f"{count:,}{'+' if count >= COUNTED else ''}"


# Every queue that has a queued run, by leaps from one name to the next on the partial index: the
# cost follows the number of queues, not that of the runs in them.
_NAMES = """
    WITH RECURSIVE line (queue) AS (
        (SELECT queue FROM runs_run WHERE status = 'queued' AND finished_at IS NULL
         ORDER BY queue LIMIT 1)
        UNION ALL
        SELECT (SELECT r.queue FROM runs_run r
                WHERE r.status = 'queued' AND r.finished_at IS NULL AND r.queue > line.queue
                ORDER BY r.queue LIMIT 1)
        FROM line WHERE line.queue IS NOT NULL
    )
"""
_PAUSED = "SELECT name FROM runs_queue WHERE paused_at IS NOT NULL"
DUE = f"""
    {_NAMES}
    SELECT line.queue, due.available_at FROM line
    JOIN LATERAL (
        SELECT available_at FROM runs_run r
        WHERE r.status = 'queued' AND r.finished_at IS NULL AND r.queue = line.queue
          AND r.available_at <= statement_timestamp()
        ORDER BY available_at LIMIT 1
    ) due ON true
    WHERE line.queue NOT IN ({_PAUSED})
    ORDER BY line.queue
"""  # noqa: S608 # constants
OLDEST = f"""
    SELECT coalesce(extract(epoch FROM statement_timestamp() - min(available_at)), 0)
    FROM ({DUE}) due
"""  # noqa: S608 # constants
NEXT = f"""
    {_NAMES}
    SELECT extract(epoch FROM min(later.available_at) - statement_timestamp())::float8 FROM line
    JOIN LATERAL (
        SELECT available_at FROM runs_run r
        WHERE r.status = 'queued' AND r.finished_at IS NULL AND r.queue = line.queue
          AND r.available_at > statement_timestamp()
        ORDER BY available_at LIMIT 1
    ) later ON true
    WHERE line.queue NOT IN ({_PAUSED})
"""  # noqa: S608 # constants
# These two look at no more rows than the limit, whatever there is: the order is that of an index.
QUEUED = """
    SELECT EXISTS (
        SELECT FROM runs_run
        WHERE status = 'queued' AND owner = '' AND queue = %(queue)s AND stream = %(stream)s
        ORDER BY priority DESC, available_at, id OFFSET %(limit)s - 1
    )
"""
BACKLOG = f"""
    {_NAMES}
    SELECT EXISTS (
        SELECT FROM line CROSS JOIN LATERAL (
            SELECT FROM runs_run r WHERE r.status = 'queued' AND r.finished_at IS NULL
              AND r.queue = line.queue AND r.available_at <= statement_timestamp()
            ORDER BY r.available_at LIMIT %(limit)s
        ) due
        WHERE line.queue NOT IN ({_PAUSED}) OFFSET %(limit)s - 1
    )
"""  # noqa: S608 # constants
# of every queue there is, by its row or by what waits in it: counts stop at a limit
LINES = f"""
    {_NAMES}, known AS (
        SELECT queue FROM line WHERE queue IS NOT NULL UNION SELECT name FROM runs_queue
    )
    SELECT known.queue, due.n, due.oldest, later.n, running.n
    FROM known
    CROSS JOIN LATERAL (
        SELECT count(*) AS n, min(available_at) AS oldest FROM (
            SELECT available_at FROM runs_run r WHERE r.status = 'queued' AND r.finished_at IS NULL
              AND r.queue = known.queue
              AND r.available_at <= statement_timestamp() ORDER BY available_at LIMIT %(limit)s
        ) few
    ) due
    CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM (
            SELECT FROM runs_run r WHERE r.status = 'queued' AND r.finished_at IS NULL
              AND r.queue = known.queue
              AND r.available_at > statement_timestamp() LIMIT %(limit)s
        ) few
    ) later
    CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM (
            SELECT FROM runs_run r WHERE r.status = 'running' AND r.queue = known.queue
              AND r.owner <> 'children' LIMIT %(limit)s
        ) few
    ) running
    ORDER BY known.queue
"""  # noqa: S608 # constants


def due_queues() -> dict[str, datetime]:
    """Return the queues from which work may be taken now, with their oldest due time."""
    with connection.cursor() as cursor:
        cursor.execute(DUE)
        return dict(cursor.fetchall())


def oldest_due_seconds() -> float:
    """Return how long the oldest run has waited that may be taken; 0 when none waits."""
    return float(_value(OLDEST))


def lines() -> list[Line]:
    """Return every queue with what waits and runs in it, by name, in two queries."""
    with connection.cursor() as cursor:
        cursor.execute(LINES, {"limit": COUNTED})
        found = cursor.fetchall()
    rows = {row.name: row for row in Queue.objects.select_related("paused_by")}
    return [Line(rows.get(name) or Queue(name=name), *counts) for name, *counts in found]


def has_queued(queue: str, stream: str, limit: int) -> bool:
    """Whether so many runs of one stream wait in a queue, due or not."""
    return bool(_value(QUEUED, queue=queue, stream=stream, limit=limit))


def has_backlog(limit: int) -> bool:
    """Whether so many runs are due in queues that are not paused."""
    return bool(_value(BACKLOG, limit=limit))


def seconds_to_next() -> float | None:
    """Return in how many seconds the next run falls due; None when none is planned."""
    found: float | None = _value(NEXT)
    return found


def paused() -> dict[str, Queue]:
    """Return the queues that are paused, with by whom and why."""
    rows = Queue.objects.filter(paused_at__isnull=False).select_related("paused_by")
    return {row.name: row for row in rows}


def _value(statement: str, **params: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchone()[0]
