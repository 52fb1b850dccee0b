"""The clock killed, there twice, away for a while and through nights that change it (row 21)."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.real.checks import gather, i10_each_slot_is_accounted_for, violations

pytestmark = [pytest.mark.faults, pytest.mark.row(21), pytest.mark.story]
EVERY = timedelta(seconds=2)
AWAY = 9.0  # seconds, in which four slots pass
OSLO = ZoneInfo("Europe/Oslo")
LATE = timedelta(seconds=1)


def schedule(world, name, **columns):
    given = {"kind": "proof.sleep", "args": {"seconds": 0}, "clock": "every 2 s"}
    world.act("schedule", name=name, **given | {"overlap": "allow"} | columns)


def rest(world, *names):
    """Let the schedules fire no more and wait for their runs; return what there is and until when.

    The database says which were due: a slot that nobody had fired yet is none that was lost.
    """
    until = min(world.switch_off(name) for name in names) - EVERY
    world.until_rest()
    return gather(world), until


def catch_up(world, *names):
    """Wait until each schedule has fired its last slot: other stories may hold the clock up."""
    late = (
        "SELECT count(*) FROM runs_schedule WHERE name = ANY(%s) AND NOT EXISTS (SELECT FROM"
        " runs_scheduleslot s WHERE s.schedule_id = runs_schedule.id AND s.slot > now() - %s)"
    )
    world.until(lambda: not world.value(late, list(names), 1.5 * EVERY), "the clock has caught up")


@pytest.mark.quick
def test_two_beats_and_their_deaths_fire_each_slot_once(world):
    schedule(world, "tick")
    world.start_worker()
    beats = [world.start_beat("beat-1"), world.start_beat("beat-2")]
    world.until(lambda: world.count("runs_scheduleslot"), "the first slot is fired")
    for turn in range(3):
        time.sleep(2)
        beats[turn % 2] = beats[turn % 2].replace()
    catch_up(world, "tick")
    found, until = rest(world, "tick")

    assert violations(found) == []
    assert i10_each_slot_is_accounted_for(found, "tick", every=EVERY, until=until) == []
    ticks = [slot for slot in found.slots if slot["name"] == "tick"]
    made = [event for event in found.events if event["type"] == "proof.woken"]
    assert len(made) == sum(slot["outcome"] == "run" for slot in ticks) >= 3


def test_slots_that_nobody_was_there_for_go_by_their_rule(world):
    names = ("run_once", "run_all", "skip")
    for name in names:
        schedule(world, name, misfire=name, grace="00:00:01")
    pair = [world.start_worker(), world.start_beat()]
    world.until(lambda: world.count("runs_scheduleslot") >= 3, "all have fired")
    for process in pair:
        process.kill()
    gone = world.value("SELECT clock_timestamp()")
    time.sleep(AWAY)
    back = world.value("SELECT clock_timestamp()")
    for process in pair:
        process.again()
    after = "SELECT count(DISTINCT schedule_id) FROM runs_scheduleslot WHERE slot > %s"
    world.until(lambda: world.value(after, back) == 3, "all fire again")
    catch_up(world, *names)
    found, until = rest(world, *names)

    assert violations(found) == []
    for name in names:
        assert i10_each_slot_is_accounted_for(found, name, every=EVERY, until=until) == []
    missed = {
        name: [
            slot["outcome"]
            for slot in found.slots
            if slot["name"] == name and gone + LATE < slot["slot"] < back - EVERY
        ]
        for name in names
    }
    assert all(len(outcomes) >= 3 for outcomes in missed.values()), missed
    assert set(missed["run_all"]) == {"run"}
    assert set(missed["run_once"]) == {"coalesced"}
    assert "run" not in missed["skip"]


def last_change(*, forward):
    """Find the last night in which the clocks of Oslo went forward, or back."""
    day = datetime.now(UTC)
    while True:
        day -= timedelta(days=1)
        night = datetime(day.year, day.month, day.day, tzinfo=OSLO)
        turn = (night + timedelta(days=1)).utcoffset() - night.utcoffset()
        if turn == timedelta(hours=1 if forward else -1):
            return night


def test_nights_that_change_the_clock_have_their_slot_once(world):
    """02:30 does not exist in spring, and comes twice in autumn."""
    nights = {"spring": last_change(forward=True), "autumn": last_change(forward=False)}
    for name, night in nights.items():
        schedule(
            world,
            name,
            clock=f"30 2 {night.day - 1}-{night.day} {night.month} *",
            timezone="Europe/Oslo",
            misfire="run_all",
            before=(night - timedelta(days=3)).isoformat(),
        )
    for number in (1, 2):
        world.start_worker(f"worker-{number}")
        world.start_beat(f"beat-{number}")
    world.until(lambda: world.count("runs_scheduleslot") >= 4, "the nights are made good")
    time.sleep(3)
    found, _ = rest(world, *nights)

    assert violations(found) == []
    fired = {name: [s["slot"] for s in found.slots if s["name"] == name] for name in nights}
    half_past_two = timedelta(hours=2, minutes=30)
    spring, autumn = nights["spring"].astimezone(UTC), nights["autumn"].astimezone(UTC)
    day = timedelta(days=1)
    assert fired == {
        "spring": [spring - day + half_past_two, spring + timedelta(hours=2)],
        "autumn": [autumn - day + half_past_two, autumn + half_past_two],
    }
    runs = [slot["run_id"] for slot in found.slots if slot["name"] in nights]
    assert len(set(runs)) == 4
    assert None not in runs
