"""Real Celery workers and a real beat, against the servers of this test run."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.db.models.functions import Now

from jobly.embedded.processes import LIBC, PR_SET_PDEATHSIG
from jobly.runs.actions import cancel, careful, queues, start, start_many
from jobly.runs.actions.schedules import ensure_schedules
from jobly.runs.models import Alarm, Event, Run, Schedule, SignOfLife

from . import flow_kinds  # noqa: F401 - registers the kinds here too

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).parent.parent.parent
QUEUES = "default,etl,boards,interactive"


def environment(**extra):
    at = connection.settings_dict
    host = {"host": at["OPTIONS"]["host"]} if "host" in at["OPTIONS"] else {"host": at["HOST"]}
    url = f"postgres://{at['USER']}@/{at['NAME']}?{urlencode(host)}"
    times = {
        "RUN_LEASE_SECONDS": "2",
        "RUN_HEARTBEAT_MS": "500",
        "RUN_SWEEP_MS": "500",
        "RUN_BACKOFF_PERCENT": "2",
        "RUN_RELEASE_MS": "1500",
    }
    return {**os.environ, "DATABASE_URL": url, **times, **extra}


def end_with_us():
    """Leave nobody behind who would work in the next test run's database."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@contextmanager
def running(program, *options, **extra):
    command = [sys.executable, "-m", "celery", "-A", "jobly", program, *options]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(**extra), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=end_with_us,  # noqa: PLW1509 # one call to the kernel
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        output = process.communicate()[0]
        print(output)  # noqa: T201 - what a failed test wants to see


def worker(**extra):
    options = ["--concurrency=2", f"--queues={QUEUES}", "--include=tests.runs.flow_kinds"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=INFO"]
    return running("worker", *options, *quiet, **extra)


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, list(
            Run.objects.values("kind", "status", "owner", "attempt", "error", "history")
        )
        time.sleep(0.05)


def shows_life(prefix):
    return SignOfLife.objects.filter(name__startswith=prefix).exists()


def status(run):
    return Run.objects.get(pk=run.pk).status


def test_a_worker_executes_what_is_queued_and_shows_that_it_lives(valkey):
    runs = start_many("flow.add", ({"left": n, "right": 1} for n in range(200)), actor=None)
    top = start("flow.family", {"children": 5}, actor=None)
    with worker():
        until(lambda: not Run.objects.unfinished().exists())
        again = start("flow.add", {"left": 1, "right": 1}, actor=None)
        began = time.monotonic()
        until(lambda: status(again) == "succeeded")
        assert time.monotonic() - began < 5
        assert shows_life("worker:")
    assert {run.result["sum"] for run in Run.objects.filter(pk__in=[r.pk for r in runs])} == set(
        range(1, 201)
    )
    assert Run.objects.get(pk=top.pk).done == 5
    numbers = list(Event.objects.filter(stream="staff").order_by("seq").values_list("seq"))
    assert [seq for (seq,) in numbers] == list(range(1, len(numbers) + 1))


def test_a_run_outlives_its_worker(valkey):
    run = start("flow.nap", {"seconds": 1.5}, actor=None)
    with worker() as first:
        until(lambda: status(run) == "running")
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    valkey.flushall()  # the broker forgets everything too
    with worker(RUN_LEASE_SECONDS="15"):  # or it loses the run where it gets no turn for a while
        until(lambda: status(run) == "succeeded")
    run.refresh_from_db()
    assert (run.attempt, run.crash_count) == (1, 1)


def test_a_run_that_kills_its_process_is_buried_and_its_neighbours_live():
    deadly = start("flow.die", {}, actor=None)
    start_many("flow.add", ({"left": n, "right": 1} for n in range(10)), actor=None)
    with worker():
        until(lambda: not Run.objects.unfinished().exists(), seconds=60)
    deadly.refresh_from_db()
    assert (deadly.status, deadly.error_code) == ("failed", "poison")
    assert Run.objects.filter(status="succeeded").count() == 10


def test_a_small_run_that_kills_its_process_is_buried_although_it_would_ride():
    with worker():
        until(lambda: shows_life("worker"))
        time.sleep(careful.AFTER_START_SECONDS)  # from now on small runs ride
        deadly = start("flow.die_small", {}, actor=None)
        start_many("flow.small", ({"n": n} for n in range(50)), actor=None)
        until(lambda: not Run.objects.unfinished().exists(), seconds=90)
    deadly.refresh_from_db()
    assert (deadly.status, deadly.error_code) == ("failed", "poison")
    told = Event.objects.filter(type="flow.told").values_list("data__n", flat=True)
    assert sorted(told) == list(range(50))


@pytest.mark.parametrize("point", ["after_claim", "before_terminal", "after_terminal"])
def test_nothing_is_lost_or_done_twice_when_a_worker_dies_at(point, tmp_path):
    start_many("flow.tell", ({"n": n} for n in range(6)), actor=None)
    top = start("flow.family", {"children": 3}, actor=None)
    with worker(JOBLY_CRASH=f"runs.{point}:2", JOBLY_CRASH_ONCE=str(tmp_path / "died")):
        until(lambda: not Run.objects.unfinished().exists())

    assert (tmp_path / "died").exists()
    assert set(Run.objects.values_list("status", flat=True)) == {"succeeded"}
    told = Event.objects.filter(type="flow.told").values_list("data__n", flat=True)
    assert sorted(told) == list(range(6))
    assert Run.objects.filter(parent=top).count() == 3


@pytest.mark.parametrize("deaf", [False, True])
def test_sigterm_gives_runs_back_and_ends_in_time(deaf):
    run = start("flow.nap", {"seconds": 30, "deaf": deaf}, actor=None)
    with worker() as process:
        until(lambda: status(run) == "running")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=15)
        assert time.monotonic() - began < 12
    run.refresh_from_db()
    assert (run.status, run.attempt, run.crash_count) == ("queued", 0, 0)
    assert run.history[-1]["what"] == "released"


