"""Several things break together, as they do (row 29)."""

import signal
import time

import pytest

from tests.real import postings
from tests.real.checks import gather, i3_each_file_is_taken_once, violations
from tests.real.load import Oracle, Recruiter
from tests.real.watching import (
    followers,
    i13_strangers_saw_nothing,
    i14_no_secret_is_told,
    i15_all_is_bounded,
    what_clients_saw,
)
from tests.real.world import ALL_CHANNELS

pytestmark = [pytest.mark.faults, pytest.mark.row(29), pytest.mark.story(own_database=True)]
LEASES = 6.0  # seconds; three of them


def break_all(world, asleep, draw):
    """Pause a worker past its lease, and meanwhile crash the database and empty the broker."""
    asleep.family(signal.SIGSTOP)
    world.cluster.crash()
    world.kill_valkey()
    time.sleep(draw.uniform(0.2, 1.5))
    world.cluster.start()
    world.look_again()
    world.restart_valkey()
    forgotten = world.value("SELECT clock_timestamp()")
    time.sleep(LEASES)
    asleep.family(signal.SIGCONT)
    return forgotten


@pytest.mark.parametrize("turns", [pytest.param(1, marks=pytest.mark.quick), 4])
def test_a_paused_worker_a_database_restart_and_an_empty_broker_at_once(turns, world, draw):
    workers = [world.start_worker("one"), world.start_worker("two")]
    world.start_live()
    world.start_web()
    clients, oracle, recruiter = followers(world), Oracle(world), Recruiter(world)
    oracle.start()
    recruiter.start()
    forgotten = []
    for turn in range(turns):
        world.act("apply", channels=ALL_CHANNELS, job_ids=world.act("jobs", count=3))
        world.act("upload", text=postings.csv(600, first=10_000 * (turn + 1)), name=f"{turn}.csv")
        time.sleep(draw.uniform(0.3, 1.5))
        forgotten.append(break_all(world, workers[turn % 2], draw))
    history = recruiter.finish()
    world.until_rest(120, mending=True)

    found = gather(world)
    found.forgotten = forgotten
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []
    assert {sent.outcome for sent in history} == {"ok"}
    assert {row["status"] for row in found.distributions} == {"published"}
    assert what_clients_saw(found, world, clients) == []
    assert i13_strangers_saw_nothing(oracle) == []
    assert i14_no_secret_is_told(world) == []
    assert i15_all_is_bounded(world) == []
