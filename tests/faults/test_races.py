"""The same work twice: repeated messages and facts, and workers that wake up late (11, 12)."""

import os
import signal
import time

import pytest

from tests.real import postings
from tests.real.checks import gather, violations
from tests.real.world import ALL_CHANNELS

pytestmark = [pytest.mark.faults, pytest.mark.story]
TIMES = 5
LEASE = 2.0  # seconds


@pytest.mark.row(11)
def test_the_same_fact_five_times_has_one_effect(world):
    upload = world.act("upload", text=postings.csv(30))
    collection = str(
        world.value("SELECT collection_id FROM ingestion_upload WHERE id = %s", upload)
    )
    world.act("repeat", kind="ingestion.process", args={"collection_id": collection}, times=TIMES)
    world.start_worker("one")
    world.start_worker("two")
    world.until_rest()
    processing = str(world.value("SELECT id FROM ingestion_processing"))
    world.act("repeat", kind="ingestion.load", args={"processing_id": processing}, times=TIMES)
    ids = [row["id"] for row in world.query("SELECT id FROM ingestion_job ORDER BY id LIMIT 3")]
    world.act("apply", channels=ALL_CHANNELS, job_ids=ids, times=TIMES)
    world.until_rest()
    (row, *_) = world.query("SELECT id FROM distribution_distribution WHERE status = 'published'")
    args = {"distribution_id": str(row["id"])}
    world.act("repeat", kind="distribution.publish", args=args, times=TIMES)
    world.until_rest()

    found = gather(world)

    assert violations(found) == []
    assert (len(found.jobs), len(found.processings)) == (30, 1)
    assert [d["status"] for d in found.distributions] == ["published"] * 12


@pytest.mark.row(11)
@pytest.mark.quick
def test_the_same_message_five_times_executes_each_run_once(world):
    ids = world.act("jobs", count=3)
    world.start_worker("one")
    world.start_worker("two")
    world.act("apply", channels=ALL_CHANNELS, job_ids=ids)
    for _ in range(10):
        world.act("ring", queues=["default", "boards", "etl"], times=TIMES)
        time.sleep(0.1)
    world.until_rest()

    found = gather(world)

    assert violations(found) == []
    claims = [[e for e in run["history"] if e["what"] == "claimed"] for run in found.runs]
    assert {len(claim) for run, claim in zip(found.runs, claims, strict=True)
            if run["kind"] == "distribution.publish"} == {1}  # fmt: skip


WHO = {
    "all": lambda worker: [worker.child.pid, *worker.children()],
    "the main process": lambda worker: [worker.child.pid],
    "the pool": lambda worker: worker.children(),
}


def tell_all(pids, by):
    for pid in pids:
        os.kill(pid, by)


@pytest.mark.row(12)
@pytest.mark.parametrize("who", [pytest.param("all", marks=pytest.mark.quick), *list(WHO)[1:]])
def test_a_worker_that_sleeps_through_its_lease_changes_nothing_more(who, world):
    world.act("figures", channel="glassdoor", idempotent_create=False)
    first = world.start_worker("first")
    (job,) = world.act("jobs", count=1)
    world.plan_faults({"kind": "slow", "share": 1.0, "seconds": 0.8, "board": "glassdoor"})
    world.act("apply", channels=["glassdoor"], job_ids=[job])
    world.until(lambda: [e for e in world.ledger() if e["op"] == "create"], "the board has it")

    asleep = WHO[who](first)
    tell_all(asleep, signal.SIGSTOP)
    world.lengthen_leases()  # the second one's: it is not to lose the run as well
    world.start_worker("second")
    published = "status = 'published'"
    # the first one's main process may hand the hint to its sleeping pool: the next comes in 30 s
    world.until(lambda: world.count("distribution_distribution", published), "it is published")
    time.sleep(LEASE)
    tell_all(asleep, signal.SIGCONT)
    time.sleep(2)
    world.until_rest()

    found = gather(world)
    assert violations(found) == []
    (run,) = [run for run in found.runs if run["kind"] == "distribution.publish"]
    # the pool goes on without its main process, which only hands out work
    assert (run["status"], run["crash_count"]) == ("succeeded", int(who != "the main process"))
    if run["crash_count"]:
        assert "moved on" in first.log.read_text() or "not held any more" in first.log.read_text()


@pytest.mark.row(12)
def test_an_import_whose_worker_froze_in_the_middle_has_each_row_once(world):
    first = world.start_worker("first")
    world.act("upload", text=postings.csv(2500))
    world.until(lambda: world.count("ingestion_processedjob"), "the first rows are stored")

    first.family(signal.SIGSTOP)
    world.start_worker("second")
    frozen = "kind = 'ingestion.process' AND crash_count > 0 AND status = 'running'"
    world.until(lambda: world.count("runs_run", frozen), "the second worker has taken over")
    time.sleep(1)
    first.family(signal.SIGCONT)
    world.until_rest(120)

    found = gather(world)
    assert violations(found) == []
    assert len(found.jobs) == 2500
