"""The harness is checked: a worker that lacks a safeguard is found out (RELIABILITY §3.3)."""

import signal
import time

import pytest

from .board import Answer, Board

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(("mutant", "effects"), [("no_clock", 1), ("no_fence", 2)])
def test_it_is_the_fence_that_refuses_what_a_sleeper_writes(mutant, effects, world):
    (run,) = world.act("repeat", kind="proof.sleep", args={"seconds": 1}, times=1)
    first = world.start_worker("first", mutant=mutant)
    world.until(lambda: world.count("runs_run", "status = 'running'"), "it sleeps")
    first.family(signal.SIGSTOP)
    second = world.start_worker("second")
    world.until(lambda: world.count("runs_run", "status = 'succeeded'"), "another has done it")
    second.family(signal.SIGSTOP)

    first.family(signal.SIGCONT)
    time.sleep(2)

    assert world.count("runs_event", "type = 'proof.woken' AND run_id = %s", run) == effects


def test_without_reconciling_a_posting_is_made_twice(world):
    board = Board()
    world.act(
        "rewire", channel="glassdoor", base_url=board.url, idempotent_create=False, lookup=True
    )
    board.script = [Answer(reset=True)]
    world.start_worker(mutant="no_reconciling")

    ids = world.act("jobs", count=2)
    world.act("apply", channels=["glassdoor"], job_ids=ids)
    world.until_rest()

    assert max(len(posts) for posts in board.posts.values()) == 2
    board.close()
