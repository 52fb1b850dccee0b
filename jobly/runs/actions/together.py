"""Small runs ride together: many bodies, one transaction, one statement for all their ends.

They are not claimed: their rows stay locked from the look to the commit, so nobody else takes them
meanwhile, and if this process dies they are queued as before. What a death costs is not counted
here; `careful` sees to that.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import orjson
from django.db import connection

from jobly.runs.models import Run

from . import careful, claims, stopping
from .crash import crashpoint
from .current import executing
from .kinds import find_kind, small_queues
from .outbox import add, transaction
from .performing import answer_of, call
from .progress import Progress
from .telling import told_alike

MOST = 250  # runs that share a transaction
MOST_SECONDS = 1.0  # after this no further body is called: what is locked keeps others waiting

Look = Callable[[], list[Run]]

log = logging.getLogger(__name__)

END_TOGETHER = """
    UPDATE runs_run r SET
        status = 'succeeded', fence = r.fence + 1, attempt = r.attempt + 1, progress = 100,
        started_at = coalesce(r.started_at, now()), finished_at = clock_timestamp(),
        step = e.step, done = e.done, failed = e.failed, skipped = e.skipped, total = e.total,
        result = e.result, error_code = '', error_class = '', error = '',
        history = CASE WHEN jsonb_array_length(r.history) >= %(history)s THEN r.history - 2
            ELSE r.history END || jsonb_build_array(
                jsonb_build_object('at', now(), 'what', 'claimed', 'attempt', r.attempt + 1,
                    'fence', r.fence + 1, 'owner', %(owner)s::text, 'error', ''),
                jsonb_build_object('at', clock_timestamp(), 'what', 'succeeded',
                    'attempt', r.attempt + 1, 'fence', r.fence + 1, 'owner', %(owner)s::text,
                    'error', ''))
    FROM jsonb_to_recordset(%(ends)s::jsonb) AS e (
        id uuid, result jsonb, step text,
        done integer, failed integer, skipped integer, total integer)
    WHERE r.id = e.id
"""


class Crowd(Exception):
    """One of those that share a transaction broke, or ended by itself; each has to go alone."""


def has_riders(queue: str) -> bool:
    """Whether small runs may come along this queue and this worker may let them ride."""
    return queue in small_queues() and not careful.is_careful()


def ride(look: Look) -> tuple[list[Run], list[Run]]:
    """Execute the small ones of the next due runs in one transaction; return (ended, others seen).

    If one of them breaks nothing has happened, and all are others: the caller claims and executes
    each by itself, which judges its error and isolates its neighbours.
    """
    seen: list[Run] = []
    riders: list[Run] = []
    others: list[Run] = []
    try:
        with transaction():
            seen = look()
            for run in seen:
                (riders if may_ride(run) else others).append(run)
            if riders:
                _execute(riders)
    except Crowd as exc:
        log.info("%s small runs are executed one by one: %r", len(seen), exc.__cause__ or exc)
        return [], seen
    if riders:
        crashpoint("runs.after_terminal")
    ended = [run for run in riders if run.status == Run.Status.SUCCEEDED]
    return ended, others


def may_ride(run: Run) -> bool:
    """Whether a run may share a transaction: small, known, and never there at a crash."""
    kind = find_kind(run.kind)
    return (
        kind is not None
        and kind.rides
        and kind.accepts(run.payload_version)
        and not run.crash_count
    )


def _execute(riders: list[Run]) -> None:
    """Call the bodies and write the ends of all that there was time for. Raises: Crowd."""
    began = time.monotonic()
    ended = []
    crashpoint("runs.after_claim")
    for progress in map(Progress, riders):
        try:
            ended.append((progress, _answer(progress)))
        except Exception as exc:
            raise Crowd from exc
        if stopping.is_stopping() or time.monotonic() - began > MOST_SECONDS:
            break
    crashpoint("runs.before_terminal")
    _end(ended)


def _answer(progress: Progress) -> Any:
    kind = find_kind(progress.run.kind)
    with executing(progress.run):
        return answer_of(call(kind, progress))  # type: ignore[arg-type] # may_ride has seen it


def _end(ended: list[tuple[Progress, Any]]) -> None:
    """Write that all have succeeded. Raises: Crowd, if a body touched its own row."""
    ends = []
    for progress, answer in ended:
        columns = progress.counts()
        ends.append({"id": progress.run.pk, "result": answer, **columns})
        progress.run.__dict__.update(columns, progress=100, status=Run.Status.SUCCEEDED)
    add(*told_alike([progress.run for progress, _ in ended]))
    params: dict[str, Any] = {
        "ends": orjson.dumps(ends).decode(),
        "owner": claims.owner(),
        "history": claims.HISTORY_LIMIT,
    }
    with connection.cursor() as cursor:
        cursor.execute(END_TOGETHER, params)
        if cursor.rowcount != len(ended):
            raise Crowd
