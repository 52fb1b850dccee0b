"""What is wrong with schedules, workers and the clock is seen, told once, and told to be over."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from jobly.runs.actions import alarms, claims, life, queues, start
from jobly.runs.actions.beat import Scheduler
from jobly.runs.actions.execution import drain
from jobly.runs.actions.rescheduling import change
from jobly.runs.actions.schedules import fire
from jobly.runs.models import Alarm, Event, Run, Schedule, SignOfLife
from jobly.runs.reports.alarms import standings, troubles
from jobly.runs.rules.alarms import long_limit, silence_limit

pytestmark = pytest.mark.django_db
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86400))


@pytest.fixture(autouse=True)
def _somebody_is_there():
    life.show_life("worker:w1", every=5 * SECOND, queues=("default", "boards"))
    life.show_life("beat:here", every=5 * SECOND)


def make_schedule(clock="every 1 h", *, age=3 * HOUR, **overrides):
    fields = {"name": "test.pair", "kind": "test.pair", "args": {"left": 1}, "clock": clock}
    return Schedule.objects.create(**fields | {"created_at": Now() - age} | overrides)


def keys():
    return [trouble.key for trouble in troubles()]


def test_where_all_is_well_nothing_is_wrong():
    make_schedule()
    fire("test.pair")
    drain()
    assert keys() == []


def test_a_slot_that_nobody_fired_is_late_after_its_grace():
    schedule = make_schedule("every 1 min", age=2 * MINUTE, grace=5 * MINUTE)
    assert keys() == []
    Schedule.objects.update(created_at=Now() - 8 * MINUTE)
    (trouble,) = troubles()
    assert (trouble.key, trouble.schedule) == ("late:test.pair", schedule.pk)
    assert "was due" in trouble.text
    Schedule.objects.update(enabled=False)
    assert keys() == []


def test_a_run_that_nobody_begins_is_late_unless_its_queue_is_paused():
    make_schedule(age=HOUR)
    fire("test.pair")
    Run.objects.update(created_at=Now() - 10 * MINUTE)
    (trouble,) = troubles()
    assert trouble.key == "late:test.pair"
    assert "has waited 10 min for a worker in the queue default" in trouble.text
    queues.pause("default", why="", actor=None)
    assert keys() == []


def test_a_slot_that_may_wait_for_the_run_before_it_is_not_late():
    make_schedule("every 1 min", age=MINUTE, overlap="queue", long_after=DAY)
    fire("test.pair")
    claims.claim("default", 1)
    Schedule.objects.update(accounted_until=Now() - HOUR)
    assert keys() == []
    Schedule.objects.update(overlap="allow")
    assert keys() == ["late:test.pair"]


def test_a_run_that_takes_longer_than_its_limit_runs_long():
    make_schedule(age=HOUR, long_after=20 * MINUTE)
    fire("test.pair")
    (run,) = claims.claim("default", 1)
    assert keys() == []
    Run.objects.update(started_at=Now() - 21 * MINUTE)
    (trouble,) = troubles()
    assert (trouble.key, trouble.run) == ("long:test.pair", run.pk)
    assert "runs for 21 min, longer than 20 min" in trouble.text


def test_without_a_limit_of_its_own_what_is_usual_decides():
    make_schedule("every 10 min", age=35 * MINUTE, misfire="run_all", overlap="allow")
    assert len(fire("test.pair")) in {3, 4}
    last = claims.claim("default", 1)
    drain()
    Run.objects.filter(status="succeeded").update(started_at=F("finished_at") - 8 * MINUTE)
    Run.objects.filter(pk=last[0].pk).update(started_at=Now() - 23 * MINUTE)
    assert keys() == []
    Run.objects.filter(pk=last[0].pk).update(started_at=Now() - 25 * MINUTE)
    assert "runs for 25 min, longer than 24 min" in troubles()[0].text


def test_what_is_usual_has_a_floor_and_what_is_unknown_an_hour():
    assert long_limit(None, SECOND) == 10 * MINUTE
    assert long_limit(None, None) == HOUR
    assert long_limit(5 * SECOND, HOUR) == 5 * SECOND


def test_no_success_for_too_long_is_silence(body):
    def breaks(progress, **args):
        raise ValueError("no")

    body(breaks)
    schedule = make_schedule(kind="test.plain", args={}, age=5 * HOUR, silent_after=2 * HOUR)
    fire("test.pair")
    drain()
    (trouble,) = troubles()
    assert trouble.key == "silent:test.pair"
    assert "has not succeeded yet" in trouble.text

    Schedule.objects.update(succeeded_at=Now() - 3 * HOUR)
    assert "last succeeded 3 h ago" in troubles()[0].text
    change(schedule, actor=None, clock="every 2 h")
    assert keys() == [], "it counts anew"


def test_silence_is_measured_by_the_gaps_between_due_times():
    (one,) = [make_schedule("0 9 * * mon-fri")]
    (standing,) = standings()
    due = [standing.now + number * DAY for number in (0, 1, 2, 5, 6)]
    assert silence_limit(None, due, one.grace) == 9 * DAY + one.grace
    assert silence_limit(None, [standing.now, standing.now + MINUTE], one.grace) == HOUR + one.grace
    assert silence_limit(DAY, due, one.grace) == DAY


def test_a_clock_nobody_can_read_is_an_alarm():
    make_schedule("sometimes")
    assert keys() == ["unreadable:test.pair"]


def test_due_work_in_a_queue_that_no_living_worker_serves():
    start("test.plain", {}, actor=None)
    Run.objects.update(available_at=Now() - MINUTE)
    assert keys() == []
    SignOfLife.objects.filter(name="worker:w1").update(queues=["boards"])
    assert keys() == ["unserved:default"]
    SignOfLife.objects.filter(name="worker:w1").update(queues=["default"], seen_at=Now() - MINUTE)
    (trouble,) = troubles()
    assert trouble.text == "No worker serves the queue default; its oldest work has waited 1 min"
    queues.pause("default", why="", actor=None)
    assert keys() == []


def test_a_clock_that_is_away_for_more_than_its_slowest_tick():
    make_schedule(age=HOUR, accounted_until=Now())
    SignOfLife.objects.filter(name="beat:here").update(seen_at=Now() - MINUTE)
    (trouble,) = troubles()
    assert trouble.key == "beat:beat"
    assert "last seen 1 min ago; workers fire the schedules meanwhile" in trouble.text
    SignOfLife.objects.filter(name="beat:here").update(every=HOUR)
    assert keys() == [], "it ticks once an hour only"

    SignOfLife.objects.all().delete()
    (trouble,) = troubles()
    assert trouble.text == "The clock (beat) was never seen; nobody fires the schedules"


def test_a_system_without_schedules_misses_no_clock():
    SignOfLife.objects.all().delete()
    assert keys() == []


def told():
    rows = Event.objects.filter(fact__startswith="runs.alarm").order_by("seq")
    return [(row.stream, row.type, row.data["alarm"]) for row in rows]


def test_an_alarm_is_told_once_when_it_begins_and_once_when_it_is_over():
    start("test.plain", {}, actor=None)
    Run.objects.update(available_at=Now() - MINUTE)
    SignOfLife.objects.filter(name="worker:w1").delete()

    assert alarms.look() == (1, 0)
    assert alarms.look() == (0, 0)
    assert Alarm.objects.get().key == "unserved:default"
    life.show_life("worker:w2", every=SECOND, queues=("default",))
    assert alarms.look() == (0, 1)
    assert alarms.look() == (0, 0)
    assert told() == [
        ("staff", "runs.alarm_raised", "unserved:default"),
        ("staff", "runs.alarm_ended", "unserved:default"),
    ]
    assert not Alarm.objects.exists()


def test_a_success_is_remembered_longer_than_its_run():
    schedule = make_schedule(age=HOUR)
    fire("test.pair")
    drain()
    alarms.look()
    schedule.refresh_from_db()
    assert schedule.succeeded_at == Run.objects.get().finished_at


def test_looking_costs_the_same_for_twenty_schedules_as_for_one(django_assert_num_queries):
    def count(number):
        for n in range(number):
            name = f"test {n} of {number}"
            make_schedule(name=name, accounted_until=Now(), succeeded_at=Now())
        with django_assert_num_queries(7):
            assert troubles() == []

    count(1)
    count(19)


@pytest.mark.django_db(transaction=True)
def test_beat_shows_life_with_every_tick_and_looks_for_trouble():
    SignOfLife.objects.all().delete()
    start("test.plain", {}, actor=None)
    Run.objects.update(available_at=Now() - MINUTE)
    scheduler = Scheduler(app=_app(), max_interval=7, lazy=True)
    assert scheduler.tick() <= 7
    assert not Alarm.objects.exists(), "who just began gives the others a moment"
    scheduler.shown, scheduler.rounds.last = None, 0.0
    scheduler.tick()
    sign = SignOfLife.objects.get()
    assert sign.name.startswith("beat:")
    assert sign.every == 7 * SECOND
    assert Alarm.objects.get().key == "unserved:default"


def _app():
    from jobly.celery import app  # noqa: PLC0415 - no settings yet when this file is loaded

    return app
