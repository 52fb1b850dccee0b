import threading
import time
from collections import Counter

import pytest
from django.db import InterfaceError, OperationalError, connection

from jobly.runs.actions import claims, emit, start, start_many, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.actions.heartbeat import heartbeat
from jobly.runs.actions.progress import Progress
from jobly.runs.actions.sweep import sweep
from jobly.runs.errors import LostLease
from jobly.runs.models import Event, Run
from tests.make import make_company

from .kinds import Happened


def in_threads(number, work):
    def call(n):
        try:
            work(n)
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    return threads


def effects():
    rows = Event.objects.filter(fact="test.happened").values_list("data__job_id", flat=True)
    return Counter(rows)


@pytest.mark.django_db(transaction=True)
def test_eight_threads_that_race_for_runs_execute_each_once(body):
    def work(_progress, n):
        with transaction():
            emit(Happened(job_id=n))

    body(work)
    start_many("test.plain", ({"n": n} for n in range(120)), actor=None)
    executed = []
    for thread in in_threads(8, lambda _n: executed.append(drain())):
        thread.join()

    assert sum(executed) == 120
    assert effects() == Counter(range(120))
    assert set(Run.objects.values_list("status", "attempt")) == {("succeeded", 1)}


@pytest.mark.django_db(transaction=True)
def test_paused_workers_and_their_successors_leave_one_effect_each(body, beats, settings):
    """Some bodies sleep past a lease that nobody renews; sweepers hand their runs to others."""
    settings.RUN_LEASE_SECONDS = 0.15
    settings.RUN_HEARTBEAT_SECONDS = 60

    def work(progress, n):
        emit(Happened(job_id=n))
        if n % 5 == 0 and progress.run.crash_count == 0:
            time.sleep(0.4)

    body(work)
    start_many("test.plain", ({"n": n} for n in range(30)), actor=None)

    def keep_working(_n):
        deadline = time.monotonic() + 20
        while Run.objects.unfinished().exists() and time.monotonic() < deadline:
            sweep()
            drain()
            time.sleep(0.02)

    for thread in in_threads(6, keep_working):
        thread.join()

    assert set(Run.objects.values_list("status", flat=True)) == {"succeeded"}
    assert effects() == Counter(range(30))


@pytest.mark.django_db
def test_a_claim_raises_the_fence_and_an_older_one_writes_nothing():
    run = start("test.pair", {"left": 1}, actor=None)
    (first,) = claims.claim("default", 5)
    assert (first.fence, first.attempt, first.status) == (1, 1, "running")
    claims.write(claims.REQUEUE, first, **claims.RELEASED)
    (second,) = claims.claim("default", 5)
    assert (second.pk, second.fence, second.attempt) == (run.pk, 2, 1)

    with pytest.raises(LostLease):
        claims.verify(first)
    with pytest.raises(LostLease):
        claims.write(claims.REQUEUE, first, **claims.RELEASED)
    claims.renew({first.pk: first.fence})
    claims.verify(second)


@pytest.mark.django_db
def test_a_company_with_a_backlog_does_not_keep_anothers_run_waiting(body):
    crowd, single = make_company(), make_company()
    order = []
    body(lambda progress: order.append(progress.run.company_id))
    start_many("test.steps", ({} for _ in range(300)), actor=None, company=crowd)
    start("test.steps", {}, actor=None, company=single)

    drain()
    assert order.index(single.pk) < 10


def plan_of(statement, **params):
    params |= {"owner": "o", "lease": claims.lease(), "history": 50}
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement, params)
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_of_a_capped_kind_only_so_many_are_held_at_a_time(body):
    held, most_held = [], []

    def work(progress, n):
        held.append(n)
        most_held.append(len(held))
        time.sleep(0.02)
        held.remove(n)

    body(work)
    start_many("test.capped", ({"n": n} for n in range(24)), actor=None)
    deadline = time.monotonic() + 20

    def keep_draining(_n):
        while Run.objects.unfinished().exists() and time.monotonic() < deadline:
            drain("narrow")

    for thread in in_threads(6, keep_draining):
        thread.join()
    assert Run.objects.filter(status="succeeded").count() == 24
    assert max(most_held) == 2


