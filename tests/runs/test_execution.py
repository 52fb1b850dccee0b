import logging
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from jobly.errors import AuthExpired, Conflict, Deferred, Rejected, Unavailable, Unknown
from jobly.runs.actions import claims, emit, stopping, transaction
from jobly.runs.actions import start as start_run
from jobly.runs.actions.execution import drain
from jobly.runs.errors import LostLease
from jobly.runs.models import Event, Run

from .kinds import Happened

pytestmark = pytest.mark.django_db


def start(kind="test.plain", **args):
    return start_run(kind, args, actor=None)


def raising(*errors):
    """Return a body that raises these one after the other, then succeeds."""
    left = list(errors)

    def body(_progress, **_args):
        if left:
            raise left.pop(0)
        return {"tries": "over"}

    return body


def timeline(run):
    return [entry["what"] for entry in run.history]


def test_a_run_that_succeeds_has_a_result_and_is_told():
    run = start("test.pair", left=2, right=3)

    assert drain() == 1

    run.refresh_from_db()
    assert (run.status, run.result, run.progress, run.attempt) == ("succeeded", {"sum": 5}, 100, 1)
    assert run.started_at <= run.finished_at
    assert timeline(run) == ["claimed", "succeeded"]
    assert [e.type for e in Event.objects.filter(run=run)] == ["job.created", "job.completed"]
    assert drain() == 0


def test_a_body_and_its_end_are_one_transaction(body):
    def tell_then_break(_progress, **_args):
        with transaction():
            emit(Happened(job_id=1))
        raise Rejected("no good")

    body(tell_then_break)
    run = start()
    drain()

    run.refresh_from_db()
    assert (run.status, run.error_code, run.error) == ("failed", "rejected", "no good")
    assert not Event.objects.filter(fact="test.happened").exists()


def test_what_a_stepwise_body_did_before_it_failed_stays(body):
    def tell_then_break(progress, **_args):
        with progress.transaction():
            emit(Happened(job_id=1))
        raise Rejected("no good")

    body(tell_then_break)
    start("test.steps")
    drain()
    assert Event.objects.filter(fact="test.happened").count() == 1


