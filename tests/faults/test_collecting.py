"""Kill -9 in the middle of collecting: nothing is lost, nothing stored is asked for again."""

import json
from collections import Counter
from contextlib import contextmanager
from uuid import uuid4

import pytest
from pytest_httpserver import HTTPServer

from tests.faults.test_crashes import COLLECTING
from tests.ingestion.replaying import NEEDS, Replay
from tests.real.checks import gather, violations

pytestmark = [pytest.mark.faults, pytest.mark.row(1)]

SPOOL = "ingestion.mid_spool"
DETAILS = "ingestion.mid_details"
MOST_CUTS = 3  # fewer than a run has tries
QUICK = {(DETAILS, 2)}
DEATHS = [
    pytest.param(
        point, nth, id=f"{point}-{nth}", marks=[pytest.mark.quick] if (point, nth) in QUICK else []
    )
    for point in sorted(COLLECTING - {SPOOL})
    for nth in (1, 2)
]


@contextmanager
def replayed(adapter, count):
    """Play a source for the processes of a world."""
    with HTTPServer() as server:
        yield Replay(server, adapter).open(count)


def until_all_ended(world):
    """Wait for the walk and all that follows from it; comparing jobs compiles its rules first."""
    unfinished = "status NOT IN ('succeeded', 'failed', 'cancelled')"
    world.until(lambda: not world.count("runs_run", unfinished), "every run has ended", 180)


@pytest.mark.story
@pytest.mark.parametrize(("point", "nth"), DEATHS)
def test_a_walk_goes_on_behind_its_last_stored_page_after_a_death_at(point, nth, world):
    died = world.var / "died"
    world.start_worker(JOBLY_CRASH=f"{point}:{nth}", JOBLY_CRASH_ONCE=str(died))
    adapter, count = ("workday", 43) if point == DETAILS else ("arbeitnow", 25)
    with replayed(adapter, count) as replay:
        world.act("collect", adapter=adapter, base_url=replay.url, settings=NEEDS.get(adapter, {}))
        until_all_ended(world)
    assert died.exists(), f"nobody reached {point} {nth} times"
    assert violations(gather(world)) == []

    (fetch,) = world.query("SELECT * FROM ingestion_fetch")
    assert (fetch["status"], fetch["got"], fetch["fresh"]) == ("complete", count, count)
    assert fetch["pages"] == 3
    assert world.count("ingestion_job") == count
    asked = Counter(question(request) for request in replay.asked)
    assert max(asked.values()) <= 2
    assert sum(asked.values()) - len(asked) <= (21 if point == DETAILS else 1)  # one page of it
    # counted before it goes out: never fewer than were asked
    assert world.value("SELECT sum(calls) FROM ingestion_quota") >= len(replay.asked)
    listed = "SELECT count(DISTINCT key) FROM ingestion_listing"
    assert world.value(listed) == count


@pytest.mark.row(8)
@pytest.mark.story
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_walk_whose_line_to_the_database_is_cut_asks_for_no_page_twice(side, world, draw):
    proxy, environment = world.database_line("work")
    proxy.at_commit = lambda: side if len(proxy.cuts) < MOST_CUTS and draw.random() < 0.2 else ""
    world.start_worker(**environment)
    with replayed("arbeitnow", 95) as replay:
        world.act("collect", adapter="arbeitnow", base_url=replay.url, settings={})
        world.until(lambda: len(proxy.cuts) >= MOST_CUTS, "commits are cut")
        until_all_ended(world)

    assert violations(gather(world)) == []
    fetches = world.query("SELECT status, reason, got, fresh FROM ingestion_fetch")
    assert fetches == [{"status": "complete", "reason": "", "got": 95, "fresh": 95}]
    assert world.count("ingestion_job") == 95
    asked = Counter(question(request) for request in replay.asked)
    assert len(asked) == 10
    assert set(asked.values()) == {1}


def question(request):
    return request.method, request.path, request.query_string, request.get_data()


@pytest.mark.story
@pytest.mark.parametrize("nth", [1, 2])
def test_answers_that_waited_in_files_are_stored_once_whatever_dies(nth, world):
    died = world.var / "died"
    world.start_worker(JOBLY_CRASH=f"{SPOOL}:{nth}", JOBLY_CRASH_ONCE=str(died))
    with replayed("greenhouse", 1) as replay:
        source = world.act(
            "collect", adapter="greenhouse", base_url=replay.url, settings=NEEDS["greenhouse"]
        )
        until_all_ended(world)
    folder = world.var / "spool"
    folder.mkdir()
    for number in (7, 8):
        job = {
            "id": number,
            "title": f"Smith {number}",
            "absolute_url": f"https://a.example/{number}",
        }
        facts = {"source": source, "fetch": str(uuid4()), "status": 200, "milliseconds": 1}
        facts |= {"request": {"url": "https://a.example"}, "key": f"k{number}", "calls": 1}
        facts |= {"headers": {"content-type": "application/json"}, "learned": {}}
        facts |= {"total": None, "next": None}
        body = json.dumps(facts) + "\n" + json.dumps({"jobs": [job]})
        (folder / f"{number}.answer").write_text(body)
    world.act("repeat", kind="ingestion.tidy_fetches", args={}, times=1)
    until_all_ended(world)
    assert died.exists()
    assert violations(gather(world)) == []
    assert not list(folder.glob("*.answer"))
    assert world.count("ingestion_job") == 3
    assert world.count("ingestion_rawcollection") == 3
