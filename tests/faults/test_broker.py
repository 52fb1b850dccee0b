"""The broker away, forgetful, frozen and silent: nothing is lost, nobody waits (rows 4 to 6)."""

import signal
import time

import pytest
import redis

from tests.real import checks, postings
from tests.real.checks import gather, i3_each_file_is_taken_once, violations
from tests.real.load import Recruiter
from tests.real.streams import rest
from tests.real.watching import followers, what_clients_saw
from tests.real.world import ALL_CHANNELS

pytestmark = pytest.mark.faults
AWAY_SECONDS, FLAPS = 3.0, 3
QUICKLY = 3.0  # seconds in which a request is answered, broker or no broker
FROZEN_SECONDS = 6.0  # three leases


def served(world):
    """Start pages, live streams and a worker, and two clients that follow from the start."""
    world.start_worker()
    world.start_live()
    world.start_web()
    return followers(world)


def slow(history):
    """Return the slowest answer but for one in twenty."""
    took = sorted(sent.slowest for sent in history)
    return took[int(len(took) * 0.95)]


@pytest.mark.row(4)
@pytest.mark.story
@pytest.mark.quick
def test_without_a_broker_the_api_answers_and_all_is_done_when_it_is_back(world):
    clients, recruiter = served(world), Recruiter(world, pause=0.2)
    world.until(lambda: recruiter.send(1).outcome == "ok", "the web takes files")
    world.until(lambda: world.count("ingestion_job") == 2, "the first file is loaded")
    recruiter.start()
    for flap in range(FLAPS):
        world.kill_valkey()
        time.sleep(AWAY_SECONDS if flap == 0 else 0.7)
        world.restart_valkey()
        time.sleep(0.5)
    history = recruiter.finish()
    world.until_rest(90)

    found = gather(world)
    assert slow(history) < QUICKLY
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []
    assert what_clients_saw(found, world, clients) == []
    stored = [event for event in found.events if event["stream"] == world.stream]
    assert checks.i7_stream_is_whole(rest(world), last=len(stored), stored=stored) == []


@pytest.mark.row(5)
@pytest.mark.story
def test_a_broker_that_forgets_everything_loses_nothing(world):
    world.start_worker()
    ids = world.act("jobs", count=6)
    world.plan_faults({"kind": "slow", "share": 1.0, "seconds": 0.3})
    world.act("apply", channels=ALL_CHANNELS, job_ids=ids)
    world.until(lambda: len(world.ledger()) > 3, "work has begun")

    world.kill_valkey()
    world.restart_valkey()
    world.until_rest()

    assert violations(gather(world)) == []
    assert world.count("distribution_distribution", "status = 'published'") == 24


@pytest.mark.row(5)
@pytest.mark.story
@pytest.mark.quick
def test_a_flushed_broker_refills_a_quota_once_and_no_more(world):
    limit, jobs = 3, 10
    world.act("figures", channel="glassdoor", limit_per_minute=limit)
    world.start_worker()
    world.act("apply", channels=["glassdoor"], job_ids=world.act("jobs", count=jobs))
    world.until(lambda: len(world.ledger()) == limit, "the allowance is used")
    waiting = "kind = 'distribution.publish' AND status = 'queued' AND available_at > now()"
    world.until(lambda: world.count("runs_run", waiting) == jobs - limit, "the others wait")

    with redis.Redis(unix_socket_path=str(world.at.valkey_socket)) as valkey:
        valkey.flushall()
    forgotten = world.value("SELECT clock_timestamp()")
    world.query("UPDATE runs_run SET available_at = now() WHERE status = 'queued' RETURNING id")
    world.until(lambda: len(world.ledger()) == 2 * limit, "the allowance is used again")
    time.sleep(2)

    found = gather(world)
    found.forgotten = [forgotten]
    assert checks.i12_quota_is_kept(found) == []
    assert len(found.ledger) == 2 * limit
    world.act("figures", channel="glassdoor", limit_per_minute=6000)
    world.query("UPDATE runs_run SET available_at = now() WHERE status = 'queued' RETURNING id")
    world.until_rest()
    assert violations(gather(world)) == []
    assert world.count("distribution_distribution", "status = 'published'") == jobs


@pytest.mark.row(6)
@pytest.mark.story
@pytest.mark.quick
def test_a_broker_that_swallows_everything_keeps_no_request_waiting(world):
    line = world.broker_line()
    world.start_worker()
    world.start_web()
    recruiter = Recruiter(world, pause=0.2)
    recruiter.start()
    world.until(lambda: world.count("ingestion_job") >= 4, "the first files are loaded")
    line.stall()
    time.sleep(8)
    line.flow()
    back = time.monotonic()
    history = recruiter.finish()
    world.until_rest(60)

    found = gather(world)
    assert time.monotonic() - back < 60
    assert slow(history) < QUICKLY
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []
    assert {sent.outcome for sent in history} == {"ok"}


@pytest.mark.row(6)
@pytest.mark.row(12)
@pytest.mark.story
def test_a_broker_that_is_frozen_past_the_lease_is_waited_for(world):
    world.start_worker()
    world.start_web()
    world.plan_faults({"kind": "slow", "share": 1.0, "seconds": 0.3})
    world.act("apply", channels=ALL_CHANNELS, job_ids=world.act("jobs", count=6))
    world.act("upload", text=postings.csv(30))
    world.until(lambda: len(world.ledger()) > 3, "work has begun")

    recruiter = Recruiter(world, pause=0.2)
    recruiter.start()
    world.valkey.send_signal(signal.SIGSTOP)
    time.sleep(FROZEN_SECONDS)
    world.valkey.send_signal(signal.SIGCONT)
    history = recruiter.finish()
    world.until_rest(90)

    found = gather(world)
    assert slow(history) < QUICKLY
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []
    assert world.count("distribution_distribution", "status = 'published'") == 24
