"""Small runs ride together: many bodies, one transaction, one statement for all their ends."""

import json
import logging
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from jobly.runs.errors import LostLease
from jobly.runs.models import Run

from . import claims
from .crash import crashpoint
from .current import executing
from .kinds import RunKind, find_kind
from .outbox import transaction
from .performing import answer_of, call
from .progress import Progress
from .telling import tell

log = logging.getLogger(__name__)

END_TOGETHER = """
    UPDATE runs_run r SET
        status = 'succeeded', finished_at = clock_timestamp(), lease_until = NULL, owner = '',
        progress = 100, step = e.step, done = e.done, failed = e.failed, skipped = e.skipped,
        total = e.total, result = e.result,
        history = CASE WHEN jsonb_array_length(r.history) >= %(history)s THEN r.history - 1
            ELSE r.history END || jsonb_build_object('at', clock_timestamp(), 'what', 'succeeded',
            'attempt', r.attempt, 'fence', r.fence, 'owner', r.owner, 'error', '')
    FROM jsonb_to_recordset(%(ends)s::jsonb) AS e (
        id uuid, fence bigint, result jsonb, step text,
        done integer, failed integer, skipped integer, total integer)
    WHERE r.id = e.id AND r.fence = e.fence AND r.status = 'running'
"""


def can_ride(progress: Progress) -> bool:
    """Whether a claimed run may share a transaction: small, known, and never there at a crash."""
    kind = find_kind(progress.run.kind)
    return (
        kind is not None
        and kind.small
        and kind.accepts(progress.run.payload_version)
        and not progress.run.crash_count
    )


def execute_together(batch: list[Progress]) -> bool:
    """Execute small runs in one transaction; False, and nothing was done, if any broke or is lost.

    The caller then executes each by itself, which judges its error and isolates its neighbours.
    """
    try:
        with transaction():
            answers = [_answer(progress) for progress in batch]
            crashpoint("runs.before_terminal")
            _end(batch, answers)
    except Exception as exc:  # noqa: BLE001 - each is executed alone next, and judged there
        log.info("%s small runs are executed one by one: %r", len(batch), exc)
        for progress in batch:
            progress.run.status = Run.Status.RUNNING
        return False
    crashpoint("runs.after_terminal")
    return True


def _answer(progress: Progress) -> Any:
    kind = find_kind(progress.run.kind)
    assert isinstance(kind, RunKind)  # noqa: S101 - can_ride has seen it
    with executing(progress.run):
        return answer_of(call(kind, progress))


def _end(batch: list[Progress], answers: list[Any]) -> None:
    """Write that all have succeeded, or raise LostLease if one of them is not ours any more."""
    ends = []
    for progress, answer in zip(batch, answers, strict=True):
        run, columns = progress.run, progress.counts()
        ends.append({"id": run.pk, "fence": run.fence, "result": answer, **columns})
        for name, value in (columns | {"progress": 100}).items():
            setattr(run, name, value)
    params: dict[str, Any] = {
        "ends": json.dumps(ends, cls=DjangoJSONEncoder),
        "history": claims.HISTORY_LIMIT,
    }
    with connection.cursor() as cursor:
        cursor.execute(END_TOGETHER, params)
        if cursor.rowcount != len(batch):
            raise LostLease("one of them moved on")
    for progress in batch:
        progress.run.status = Run.Status.SUCCEEDED
        tell(progress.run)
