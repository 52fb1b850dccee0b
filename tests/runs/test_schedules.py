import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django_celery_beat.models import PeriodicTask

from jobly.runs.actions.execution import drain
from jobly.runs.actions.schedules import ensure_schedules, fire, fire_due
from jobly.runs.models import Run, Schedule, ScheduleSlot


def make_schedule(clock="every 1 h", *, age=timedelta(hours=3), **overrides):
    fields = {"name": "test.pair", "kind": "test.pair", "args": {"left": 1}, "clock": clock}
    return Schedule.objects.create(**fields | {"created_at": Now() - age} | overrides)


def outcomes():
    return list(ScheduleSlot.objects.order_by("slot").values_list("outcome", flat=True))


def one_hour_later():
    """Move what is recorded one hour back, which is as if an hour had passed."""
    hour = timedelta(hours=1)
    ScheduleSlot.objects.update(slot=F("slot") - hour)
    Schedule.objects.update(accounted_until=F("accounted_until") - hour)
    Run.objects.update(created_at=F("created_at") - hour, finished_at=F("finished_at") - hour)


@pytest.mark.django_db
def test_schedules_come_from_the_wiring_once_and_are_never_overwritten(settings):
    settings.RUN_ON_CLOCK = {"17 3 * * *": ("test.plain",), "every 30 s": ("test.steps",)}
    assert ensure_schedules() == 2

    daily = Schedule.objects.get(name="test.plain")
    task = daily.periodic_task
    assert (task.task, json.loads(task.args)) == ("runs.fire", ["test.plain"])
    assert (task.crontab.minute, task.crontab.hour) == ("17", "3")
    assert Schedule.objects.get(name="test.steps").periodic_task.interval.every == 30
    assert PeriodicTask.objects.filter(task="runs.sweep").count() == 1

    Schedule.objects.update(enabled=False)
    PeriodicTask.objects.update(enabled=False)
    settings.RUN_ON_CLOCK = {"5 5 * * *": ("test.plain",)}
    assert ensure_schedules() == 0
    task.refresh_from_db()
    assert (task.enabled, task.crontab.minute) == (False, "17")


@pytest.mark.django_db
def test_a_slot_is_fired_once_however_often_it_is_asked_for():
    make_schedule(age=timedelta(hours=1))
    (run,) = fire("test.pair")
    assert (run.kind, run.args, run.stream) == ("test.pair", {"left": 1}, "staff")
    assert fire("test.pair") == []
    assert outcomes() == ["run"]


@pytest.mark.django_db(transaction=True)
def test_two_beats_that_fire_at_once_start_one_run():
    make_schedule(age=timedelta(hours=1))
    gate = threading.Barrier(4)

    def beat():
        gate.wait()
        fire("test.pair")
        connection.close()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Run.objects.count() == 1
    assert outcomes() == ["run"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("misfire", "runs", "written"),
    [
        ("run_once", 1, ["coalesced", "coalesced", "run"]),
        ("run_all", 3, ["run", "run", "run"]),
        ("skip", 0, ["skipped", "skipped", "skipped"]),
    ],
)
def test_slots_missed_while_everything_was_down(misfire, runs, written):
    make_schedule(misfire=misfire, overlap="allow", grace=timedelta(0))
    assert len(fire("test.pair")) == runs
    assert outcomes() == written


@pytest.mark.django_db
def test_missed_slots_are_made_good_one_after_the_other_unless_they_may_overlap():
    make_schedule(misfire="run_all", overlap="queue")
    begun = []
    for _ in range(5):
        begun.append(len(fire("test.pair")))
        assert fire("test.pair") == [], "the one before it has not ended"
        drain()
    assert begun == [1, 1, 1, 0, 0]
    assert outcomes() == ["run"] * 3


@pytest.mark.django_db
def test_at_most_twenty_four_missed_slots_are_made_good():
    make_schedule("every 1 min", age=timedelta(hours=2), misfire="run_all", overlap="allow")
    assert len(fire("test.pair")) == 24
    assert fire("test.pair") == []


