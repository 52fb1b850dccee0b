"""Perform one claimed run and write down what came of it."""

import logging
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from psycopg.errors import IdleInTransactionSessionTimeout

from jobly.errors import JoblyError, Unavailable
from jobly.runs import events
from jobly.runs.errors import Cancelled, LostLease, Released
from jobly.runs.models import Run
from jobly.runs.rules.outcome import Tried, Verdict, judge, one_line
from jobly.runs.rules.policy import UNKNOWN_KIND_DELAY

from . import claims
from .crash import crashpoint
from .current import executing
from .ending import cancel, end, follow, settle
from .kinds import RunKind, find_kind
from .outbox import transaction
from .progress import Progress
from .telling import plain, tell

PATIENCE_SECONDS = 5.0  # for a database that went away between a body and its last word

log = logging.getLogger(__name__)


def execute(progress: Progress) -> None:
    """Perform one claimed run and write down its end, its retry or its release."""
    run = progress.run
    kind = find_kind(run.kind)
    if kind is None or not kind.accepts(run.payload_version):
        write_down(run, partial(_release_unknown, run))
        return
    try:
        with executing(run):
            last_word = attempt(partial(_perform, kind, progress), kind, progress)
    except BaseException:  # Ctrl-C, or the process is ending
        with suppress(LostLease, OperationalError, InterfaceError):
            requeue(run, claims.RELEASED)
        raise
    if last_word is not None:
        write_down(run, last_word)
    tend_parent(run)


def attempt(
    perform: Callable[[], None], kind: RunKind, progress: Progress
) -> Callable[[], Any] | None:
    """Perform a run; return what is left to be written about it, by the type of its error."""
    run = progress.run
    try:
        perform()
    except LostLease as exc:
        log.warning("run %s: %s", run.pk, exc)
    except Cancelled:
        return partial(end_cancelled, progress)
    except Released:
        return partial(requeue, run, claims.RELEASED)
    except JoblyError as exc:
        verdict = judge_here(exc, kind, run)
        if verdict.action != "defer":
            log.warning("try %s of %s: %s", run.attempt, run.max_attempts, verdict.message)
        return partial(apply_verdict, verdict, progress)
    except Exception as exc:
        if _was_cut_off(exc):
            log.warning("run %s: database: %s", run.pk, exc)
            away = Unavailable("the database was away for a moment")
            return partial(apply_verdict, judge_here(away, kind, run), progress)
        log.exception("run %s of kind %s broke", run.pk, run.kind)
        return partial(apply_verdict, broken(exc, run), progress)
    return None


def _was_cut_off(exc: Exception) -> bool:
    """Whether the database went away, or gave us up: a machine that sleeps in a transaction."""
    slept = isinstance(exc.__cause__, IdleInTransactionSessionTimeout)
    return slept or isinstance(exc, OperationalError | InterfaceError)


def _perform(kind: RunKind, progress: Progress) -> None:
    """Call the body; its effects and the run's end commit together unless it is stepwise."""
    if kind.stepwise:
        result = call(kind, progress)
        crashpoint("runs.before_terminal")
        with transaction():
            finish(kind.waits, progress, result)
    else:
        with transaction():
            result = call(kind, progress)
            crashpoint("runs.before_terminal")
            finish(kind.waits, progress, result)
    crashpoint("runs.after_terminal")
    if kind.waits:
        settle(progress.run.pk)


def call(kind: RunKind, progress: Progress) -> Any:
    """Call a kind's function with the run's arguments."""
    first = (progress,) if kind.wants_progress else ()
    return kind.body(*first, **progress.run.args)


def finish(waits: bool, progress: Progress, result: Any) -> None:  # noqa: FBT001 - a column
    """Write a run's success, or park it until its children have ended. Raises LostLease."""
    answer, counts = answer_of(result), progress.counts()
    children = Run.objects.filter(parent_id=progress.run.pk)
    if waits and children.exists():
        claims.wait_for_children(progress.run, result=answer, **counts)
        progress.run.__dict__.update(counts)
        tell(progress.run, events.PROGRESS)
        return
    end(progress.run, Run.Status.SUCCEEDED, **counts | {"progress": 100, "result": answer})


def answer_of(result: Any) -> Any:
    """Turn what a body returned into the result column: a JSON object or null."""
    return plain(result if result is None or isinstance(result, dict) else {"value": result})


def judge_here(error: JoblyError, kind: RunKind, run: Run) -> Verdict:
    """Decide what an error means for this run at this try."""
    tried = Tried(
        run.attempt, run.max_attempts, kind.policy, run.history, settings.RUN_BACKOFF_SCALE
    )
    return judge(error, tried, random.random())  # noqa: S311 - jitter


def broken(exc: Exception, run: Run) -> Verdict:
    """Describe a bug in a body in one line for people; the trace is in the log only."""
    name = type(exc).__name__
    message = f"Something broke on our side ({name}); the log has it under run {run.pk}."
    return Verdict("fail", code="internal_error", message=message, error_class=name)


def requeue(run: Run, columns: Mapping[str, Any]) -> Run:
    """Put a run we hold back into its queue; one to be cancelled ends. Raises LostLease."""
    with transaction():
        row = claims.write(claims.REQUEUE, run, **columns)
        if row.cancel_requested_at is not None:
            return cancel(row)
        tell(row, events.PROGRESS)
        return row


def apply_verdict(verdict: Verdict, progress: Progress) -> None:
    """Write what an error means for a run we hold. Raises LostLease."""
    said = {
        "error_code": verdict.code,
        "error_class": verdict.error_class,
        "error": one_line(verdict.message),
    }
    if verdict.action == "fail":
        with transaction():
            end(progress.run, Run.Status.FAILED, **progress.counts() | said)
        return
    defers = verdict.action == "defer"
    columns = {
        "what": "deferred" if defers else "retried",
        "back": 1 if defers else 0,
        "delay": verdict.delay,
        "until": verdict.until,
    }
    requeue(progress.run, columns | said)


def _release_unknown(run: Run) -> None:
    said = {
        "error_code": "unknown_kind",
        "error": "No worker of this version knows this kind of run; another may.",
        "delay": UNKNOWN_KIND_DELAY,
    }
    requeue(run, claims.RELEASED | said)


def end_cancelled(progress: Progress) -> None:
    """Write that a run left because it was asked to. Raises LostLease."""
    with transaction():
        counts = progress.counts() | {"error_code": "cancelled"}
        end(progress.run, Run.Status.CANCELLED, **counts)


def write_down(run: Run, write: Callable[[], Any]) -> None:
    """Write a run's fate; wait a little for a database that is away, then leave it to the sweep."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            write()
        except LostLease as exc:
            log.warning("run %s: %s", run.pk, exc)
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            time.sleep(0.25)
            continue
        return


def tend_parent(run: Run) -> None:
    """Let a waiting parent follow or end; a failure here is made good by the sweep."""
    if run.parent_id is None:
        return
    try:
        if not settle(run.parent_id):
            follow(run.parent_id)
    except (OperationalError, InterfaceError) as exc:
        if connection.in_atomic_block:
            raise
        log.warning("parent %s not told: %s", run.parent_id, exc)