@pytest.mark.django_db
def test_what_is_not_capped_goes_past_a_full_kind(body, settings):
    settings.RUN_QUEUES = {"test": "narrow"}
    body(lambda progress, **args: None)
    start_many("test.capped", [{}] * 5, actor=None)
    start("test.plain", {}, actor=None)
    two = claims.claim_with_room("narrow", 20, {"test.capped": 2}, after=None)
    rest = claims.claim_with_room("narrow", 20, {"test.capped": 2}, after="")
    assert [run.kind for run in two] == ["test.capped"] * 2
    assert [run.kind for run in rest] == ["test.plain"]


STATEMENTS = {
    "head": (claims.CLAIM_HEAD, "run_claim"),
    "turn": (claims.CLAIM_TURN, "run_turn"),
    "look": (claims.LOOK_HEAD, "run_claim"),
    "look in turn": (claims.LOOK_TURN, "run_turn"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("analysed", [50, 500])
@pytest.mark.parametrize("name", STATEMENTS)
def test_claims_walk_their_partial_indexes_although_statistics_are_old(name, analysed):
    start_many("test.pair", ({"left": n} for n in range(analysed)), actor=None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE runs_run")
    start_many("test.pair", ({"left": n} for n in range(1000)), actor=None)

    statement, index = STATEMENTS[name]
    plan = plan_of(statement, queue="default", limit=20, after="", above=0, without=[], only="")

    assert index in plan
    assert "Sort" not in plan
    assert "Seq Scan on runs_run" not in plan


# heartbeats


@pytest.fixture
def held(beats):
    """One claimed run, begun under a heartbeat."""
    start("test.steps", {}, actor=None)
    (run,) = claims.claim("default", 1)
    progress = Progress(run)
    with heartbeat() as pulse:
        pulse.hold([progress])
        pulse.begin(progress)
        yield progress


def until(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_keeps_the_lease(held):
    before = held.run.lease_until
    until(lambda: Run.objects.get().lease_until > before)


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_hears_of_a_cancel_request(held):
    Run.objects.update(cancel_requested_at="2026-01-01T00:00Z")
    until(lambda: held.cancelled)


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_hears_that_another_has_the_run(held):
    Run.objects.update(fence=9)
    until(lambda: held.lost)


@pytest.mark.django_db(transaction=True)
def test_progress_is_written_and_told_at_most_twice_a_second(held):
    for done in range(1, 31):
        held.tell(total=30, done=done, step=f"item {done}")
        time.sleep(0.04)
    until(lambda: Run.objects.get().done == 30)

    run = Run.objects.get()
    assert (run.progress, run.step) == (100, "item 30")
    told = Event.objects.filter(type="job.progress").order_by("seq")
    assert 2 <= len(told) <= 8  # 1.2 s at a tick of 0.2 s
    assert {"run", "kind", "status", "progress", "step", "done", "total"} <= told[0].data.keys()


@pytest.mark.django_db(transaction=True)
def test_claimed_runs_are_given_back_while_one_of_them_takes_its_time(beats, body, monkeypatch):
    monkeypatch.setattr("jobly.runs.actions.heartbeat.HOARD_SECONDS", 0.1)
    slow = threading.Event()
    body(lambda _progress, n: slow.wait(5) if n == 7 else None)
    start_many("test.steps", ({"n": n} for n in range(20)), actor=None)

    (worker,) = in_threads(1, lambda _n: drain("default"))
    until(lambda: Run.objects.filter(status="succeeded").count() >= 7)
    until(lambda: Run.objects.filter(status="running").count() == 1)
    assert Run.objects.filter(status="queued", attempt=0).count() == 12
    slow.set()
    worker.join()
    assert Run.objects.filter(status="succeeded").count() == 20


@pytest.mark.django_db
def test_a_heartbeat_bears_with_rows_it_can_not_see(beats, body):
    def wait_a_little(progress):
        progress.tell(total=1, done=1)
        time.sleep(0.8)
        progress.checkpoint()

    body(wait_a_little)
    run = start("test.steps", {}, actor=None)
    assert drain() == 1
    run.refresh_from_db()
    assert run.status == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_ends_though_the_database_is_away(beats):
    start_many("test.steps", ({"n": n} for n in range(2)), actor=None)
    begun, waiting = map(Progress, claims.claim("default", 2))
    pulses = []

    def break_off():
        with heartbeat() as pulse:
            pulses.append(pulse)
            pulse.hold([begun, waiting])
            pulse.begin(begun)
            connection.connection.close()

    with pytest.raises((OperationalError, InterfaceError)):
        break_off()
    connection.close()
    assert not pulses[0].is_alive()

    until(lambda: sweep()["taken_back"] == 2)  # or they would be renewed for ever
