"""Runs that are cancelled in every state and at every point they may die at (row 28)."""

import os
import signal
import time
from pathlib import Path

import pytest

from jobly.runs.actions.crash import crashpoints
from tests.real import postings
from tests.real.checks import gather, violations
from tests.real.world import ALL_CHANNELS, BOARDS

from .test_crashes import ELSEWHERE, OTHERS

APART = ELSEWHERE | OTHERS

pytestmark = [pytest.mark.faults, pytest.mark.row(28), pytest.mark.story]
QUICK = ("dist.after_post", 0.0)
OPEN = "SELECT id FROM runs_run WHERE status IN ('queued', 'running')"
# what only the clock's sweep would take up again, minutes later
CANCELLED = """
    SELECT id FROM runs_run WHERE status = 'cancelled'
    AND kind IN ('ingestion.process', 'ingestion.load', 'distribution.follow_up') ORDER BY id
"""
LONGER = 3.0  # seconds; more than a lease
POINTS = [
    pytest.param(
        point,
        sleeps,
        marks=[pytest.mark.quick] if (point, sleeps) == QUICK else [],
        id=f"{point} {'past the lease' if sleeps else 'at once'}",
    )
    for point in crashpoints()
    if point not in APART
    for sleeps in (0.0, LONGER)
]


def cancel_all(world):
    """Cancel whatever is open by the API, the oldest first; return how each answer was."""
    ids = [row["id"] for row in world.query(f"{OPEN} ORDER BY id")]
    return [world.api("POST", f"background-jobs/{run}/cancel/").status_code for run in ids]


def halted(worker):
    """Return the process of the pool that halted itself."""
    stopped = [
        pid
        for pid in worker.children()
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    ]
    return stopped[0] if stopped else None


def make_good(world, ids):
    """Ask for it all once more, as somebody does who changed his mind."""
    world.until_terminal()
    for row in world.query(CANCELLED):
        assert world.api("POST", f"background-jobs/{row['id']}/retry/").status_code == 202
    world.act("apply", channels=ALL_CHANNELS, job_ids=ids)
    world.until_rest(90, mending=True)


@pytest.mark.parametrize(("point", "sleeps"), POINTS)
def test_a_run_cancelled_at_any_point_leaves_no_half_thing(point, sleeps, world):
    world.start_web()
    ids = world.act("jobs", count=2)
    marker = world.var / "halted"
    worker = world.start_worker(JOBLY_CRASH=f"{point}:1:stop", JOBLY_CRASH_ONCE=str(marker))
    world.act("upload", text=postings.csv(3))
    world.act("apply", channels=ALL_CHANNELS, job_ids=ids)
    pid = world.until(marker.exists, f"somebody reaches {point}") and world.until(
        lambda: halted(worker), "it halts"
    )
    time.sleep(sleeps)
    world.later(lambda: os.kill(pid, signal.SIGCONT), 0.5)
    answers = cancel_all(world)
    assert set(answers) <= {200, 409}, answers
    make_good(world, ids)

    found = gather(world)
    assert violations(found) == []
    ours = [row for row in found.distributions if row["job_id"] in ids]
    assert {row["status"] for row in ours} == {"published"}
    assert len(ours) == 8


def test_what_is_cancelled_while_it_waits_is_never_begun(world):
    """Queued, deferred to a later time, and waiting for children."""
    world.start_web()
    world.act("figures", channel="glassdoor", limit_per_minute=1)
    ids = world.act("jobs", count=3)
    (queued,) = world.act("apply", channels=BOARDS, job_ids=ids)
    assert cancel_all(world) == [200]
    worker = world.start_worker()
    (waiting,) = world.act("apply", channels=["glassdoor"], job_ids=ids)
    deferred = "status = 'queued' AND kind = 'distribution.publish' AND fence > 0"
    world.until(lambda: world.count("runs_run", deferred) == 2, "two wait for the quota")
    assert world.api("POST", f"background-jobs/{waiting}/cancel/").status_code == 200
    world.until_terminal()
    ended = world.value("SELECT id FROM runs_run WHERE status = 'succeeded' LIMIT 1")

    assert world.api("POST", f"background-jobs/{ended}/cancel/").status_code == 409
    assert world.api("POST", f"background-jobs/{queued}/cancel/").status_code == 200
    assert len([entry for entry in world.ledger() if entry["op"] == "create"]) == 1
    fates = world.query("SELECT status, count(*) FROM runs_run GROUP BY 1 ORDER BY 1")
    assert {row["status"]: row["count"] for row in fates} == {"cancelled": 4, "succeeded": 1}
    world.act("figures", channel="glassdoor", limit_per_minute=6000)
    make_good(world, ids)
    assert worker.is_alive
    assert violations(gather(world)) == []
