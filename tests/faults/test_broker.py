"""The broker away, flapping and forgetful: nothing is lost and nobody waits (rows 4 and 5)."""

import time

import pytest

from tests.real import checks, postings
from tests.real.checks import gather, violations
from tests.real.streams import Events, Socket, rest
from tests.real.world import ALL_CHANNELS

pytestmark = pytest.mark.faults
AWAY_SECONDS, FLAPS = 3.0, 3


@pytest.fixture
def served(world):
    """A world with pages, live streams and a worker, followed by two clients from the start."""
    world.start_worker()
    world.start_live()
    world.start_web()
    clients = [Socket(world), Events(world)]
    for client in clients:
        client.start()
    yield world, clients
    for client in clients:
        client.stop()


def send(world, number):
    """Upload a file of two jobs; return how long the answer took, and it."""
    began = time.monotonic()
    file = (f"{number}.csv", postings.csv(2, first=number * 2 + 1))
    form = {"company": "acme", "mode": "skip"}
    answer = world.api("POST", "uploads/", data=form, files={"file": file})
    assert answer.status_code == 202, answer.text
    return time.monotonic() - began, answer.json()["id"]


def test_without_a_broker_the_api_answers_and_all_is_done_when_it_is_back(served):
    world, clients = served
    send(world, 0)
    world.until(lambda: world.count("ingestion_job") == 2, "the first file is loaded")
    took, number = [], 1
    for flap in range(FLAPS):
        world.kill_valkey()
        until = time.monotonic() + (AWAY_SECONDS if flap == 0 else 0.7)
        while time.monotonic() < until:
            took.append(send(world, number)[0])
            number += 1
        world.restart_valkey()
        time.sleep(0.5)

    world.until_rest(90)

    took.sort()
    assert took[int(len(took) * 0.95)] < 3, took
    assert world.count("ingestion_upload", "status = 'loaded'") == number
    assert world.count("ingestion_job") == 2 * number
    found = gather(world)
    assert violations(found) == []
    stored = [event for event in found.events if event["stream"] == world.stream]
    last = len(stored)
    for client in clients:
        # pokes were lost with the broker: a client looks by itself within some seconds
        world.until(lambda client=client: client.position >= last, client.told, 20)
        assert checks.i7_stream_is_whole(client.history, last=last, stored=stored) == []
    assert checks.i7_stream_is_whole(rest(world), last=last, stored=stored) == []


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
