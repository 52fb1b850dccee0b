"""Ends and deferrals of many runs that one worker holds, a statement for all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.db import connection

from jobly.runs.errors import LostLease
from jobly.runs.models import Run
from jobly.runs.rules.outcome import Verdict, one_line

from .claims import HISTORY_LIMIT

SUCCEED = """
    UPDATE runs_run r SET
        status = 'succeeded', finished_at = clock_timestamp(), lease_until = NULL, owner = '',
        progress = 100, step = e.step, done = e.done, failed = e.failed, skipped = e.skipped,
        total = e.total, result = e.result, error_code = '', error_class = '', error = '',
        history = CASE WHEN jsonb_array_length(r.history) >= %(history)s THEN r.history - 1
            ELSE r.history END || jsonb_build_object('at', clock_timestamp(), 'what', 'succeeded',
            'attempt', r.attempt, 'fence', r.fence, 'owner', r.owner, 'error', '')
    FROM jsonb_to_recordset(%(ends)s::jsonb) AS e (
        id uuid, fence bigint, result jsonb, step text,
        done integer, failed integer, skipped integer, total integer)
    WHERE r.id = e.id AND r.fence = e.fence AND r.status = 'running'
"""
# who was asked to leave meanwhile is left to the statement for one
DEFER = """
    UPDATE runs_run r SET
        status = 'queued', lease_until = NULL, owner = '', dispatched_at = NULL,
        attempt = greatest(r.attempt - 1, 0),
        available_at = greatest(r.available_at, clock_timestamp(), e.until),
        error_code = e.code, error_class = e.class, error = e.message,
        history = CASE WHEN jsonb_array_length(r.history) >= %(history)s THEN r.history - 1
            ELSE r.history END || jsonb_build_object('at', clock_timestamp(), 'what', 'deferred',
            'attempt', r.attempt, 'fence', r.fence, 'owner', r.owner, 'error', e.code)
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS e (
        id uuid, fence bigint, until timestamptz, code text, class text, message text)
    WHERE r.id = e.id AND r.fence = e.fence AND r.status = 'running'
      AND r.cancel_requested_at IS NULL
    RETURNING r.*
"""


def succeed(ended: Sequence[tuple[Run, Mapping[str, Any]]]) -> None:
    """Write the ends of runs we hold that succeeded: of each its step, counts and result.

    Raises: LostLease if one of them is not ours any more; the caller rolls all of it back.
    """
    ends = [{"id": run.pk, "fence": run.fence, **columns} for run, columns in ended]
    with connection.cursor() as cursor:
        params: dict[str, Any] = {"ends": orjson.dumps(ends).decode(), "history": HISTORY_LIMIT}
        cursor.execute(SUCCEED, params)
        if cursor.rowcount != len(ended):
            raise LostLease(f"{len(ended) - cursor.rowcount} of {len(ended)} runs moved on")
    for run, columns in ended:
        run.__dict__.update(columns, progress=100, status=Run.Status.SUCCEEDED)


def defer(some: Sequence[tuple[Run, Verdict]]) -> list[Run]:
    """Requeue runs we hold until a moment; return the new rows of those that were still ours."""
    rows = [
        {
            "id": run.pk,
            "fence": run.fence,
            "until": verdict.until,
            "code": verdict.code,
            "class": verdict.error_class,
            "message": one_line(verdict.message),
        }
        for run, verdict in some
    ]
    params = {"rows": orjson.dumps(rows).decode(), "history": HISTORY_LIMIT}
    return list(Run.objects.raw(DEFER, params))