@pytest.mark.parametrize(
    ("error", "status", "tries"),
    [
        (Rejected("bad input"), "failed", 1),
        (Conflict("moved on"), "failed", 1),
        (Unavailable("later"), "succeeded", 2),
        (Unknown("perhaps accepted"), "succeeded", 2),
        (AuthExpired("token refused"), "succeeded", 1),
        (OperationalError("server closed the connection"), "succeeded", 2),
        (ValueError("a bug"), "failed", 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_the_type_of_an_error_decides(body, error, status, tries):
    body(raising(error))
    run = start("test.steps")
    drain()
    run.refresh_from_db()
    assert (run.status, run.attempt) == (status, tries)


@pytest.mark.django_db(transaction=True)
def test_a_machine_that_slept_in_a_transaction_tries_again(body):
    naps = [0.3]

    def nap(progress, **_args):
        with progress.transaction(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
            time.sleep(naps.pop() if naps else 0)
            cursor.execute("SELECT 1")

    body(nap)
    run = start("test.steps")
    drain()
    run.refresh_from_db()
    assert (run.status, timeline(run)[:2]) == ("succeeded", ["claimed", "retried"])


def test_a_bug_is_told_in_one_line_and_traced_in_the_log_only(body, caplog):
    body(raising(ValueError("secret canary")))
    run = start()
    with caplog.at_level(logging.ERROR):
        drain()

    run.refresh_from_db()
    assert (run.error_code, run.error_class) == ("internal_error", "ValueError")
    assert "canary" not in run.error
    assert "\n" not in run.error
    assert "canary" in caplog.text
    failed = Event.objects.get(run=run, type="job.failed")
    assert failed.data["error"] == {"code": "internal_error", "message": run.error}


def test_retries_end_with_the_policys_last_attempt(body):
    body(raising(*[Unavailable(f"try {n}") for n in range(1, 9)]))
    run = start("test.board")
    drain()

    run.refresh_from_db()
    assert (run.status, run.attempt, run.error) == ("failed", 4, "try 4")
    assert timeline(run) == ["claimed", "retried"] * 3 + ["claimed", "failed"]


def test_retry_after_is_a_lower_bound_and_at_most_an_hour(body):
    body(raising(Unavailable("busy", retry_after=timedelta(minutes=2))))
    run = start("test.steps")
    drain()
    run.refresh_from_db()
    assert run.status == "queued"
    wait = run.available_at - timezone.now()
    assert timedelta(seconds=115) < wait <= timedelta(minutes=2)

    body(raising(Unavailable("absurd", retry_after=timedelta(days=400))))
    absurd = start("test.steps")
    drain()
    absurd.refresh_from_db()
    assert absurd.available_at - timezone.now() <= timedelta(hours=1)


def test_deferral_moves_the_time_and_uses_no_attempt(body):
    until = timezone.now() + timedelta(minutes=5)
    body(raising(Deferred("quota used up", until=until)))
    run = start("test.steps")
    drain()

    run.refresh_from_db()
    assert (run.status, run.attempt, run.available_at) == ("queued", 0, until)
    assert run.error_code == "deferred"
    assert timeline(run) == ["claimed", "deferred"]


def test_a_refused_token_uses_no_attempt_three_times_in_a_row_only(body):
    body(raising(*[AuthExpired("refused")] * 20))
    run = start("test.board")
    drain()

    run.refresh_from_db()
    assert run.status == "failed"
    assert timeline(run).count("deferred") > 3
    assert timeline(run)[:8] == ["claimed", "deferred"] * 3 + ["claimed", "retried"]


def test_an_unknown_kind_is_given_back_for_another_workers_version():
    run = Run.objects.create(kind="later.version", stream="staff", root_id=start().pk)
    old = start()
    Run.objects.filter(pk=old.pk).update(payload_version=7)
    drain()

    for row in (run, old):
        row.refresh_from_db()
        assert (row.status, row.attempt, row.error_code) == ("queued", 0, "unknown_kind")
        assert row.available_at > timezone.now() + timedelta(seconds=20)


def test_the_version_before_is_still_run():
    run = start("test.pair", left=1)
    Run.objects.filter(pk=run.pk).update(payload_version=0)
    drain()
    run.refresh_from_db()
    assert run.status == "succeeded"


def test_counts_and_step_of_the_last_word_are_kept(body):
    def work(progress, **_args):
        progress.tell(total=200, done=120, skipped=20, step="half of it")
        progress.tell(failed=10)
        raise Rejected("enough")

    body(work)
    run = start("test.steps")
    drain()
    run.refresh_from_db()
    assert (run.progress, run.step) == (75, "half of it")
    assert (run.done, run.failed, run.skipped, run.total) == (120, 10, 20, 200)


def test_a_worker_that_lost_its_run_writes_nothing(body):
    def lose(progress, **_args):
        Run.objects.filter(pk=progress.run.pk).update(fence=progress.run.fence + 1)
        with progress.transaction():
            emit(Happened(job_id=1))

    body(lose)
    run = start("test.steps")
    drain()

    run.refresh_from_db()
    assert (run.status, run.fence) == ("running", 2)
    assert not Event.objects.filter(fact="test.happened").exists()


@pytest.mark.parametrize("kind", ["test.plain", "test.steps"])
def test_an_end_under_an_old_fence_is_refused_with_its_effects(body, kind):
    def finish_too_late(progress, **_args):
        claims.write(claims.REQUEUE, progress.run, **claims.RELEASED)
        return {"stale": True}

    body(finish_too_late)
    run = start(kind)
    drain(limit=1)
    run.refresh_from_db()
    assert run.result is None
    assert run.status in ("queued", "running")


def test_a_cancel_request_ends_a_run_at_its_next_checkpoint(body):
    def leave(progress, **_args):
        progress.cancelled = True  # what the heartbeat sets
        progress.tell(total=2, done=1)
        progress.checkpoint()

    body(leave)
    run = start("test.steps")
    drain()
    run.refresh_from_db()
    assert (run.status, run.done) == ("cancelled", 1)


def test_a_run_to_be_cancelled_is_not_tried_again(body):
    def ask_and_fail(progress, **_args):
        Run.objects.filter(pk=progress.run.pk).update(cancel_requested_at=timezone.now())
        raise Unavailable("later")

    body(ask_and_fail)
    run = start("test.steps")
    drain()
    run.refresh_from_db()
    assert run.status == "cancelled"


def test_a_worker_that_stops_gives_its_run_back_unused(body):
    def stop_here(progress, **_args):
        stopping.begin_stop()
        progress.checkpoint()

    body(stop_here)
    first, second = start("test.steps"), start("test.steps")
    try:
        assert drain() == 1
    finally:
        stopping.allow_work()

    for run in (first, second):
        run.refresh_from_db()
        assert (run.status, run.attempt) == ("queued", 0)
    assert timeline(first) == ["claimed", "released"]


def test_a_lease_that_ran_out_by_our_own_clock_stops_the_body(body, settings):
    settings.RUN_LEASE_SECONDS = 0

    def go_on(progress, **_args):
        with pytest.raises(LostLease):
            progress.checkpoint()
        raise LostLease("as said")

    body(go_on)
    run = start("test.steps")
    drain(limit=1)
    run.refresh_from_db()
    assert run.status == "running"


def test_the_timeline_keeps_its_beginning_and_its_end(body, settings):
    body(raising(*[Deferred("wait", until=timezone.now())] * 40))
    run = start("test.steps")
    drain()
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert len(run.history) == claims.HISTORY_LIMIT
    assert (run.history[0]["fence"], run.history[-1]["what"]) == (1, "succeeded")


def test_a_terminal_run_never_changes_its_status_again():
    run = start("test.pair", left=1)
    drain()
    with pytest.raises(Exception, match="has succeeded already"):
        Run.objects.filter(pk=run.pk).update(status="queued", finished_at=None)


def test_draining_one_family_or_queue_leaves_the_others():
    mine, other, board = start(), start(), start("test.board")
    child = start_run("test.pair", {"left": 1}, actor=None, parent=mine)

    assert drain(root=mine.pk) == 2
    assert drain("boards") == 1
    child.refresh_from_db()
    board.refresh_from_db()
    other.refresh_from_db()
    assert (child.status, board.status, other.status) == ("succeeded", "succeeded", "queued")


def test_the_most_urgent_run_goes_first(body):
    order = []
    body(lambda _progress, n: order.append(n))
    for number, priority in enumerate([0, 5, 9, 5]):
        start_run("test.steps", {"n": number}, actor=None, priority=priority)
    drain()
    assert order == [2, 1, 3, 0]
