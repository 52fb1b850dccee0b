"""Processes of a pool that die alone, and work that takes them down each time (row 3)."""

import os
import signal

import pytest

from tests.real import postings
from tests.real.checks import gather, violations
from tests.real.kinds import WAYS
from tests.real.watching import i15_all_is_bounded

pytestmark = [pytest.mark.faults, pytest.mark.row(3)]
ROWS = 1500
DEADLY = sorted(WAYS.keys() - {"memory"})


@pytest.mark.story
@pytest.mark.quick
def test_work_that_kills_is_given_up_after_three_and_its_neighbours_are_done(world):
    worker = world.start_worker()
    world.until(worker.children, "the pool is there")
    for way in sorted(WAYS):
        world.act("repeat", kind="proof.die", args={"way": way}, times=1)
    world.act("upload", text=postings.csv(30))
    world.until_rest()

    found = gather(world)
    found.doomed = {"proof.die"}
    assert violations(found) == []
    assert len(found.jobs) == 30
    ends = {
        run["args"]["way"]: (run["status"], run["error_code"], run["crash_count"])
        for run in found.runs
        if run["kind"] == "proof.die"
    }
    assert ends == {
        **dict.fromkeys(DEADLY, ("failed", "poison", 3)),
        "memory": ("failed", "internal_error", 0),
    }
    assert worker.is_alive
    assert i15_all_is_bounded(world) == []


@pytest.mark.story
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGSEGV])
def test_an_import_outlives_the_process_that_did_it(by, world):
    worker = world.start_worker()
    world.act("upload", text=postings.csv(ROWS))
    held = "SELECT split_part(owner, ':', 2) FROM runs_run WHERE kind = 'ingestion.process'"
    for _ in range(2):
        before = world.count("ingestion_processedjob")
        world.until(
            lambda before=before: world.count("ingestion_processedjob") > before, "rows are stored"
        )
        if (pid := world.value(held)).isdigit():
            os.kill(int(pid), by)
    world.until_rest()

    found = gather(world)
    assert violations(found) == []
    assert len(found.jobs) == ROWS
    assert sum(run["crash_count"] for run in found.runs) >= 1
    assert len(worker.children()) == 2
