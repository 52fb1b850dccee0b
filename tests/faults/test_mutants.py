"""The harness is checked: a worker that lacks a safeguard is found out (RELIABILITY §3.3)."""

import signal

import pytest

from tests.real import postings
from tests.real.checks import gather, violations

from .board import Answer, Board

pytestmark = pytest.mark.faults


def test_without_fences_a_sleeper_spoils_what_its_successor_does(world):
    first = world.start_worker("first", mutant="no_fence")
    world.act("upload", text=postings.csv(4000))
    world.until(lambda: world.count("ingestion_processedjob"), "the first rows are stored")
    first.family(signal.SIGSTOP)
    world.start_worker("second")
    taken = "kind = 'ingestion.process' AND crash_count > 0 AND status = 'running'"
    world.until(lambda: world.count("runs_run", taken), "the second worker has taken over", 30)
    first.family(signal.SIGCONT)
    world.until(lambda: not world.count("runs_run", "finished_at IS NULL"), "all has ended")

    assert violations(gather(world))


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
