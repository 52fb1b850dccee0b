"""How runs end that no body is executing: cancelled, or waiting for their children."""

import json
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db import transaction as django_transaction
from django.db.models import Count, Q, QuerySet, Sum

from jobly.runs import events
from jobly.runs.errors import RunMoved
from jobly.runs.models import CHILDREN, Run
from jobly.runs.rules.outcome import one_line
from jobly.users.models import User

from . import claims
from .kinds import bound_kinds
from .outbox import transaction
from .telling import tell

FOLLOW_SECONDS = 0.5
STANDS_ON = "stands_on"  # in a run's result: the kind of the runs that do its work
_followed: dict[UUID, float] = {}  # when this process last wrote a parent's progress

CANCEL_QUEUED = """
    WITH gone AS (
        SELECT id FROM runs_run
        WHERE id = ANY(%(ids)s) AND status = 'queued' AND kind <> ALL(%(bound)s)
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE runs_run r SET
        status = 'cancelled', finished_at = clock_timestamp(), error_code = 'cancelled',
        cancel_requested_at = clock_timestamp(),
        history = history || jsonb_build_object('at', clock_timestamp(), 'what', 'cancelled',
            'attempt', attempt, 'fence', fence, 'owner', %(by)s::text, 'error', '')
    FROM gone WHERE r.id = gone.id
    RETURNING r.*
"""
ASK_RUNNING = """
    WITH asked AS (
        SELECT id FROM runs_run
        WHERE id = ANY(%(ids)s) AND status = 'running' AND cancel_requested_at IS NULL
            AND kind <> ALL(%(bound)s)
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE runs_run r SET
        cancel_requested_at = clock_timestamp(),
        history = CASE WHEN jsonb_array_length(history) >= %(history)s THEN history - 1
            ELSE history END || jsonb_build_object('at', clock_timestamp(), 'what', 'asked',
            'attempt', attempt, 'fence', fence, 'owner', %(by)s::text, 'error', '')
    FROM asked WHERE r.id = asked.id
"""


@transaction
def cancel(run: Run, *, actor: User | None = None) -> Run:
    """Cancel a run and all that it started.

    Queued ones end at once; running ones are asked to and leave at their next checkpoint.
    Idempotent. Emits: job.failed with status cancelled. Raises: RunMoved if it has ended otherwise
    or completes what has happened already.
    """
    row = Run.objects.get(pk=run.pk)
    if row.status in (Run.Status.SUCCEEDED, Run.Status.FAILED):
        raise RunMoved(f"the run has {row.status} already", run=str(row.pk))
    if row.kind in bound_kinds():
        raise RunMoved("This run completes what has happened already; it goes on.", run=str(row.pk))
    cancel_many([row], actor=actor)
    row.refresh_from_db()
    return row


@transaction
def cancel_many(runs: Sequence[Run], *, actor: User | None = None) -> None:
    """Cancel runs and all that they started; who has ended or is bound stays as it is."""
    level, parents = [run.pk for run in runs], {run.parent_id for run in runs}
    bound = bound_kinds()
    while level:
        params: dict[str, Any] = {"ids": level, "history": claims.HISTORY_LIMIT, "bound": bound}
        params["by"] = f"user:{actor.pk}" if actor else ""
        for ended in Run.objects.raw(CANCEL_QUEUED, params):
            tell(ended)
        parents |= set(level)
        with connection.cursor() as cursor:
            cursor.execute(ASK_RUNNING, params)
        below = Run.objects.unfinished().filter(parent_id__in=level).exclude(kind__in=bound)
        level = list(below.order_by("pk").values_list("pk", flat=True))

    def settle_parents() -> None:
        waiting = Run.objects.filter(pk__in=filter(None, parents), owner=CHILDREN)
        for parent in list(waiting.order_by("-pk").values_list("pk", flat=True)):
            settle(parent)  # the youngest first

    django_transaction.on_commit(settle_parents, robust=True)


def settle(run_id: UUID) -> bool:
    """End a run that waited for its children, if the last of them has ended; then its parent.

    Safe to call by anybody at any time: after every end of a child, and by the sweep.
    """
    if not _waiting(run_id).exists():
        return False
    with transaction():
        run = _waiting(run_id).select_for_update(skip_locked=True, no_key=True).first()
        if run is None or Run.objects.unfinished().filter(parent_id=run_id).exists():
            return False
        counts = counts_of_children(run_id)
        result = {**(run.result or {}), **counts}
        if run.cancel_requested_at is not None:
            columns = {"progress": run.progress, "step": run.step, "error_code": "cancelled"}
            end(run, Run.Status.CANCELLED, **counts | columns, result=result)
        else:
            status, columns = success(run, result)
            end(run, status, **{"step": run.step} | counts | columns)
    if run.parent_id:
        settle(run.parent_id)
    return True