@pytest.mark.django_db
def test_every_due_time_of_a_long_absence_is_accounted_for():
    schedule = make_schedule("every 1 min", age=timedelta(minutes=5000))
    (run,) = fire("test.pair")
    rows = schedule.slots.order_by("slot")
    assert rows.count() == 100
    assert sum(rows.values_list("stands_for", flat=True)) in {5000, 5001}
    assert rows.last().run_id == run.pk
    schedule.refresh_from_db()
    assert schedule.accounted_until == rows.last().slot


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("overlap", "while_busy", "afterwards"), [("skip", 0, 0), ("queue", 0, 1), ("allow", 1, 0)]
)
def test_a_slot_whose_predecessor_still_runs(overlap, while_busy, afterwards):
    schedule = make_schedule(age=timedelta(hours=1), overlap=overlap)
    fire("test.pair")
    one_hour_later()

    assert len(fire("test.pair")) == while_busy
    drain()
    assert len(fire("test.pair")) == afterwards
    assert schedule.slots.count() == 2
    whys = {"skip": "busy", "queue": "", "allow": ""}
    assert schedule.slots.latest("slot").why == whys[overlap]


@pytest.mark.django_db
def test_slots_that_are_forgotten_do_not_fire_again():
    schedule = make_schedule(age=timedelta(hours=1))
    fire("test.pair")
    schedule.slots.all().delete()
    Run.objects.all().delete()
    assert fire("test.pair") == []


@pytest.mark.django_db
def test_one_that_cannot_be_fired_does_not_stop_the_others(caplog):
    make_schedule(age=timedelta(hours=1))
    make_schedule(name="no clock", clock="never", age=timedelta(hours=1))
    make_schedule(name="no kind", kind="test.gone", age=timedelta(hours=1))
    make_schedule(name="no zone", timezone="Mars/Olympus", clock="0 0 * * *")
    assert fire_due() == 1
    assert "no clock cannot be fired" in caplog.text
    assert "no kind cannot be fired" in caplog.text
    assert "no zone cannot be fired" in caplog.text
    assert Schedule.objects.filter(accounted_until=None).count() == 3


@pytest.mark.django_db
def test_what_is_not_due_costs_two_questions(django_assert_num_queries):
    for number in range(20):
        make_schedule(name=f"test {number}", clock="every 1 h", accounted_until=Now())
    with django_assert_num_queries(2):
        assert fire_due() == 0


@pytest.mark.django_db
def test_a_sunday_that_beat_cannot_spell_is_written_so_that_it_can(settings):
    settings.RUN_ON_CLOCK = {"0 22-2 * jan-feb 7": ("test.plain",)}
    ensure_schedules()
    row = Schedule.objects.get().periodic_task.crontab
    row.full_clean()
    assert (row.hour, row.month_of_year, row.day_of_week) == ("0-2,22-23", "1-2", "0")
    assert row.schedule.day_of_week == {0}


@pytest.mark.django_db
def test_an_operators_change_of_the_beat_row_counts(settings):
    settings.RUN_ON_CLOCK = {"0 3 1 1 *": ("test.plain",)}
    ensure_schedules()
    Schedule.objects.update(created_at=Now() - timedelta(minutes=3))
    assert fire_due() == 0

    crontab = Schedule.objects.get().periodic_task.crontab
    crontab.minute = crontab.hour = crontab.day_of_month = crontab.month_of_year = "*"
    crontab.save()
    assert fire_due() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["schedule", "beat row"])
def test_what_is_switched_off_does_not_fire(settings, which):
    settings.RUN_ON_CLOCK = {"* * * * *": ("test.plain",)}
    ensure_schedules()
    Schedule.objects.update(created_at=Now() - timedelta(minutes=3))
    (Schedule if which == "schedule" else PeriodicTask).objects.update(enabled=False)
    assert fire("test.plain") == []
    assert fire("nobody") == []
