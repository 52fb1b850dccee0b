"""Reads of the queues: which hold due work, which are paused, who serves them."""

from datetime import datetime

from django.db import connection

from jobly.runs.models import Queue

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


def due_queues() -> dict[str, datetime]:
    """Return the queues from which work may be taken now, with their oldest due time."""
    with connection.cursor() as cursor:
        cursor.execute(DUE)
        return dict(cursor.fetchall())


def oldest_due_seconds() -> float:
    """Return how long the oldest run has waited that may be taken; 0 when none waits."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST)
        return float(cursor.fetchone()[0])


def seconds_to_next() -> float | None:
    """Return in how many seconds the next run falls due; None when none is planned."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT)
        found: float | None = cursor.fetchone()[0]
    return found


def paused() -> dict[str, Queue]:
    """Return the queues that are paused, with by whom and why."""
    rows = Queue.objects.filter(paused_at__isnull=False).select_related("paused_by")
    return {row.name: row for row in rows}