def success(run: Run, result: Any) -> tuple[Run.Status, dict[str, Any]]:
    """Return the end of a run whose body went well, and its columns, by the parts it stands on.

    A result with `stands_on` names a kind of run: when all of this kind that the run started have
    failed, so has it; when some have, its last step and its result say how many of how many.
    """
    done: dict[str, Any] = {"progress": 100, "result": result}
    kind = result.get(STANDS_ON) if isinstance(result, dict) else None
    if not kind:
        return Run.Status.SUCCEEDED, done
    parts = Run.objects.filter(parent_id=run.pk, kind=kind).order_by("finished_at")
    ends = list(parts.values_list("status", "error_code", "error"))
    bad = [(code, error) for status, code, error in ends if status == Run.Status.FAILED]
    done["result"] = {**result, "parts": len(ends), "failed_parts": len(bad)}
    if not bad:
        return Run.Status.SUCCEEDED, done
    if any(status == Run.Status.SUCCEEDED for status, _, _ in ends):
        return Run.Status.SUCCEEDED, done | {"step": f"{len(bad)} of {len(ends)} of {kind} failed"}
    codes = {code for code, _ in bad}
    said = f"{'All ' if len(bad) == len(ends) else ''}{len(bad)} of {kind} failed"
    return Run.Status.FAILED, {
        "progress": run.progress,
        "result": done["result"],
        "error_code": codes.pop() if len(codes) == 1 else "all_parts_failed",
        "error": one_line(f"{said}, the last because: {bad[-1][1]}"),
    }


def _waiting(run_id: UUID) -> QuerySet[Run]:
    return Run.objects.filter(pk=run_id, status=Run.Status.RUNNING, owner=CHILDREN).order_by()


def counts_of_children(run_id: UUID) -> dict[str, int]:
    """Add up what the children of a run did; one that counted nothing counts as one item."""
    silent = Q(total=0)
    ended_badly = silent & Q(status=Run.Status.FAILED)
    sums = Run.objects.filter(parent_id=run_id).aggregate(
        sum_done=Sum("done", default=0),
        sum_failed=Sum("failed", default=0),
        sum_skipped=Sum("skipped", default=0),
        sum_total=Sum("total", default=0),
        good=Count("pk", filter=silent & Q(status=Run.Status.SUCCEEDED, done=0)),
        bad=Count("pk", filter=ended_badly & Q(failed=0)),
        out=Count("pk", filter=silent & Q(status=Run.Status.CANCELLED, skipped=0)),
        silent=Count("pk", filter=silent),
    )
    return {
        "done": sums["sum_done"] + sums["good"],
        "failed": sums["sum_failed"] + sums["bad"],
        "skipped": sums["sum_skipped"] + sums["out"],
        "total": sums["sum_total"] + sums["silent"],
    }


def follow(run_id: UUID) -> None:
    """Let a run's counts follow its children's, at most twice a second, never queueing.

    Of runs that wait for their children, and of those a command executes itself.
    """
    now = time.monotonic()
    if now - _followed.get(run_id, 0.0) < FOLLOW_SECONDS:
        return
    for known in [key for key, at in _followed.items() if now - at > FOLLOW_SECONDS]:
        del _followed[known]
    _followed[run_id] = now
    with transaction():
        running = Run.objects.filter(pk=run_id, status=Run.Status.RUNNING).order_by()
        followed = running.filter(Q(owner=CHILDREN) | Q(owner__startswith=claims.TERMINAL))
        run = followed.select_for_update(skip_locked=True, no_key=True).first()
        if run is None:
            return
        counts = counts_of_children(run_id)
        finished = counts["done"] + counts["failed"] + counts["skipped"]
        percent = min(99, finished * 100 // counts["total"]) if counts["total"] else 0
        columns = {**counts, "progress": max(run.progress, percent)}
        Run.objects.filter(pk=run_id).update(**columns)
        for name, value in columns.items():
            setattr(run, name, value)
        tell(run, events.PROGRESS)


def end(run: Run, status: Run.Status, **columns: Any) -> Run:
    """Give a run we hold its terminal status, or raise LostLease; call it in a transaction.

    Emits: job.completed or job.failed.
    """
    blank = {"error_code": "", "error_class": "", "error": "", "result": None}
    given = blank | columns
    if given["result"] is not None:
        given["result"] = json.dumps(given["result"], cls=DjangoJSONEncoder)
    row = claims.write(claims.END, run, status=str(status), what=str(status), **given)
    tell(row)
    return row
