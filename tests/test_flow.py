"""The picture of docs/ARCHITECTURE.md walked once, with every process real and only APIs used."""

import time

import pytest
import requests

from jobly.embedded.instance import HOST
from tests.real import checks, postings
from tests.real.fixtures import ground, world  # noqa: F401 - fixtures
from tests.real.streams import Events, Socket, rest
from tests.real.world import ALL_CHANNELS, BOARDS

pytestmark = pytest.mark.flow
ROWS = 5


@pytest.fixture
def running(world):  # noqa: F811 - the fixture, not the import
    world.start_worker()
    world.start_live()
    world.start_web()
    return world


def await_run(world, run_url):  # noqa: F811
    """Follow a run by the API to its end; return it."""
    key = run_url.strip("/").split("/")[-1]

    def ended():
        run = world.api("GET", f"background-jobs/{key}/").json()
        return run["status"] in ("succeeded", "failed", "cancelled") and run

    return world.until(ended, f"{run_url} has ended")


def page(world, path):  # noqa: F811
    return requests.get(f"http://{HOST}:{world.port}{path}", timeout=20)


def send_file(world):  # noqa: F811
    """Send a recruiter's file with one row that is none; return the upload once it is loaded."""
    text = postings.csv(ROWS) + postings.row(99).replace("Welder 99", "")
    form = {"company": "acme", "mode": "skip"}
    sent = world.api("POST", "uploads/", data=form, files={"file": ("jobs.csv", text)})
    assert sent.status_code == 202, sent.text
    key = sent.json()["id"]

    def loaded():
        upload = world.api("GET", f"uploads/{key}/").json()
        return upload["status"] == "loaded" and upload

    return world.until(loaded, "the file is loaded")


def publish(world, upload):  # noqa: F811
    """Bring every job of an upload onto every board; return the distributions."""
    wish = {"upload_id": upload["id"], "channels": ALL_CHANNELS, "skip_on_error": True}
    began = world.api("POST", "distributions/bulk/", json=wish)
    assert began.status_code == 202, began.text
    done = await_run(world, began.json()["run_url"])
    assert (done["status"], done["done"]) == ("succeeded", ROWS * len(ALL_CHANNELS))
    world.until_rest()
    return world.api("GET", f"distributions/?upload={upload['id']}&limit=100").json()["results"]


def test_a_file_becomes_jobs_and_the_jobs_are_on_four_boards_live_all_the_way(running):
    clients = [Socket(running), Events(running)]
    for client in clients:
        client.start()

    upload = send_file(running)

    assert upload["books"]["loaded"] == ROWS
    (error,) = upload["books"]["errors"]
    assert (error["row"], error["field"]) == (ROWS + 1, "title")
    assert "A-99" in running.api("GET", f"uploads/{upload['id']}/rejects.csv").text
    found = running.api("GET", "jobs/?q=welder&limit=100").json()
    assert found["count"] == ROWS
    job = found["results"][0]
    assert (job["location"]["city"], job["salary"]["currency"]) == ("Oslo", "NOK")
    assert "Welder 1" not in page(running, "/?q=welder").text  # on no board, ours included

    rows = publish(running, upload)

    assert [row["status"] for row in rows] == ["published"] * ROWS * len(ALL_CHANNELS)
    for board in BOARDS:
        creates = [e["external_id"] for e in running.ledger(board) if e["op"] == "create"]
        assert sorted(creates) == sorted(r["external_id"] for r in rows if r["channel"] == board)
    assert running.act("plan", channels=ALL_CHANNELS) == []
    assert "Welder 1" in page(running, "/?q=welder").text
    assert page(running, f"/jobs/{job['id']}/").status_code == 200
    assert page(running, "/api/v1/jobs/?q=welder").json()["count"] == ROWS
    assert everybody_was_told_the_same(running, clients) == []


def everybody_was_told_the_same(world, clients):  # noqa: F811
    """Compare websocket, SSE and REST with what is stored; return what is wrong."""
    evidence = checks.gather(world)
    stored = [event for event in evidence.events if event["stream"] == world.stream]
    by_rest = rest(world)
    wrong = checks.i7_stream_is_whole(by_rest, last=len(stored), stored=stored)
    for client in clients:
        world.until(lambda client=client: client.position >= len(stored), client.told, 20)
        client.stop()
        wrong += [client.told] if client.history != by_rest else []
    return wrong + checks.violations(evidence)


def test_health_says_that_all_is_well_and_who_is_away(running):
    assert page(running, "/healthz").json() == {"status": "ok"}
    assert page(running, "/readyz").json()["status"] == "ok"

    running.kill_valkey()
    began = time.monotonic()
    ready = page(running, "/readyz")

    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert time.monotonic() - began < 3