def test_a_running_run_is_cancelled_by_its_heartbeat():
    run = start("flow.nap", {"seconds": 30}, actor=None)
    with worker():
        until(lambda: status(run) == "running")
        cancel(run)
        until(lambda: status(run) == "cancelled", seconds=15)


def test_a_run_that_is_due_later_starts_on_time(valkey):
    with worker():
        until(lambda: shows_life("worker:"))
        run = start("flow.add", {"left": 1, "right": 1}, actor=None, after=timedelta(seconds=3))
        until(lambda: status(run) == "succeeded")
    run.refresh_from_db()
    assert timedelta(0) <= run.started_at - run.available_at < timedelta(seconds=5)


def test_beat_fires_a_schedule_and_shows_that_it_lives(settings, valkey):
    settings.RUN_ON_CLOCK = {}
    settings.RUN_SWEEP_SECONDS = 1
    ensure_schedules()
    schedule = Schedule.objects.create(
        name="flow.add", kind="flow.add", args={"left": 1, "right": 2}, clock="every 1 h",
        created_at=Now() - timedelta(hours=1),
    )  # fmt: skip
    with running("beat", "--pidfile=", "--max-interval=1", "--loglevel=INFO"):
        until(lambda: shows_life("beat:"))
    with worker():
        until(lambda: schedule.slots.filter(run__status="succeeded").count() == 1)


def test_schedules_fire_without_a_beat_and_its_absence_is_told(valkey):
    schedule = Schedule.objects.create(
        name="flow.add", kind="flow.add", args={"left": 1, "right": 2}, clock="every 1 s",
        created_at=Now() - timedelta(minutes=2),
    )  # fmt: skip
    with worker():
        until(lambda: schedule.slots.filter(run__status="succeeded").count() >= 3)
        until(lambda: Alarm.objects.filter(key="beat:beat").exists())
    assert Alarm.objects.get(key="beat:beat").text.endswith("workers fire the schedules meanwhile")
    assert Event.objects.filter(stream="staff", type="runs.alarm_raised").count() == 1
    slots = list(schedule.slots.values_list("slot", flat=True))
    assert len(slots) == len(set(slots))


def test_a_paused_queue_stands_still_and_goes_on_at_once_when_resumed(valkey):
    with worker():
        until(lambda: shows_life("worker:"))
        queues.pause("default", why="a test", actor=None)
        waiting = start_many("flow.add", ({"left": n, "right": 1} for n in range(20)), actor=None)
        time.sleep(1.5)  # three sweeps
        assert {status(run) for run in waiting} == {"queued"}
        queues.resume("default", actor=None)
        began = time.monotonic()
        until(lambda: {status(run) for run in waiting} == {"succeeded"})
        assert time.monotonic() - began < 10
