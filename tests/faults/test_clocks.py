"""Clocks of our programs that are wrong by hours and days, and jump (row 13)."""

from datetime import timedelta

import pytest

from tests.real import postings
from tests.real.checks import (
    gather,
    i3_each_file_is_taken_once,
    i10_each_slot_is_accounted_for,
    violations,
)
from tests.real.load import Recruiter
from tests.real.skewed import Clock
from tests.real.world import ALL_CHANNELS

pytestmark = [pytest.mark.faults, pytest.mark.row(13)]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVERY = timedelta(seconds=2)


def clock(world, name, ahead):
    clock = Clock(world.var / f"{name}.clock")
    clock.set(ahead)
    return clock


def until_fired(world, schedule):
    """Wait for two slots more: on a machine that is busy, programs take long to begin."""
    slots = "schedule_id = (SELECT id FROM runs_schedule WHERE name = %s)"
    wanted = world.count("runs_scheduleslot", slots, schedule) + 2
    world.until(
        lambda: world.count("runs_scheduleslot", slots, schedule) >= wanted, f"{schedule} fires"
    )


@pytest.mark.story
@pytest.mark.parametrize(
    ("ahead", "then"),
    [pytest.param(DAY, -HOUR, marks=pytest.mark.quick), (-DAY, HOUR)],
    ids=["a day ahead", "a day behind"],
)
def test_only_the_database_says_what_time_it_is(ahead, then, world):
    """Each program has another clock; in the middle of the work all of them jump."""
    apart = {"one": ahead, "two": -ahead / 24, "beat": ahead, "web": -ahead}
    clocks = {name: clock(world, name, by) for name, by in apart.items()}
    world.act("schedule", name="tick", kind="proof.sleep", args={"seconds": 0}, clock="every 2 s")
    world.act("figures", channel="glassdoor", idempotent_create=False)
    world.plan_faults(
        {"kind": "timeout_after_accept", "share": 0.3, "seconds": 1.5, "board": "glassdoor"},
        {"kind": "429", "share": 0.2},
        seed=7,
    )
    for name in ("one", "two"):
        world.start_worker(name, under=clocks[name].under)
    world.start_beat(under=clocks["beat"].under)
    world.start_web(under=clocks["web"].under)
    recruiter = Recruiter(world, pause=1)
    recruiter.start()
    world.act("apply", channels=ALL_CHANNELS, job_ids=world.act("jobs", count=4))
    until_fired(world, "tick")
    for clock_of in clocks.values():
        clock_of.set(then)
    until_fired(world, "tick")
    world.act("upload", text=postings.csv(40, first=5000))
    history = recruiter.finish()
    now = world.switch_off("tick")
    world.until_rest(120, mending=True)

    found = gather(world)
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []
    assert i10_each_slot_is_accounted_for(found, "tick", every=EVERY, until=now - 2 * EVERY) == []
    assert {row["status"] for row in found.distributions} == {"published"}
