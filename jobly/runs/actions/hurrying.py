"""Let runs start now that are due later."""

from collections.abc import Sequence

from jobly.runs import events
from jobly.runs.errors import RunMoved
from jobly.runs.models import Run
from jobly.users.models import User

from . import claims
from .outbox import Entry, add, transaction
from .telling import tell

HURRY = """
    WITH mine AS (
        SELECT id FROM runs_run
        WHERE id = ANY(%(ids)s) AND status = 'queued' AND available_at > statement_timestamp()
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE runs_run r SET
        available_at = statement_timestamp(), dispatched_at = NULL,
        history = CASE WHEN jsonb_array_length(history) >= %(history)s THEN history - 1
            ELSE history END || jsonb_build_object('at', clock_timestamp(), 'what', 'hurried',
            'attempt', attempt, 'fence', fence, 'owner', %(by)s::text, 'error', '')
    FROM mine WHERE r.id = mine.id
    RETURNING r.*
"""


@transaction
def hurry(run: Run, *, actor: User | None) -> Run:
    """Have a run that is due later start now. Emits: job.progress. Raises: RunMoved."""
    for row in hurry_many([run], actor=actor):
        return row
    raise RunMoved("The run does not wait for a time; nothing was changed.", run=str(run.pk))


@transaction
def hurry_many(runs: Sequence[Run], *, actor: User | None) -> list[Run]:
    """Have runs that are due later start now; return them, the others stay as they are."""
    params = {"ids": [run.pk for run in runs], "history": claims.HISTORY_LIMIT}
    params["by"] = f"user:{actor.pk}" if actor else ""
    rows = list(Run.objects.raw(HURRY, params))
    for row in rows:
        tell(row, events.PROGRESS)
        add(Entry(hint=row.queue))
    return rows
