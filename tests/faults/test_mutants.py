"""The harness is checked: what lacks a safeguard turns it red, and with it it is green.

Each scenario is lived through twice, whole and mutated, and looked at by the same checks
(RELIABILITY §3.3). The mutation is in the memory of one process only (`tests.real.mutant`).
"""

import signal
import time

import pytest

from tests.real.checks import gather, i4_each_posting_is_live_once, violations
from tests.real.watching import followers, what_clients_saw

from .board import Answer, Board

pytestmark = [pytest.mark.faults, pytest.mark.story]


def judge(wrong, mutant, invariant, note):
    """Expect no violation where nothing lacks, and one of this invariant where something does."""
    note["found"] = wrong[:5]
    if mutant:
        assert [line for line in wrong if line.startswith(invariant)], wrong
    else:
        assert wrong == []


@pytest.mark.mutation("no fence clause")
@pytest.mark.parametrize("mutant", ["no_clock", "no_fence"])
def test_it_is_the_fence_that_refuses_what_a_sleeper_writes(mutant, world, note):
    """Without the worker's own clock the fence alone keeps it from writing; then without either."""
    (run,) = world.act("repeat", kind="proof.sleep", args={"seconds": 1}, times=1)
    first = world.start_worker("first", mutant=mutant)
    world.until(lambda: world.count("runs_run", "status = 'running'"), "it sleeps")
    first.family(signal.SIGSTOP)
    second = world.start_worker("second")
    world.until(lambda: world.count("runs_run", "status = 'succeeded'"), "another has done it")
    second.family(signal.SIGSTOP)

    first.family(signal.SIGCONT)
    time.sleep(2)

    effects = world.count("runs_event", "type = 'proof.woken' AND run_id = %s", run)
    assert effects == (2 if mutant == "no_fence" else 1)
    judge(violations(gather(world)), mutant == "no_fence", "i2", note)


RUNS = 60


@pytest.mark.mutation("id > last")
@pytest.mark.parametrize(
    ("writer", "reader"), [("slow_commit", ""), ("sequence", "id_after_last")], ids=["whole", ""]
)
def test_without_a_counter_of_its_own_a_stream_is_read_with_holes(writer, reader, world, note):
    """Numbers of a sequence are passed by readers when they are committed late."""
    with world.cluster.admin(world.name) as admin:
        admin.execute(f"CREATE SEQUENCE told START {RUNS + 1}")
        admin.execute("GRANT ALL ON SEQUENCE told TO jobly")
    world.start_live(mutant=reader)
    world.act("repeat", kind="proof.sleep", args={"seconds": 0}, times=RUNS)
    clients = followers(world)
    for number in (1, 2):
        world.start_worker(f"worker-{number}", mutant=writer)
    world.until_rest()
    found = gather(world)

    wrong = what_clients_saw(found, world, clients, patience=3 if reader else 30)
    wrong += violations(found) if not reader else []

    judge(wrong, reader, "i7", note)


@pytest.mark.mutation("no reconcile")
@pytest.mark.parametrize("mutant", ["", "no_reconciling"])
def test_without_reconciling_a_posting_is_made_twice(mutant, world, note):
    board = Board()
    world.act(
        "rewire", channel="glassdoor", base_url=board.url, idempotent_create=False, lookup=True
    )
    board.script = [Answer(reset=True)]
    world.start_worker(mutant=mutant)

    ids = world.act("jobs", count=2)
    world.act("apply", channels=["glassdoor"], job_ids=ids)
    world.until_rest()
    found = gather(world)
    found.ledger, found.live = board.ledger(), board.live()
    board.close()

    judge(i4_each_posting_is_live_once(found), mutant, "", note)
