"""Workers that are asked to leave, one or one after the other, give back what they hold (27)."""

import time

import pytest

from tests.real import postings
from tests.real.checks import gather, violations
from tests.real.watching import i15_all_is_bounded
from tests.real.world import ALL_CHANNELS, BOARDS

pytestmark = [pytest.mark.faults, pytest.mark.row(27), pytest.mark.story]
ROWS = 2500
EVERY = 3.0  # seconds between two deploys
GRACE = 15.0  # seconds that a worker may take to leave


def test_an_import_outlives_the_workers_that_are_told_to_go(world):
    """Each leaves within seconds, its run goes back with its attempt, the next one goes on."""
    world.lengthen_leases()
    world.act("upload", text=postings.csv(ROWS))
    for _ in range(2):
        before = world.count("ingestion_processedjob")
        worker = world.start_worker()
        world.until(
            lambda before=before: world.count("ingestion_processedjob") > before, "rows are stored"
        )
        assert worker.stop() < GRACE
        assert worker.child.returncode == 0
    runs = world.query("SELECT * FROM runs_run WHERE kind = 'ingestion.process'")
    assert [(r["status"], r["attempt"], r["crash_count"]) for r in runs] == [("queued", 0, 0)]
    assert runs[0]["history"][-1]["what"] == "released"

    world.start_worker()
    world.until_rest()

    found = gather(world)
    assert violations(found) == []
    assert len(found.jobs) == ROWS


def test_a_worker_leaves_in_the_middle_of_a_call_to_a_board(world):
    world.lengthen_leases()
    world.plan_faults({"kind": "timeout_after_accept", "share": 1.0, "seconds": 60})
    world.act("figures", call_timeout="00:00:03")
    ids = world.act("jobs", count=4)
    worker = world.start_worker()
    world.act("apply", channels=BOARDS, job_ids=ids)
    world.until(lambda: [e for e in world.ledger() if e["op"] == "create"], "a call is open")

    assert worker.stop() < GRACE
    world.boards("DELETE", "/faults")
    world.start_worker("next")
    world.until_rest(90, mending=True)

    found = gather(world)
    assert violations(found) == []
    assert {run["crash_count"] for run in found.runs} == {0}


@pytest.mark.parametrize("seconds", [pytest.param(5, marks=pytest.mark.quick), 60])
def test_a_storm_of_rolling_restarts_costs_no_attempt(seconds, world):
    """Every three seconds a new worker comes and, when it is there, the older of two has to go."""
    world.lengthen_leases()
    workers = [world.start_worker(f"worker-{n}") for n in range(2)]
    world.plan_faults({"kind": "slow", "share": 0.5, "seconds": 0.5})
    began, number = time.monotonic(), 2
    while time.monotonic() - began < seconds:
        turn = time.monotonic()
        world.act("upload", text=postings.csv(300, first=1 + 300 * number), name=f"{number}.csv")
        world.act("apply", channels=ALL_CHANNELS, job_ids=world.act("jobs", count=2))
        workers.append(world.start_worker(f"worker-{number}"))
        until_there(world, workers[-1])
        assert workers.pop(0).stop() < GRACE
        number += 1
        time.sleep(max(0.0, EVERY - (time.monotonic() - turn)))
    world.until_rest(120)

    found = gather(world)
    assert violations(found) == []
    assert len(found.jobs) == 302 * (number - 2)
    assert {run["crash_count"] for run in found.runs} == {0}
    assert max(run["attempt"] for run in found.runs) == 1
    assert i15_all_is_bounded(world) == []


def until_there(world, worker):
    """Wait until a worker shows that it is there, as a deploy does before it takes an old one."""
    sign = f"worker:{worker.name}@{world.name}"
    world.until(lambda: world.count("runs_signoflife", "name = %s", sign), f"{sign} is there")
