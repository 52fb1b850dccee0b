"""Workers that are asked to leave give back what they hold (row 27)."""

import pytest

from tests.real import postings
from tests.real.checks import gather, violations
from tests.real.world import BOARDS

pytestmark = pytest.mark.faults
ROWS = 2500


def test_an_import_outlives_the_workers_that_are_told_to_go(world):
    """Each leaves within seconds, its run goes back with its attempt, the next one goes on."""
    world.act("upload", text=postings.csv(ROWS))
    for _ in range(2):
        before = world.count("ingestion_processedjob")
        worker = world.start_worker()
        world.until(
            lambda before=before: world.count("ingestion_processedjob") > before, "rows are stored"
        )
        assert worker.stop() < 15
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
    world.plan_faults({"kind": "timeout_after_accept", "share": 1.0, "seconds": 60})
    world.act("figures", call_timeout="00:00:03")
    ids = world.act("jobs", count=4)
    worker = world.start_worker()
    world.act("apply", channels=BOARDS, job_ids=ids)
    world.until(lambda: [e for e in world.ledger() if e["op"] == "create"], "a call is open")

    assert worker.stop() < 15
    world.boards("DELETE", "/faults")
    world.start_worker("next")
    world.until_rest(90, mending=True)

    found = gather(world)
    assert violations(found) == []
    assert {run["crash_count"] for run in found.runs} == {0}
