"""Kill -9 where proof is kept and asked for: looks after a close, fetches of feeds (row 1)."""

import pytest
import requests

from tests.real.checks import gather, violations
from tests.real.world import ALL_CHANNELS

pytestmark = [pytest.mark.faults, pytest.mark.story, pytest.mark.row(1)]
BOARD = "glassdoor"


def dying(world, point):
    died = world.var / "died"
    return died, {"JOBLY_CRASH": f"{point}:1", "JOBLY_CRASH_ONCE": str(died)}


def test_a_board_is_asked_again_once_by_a_look_that_died(world):
    died, crash = dying(world, "dist.asked_again")
    world.start_worker(**crash)
    world.act("apply", channels=[BOARD], job_ids=world.act("jobs", count=1))
    world.until_rest()
    # closed with us only, as by a board that said yes and did nothing
    close = "UPDATE distribution_distribution SET status = 'closed', closed_at = now() RETURNING id"
    row = str(world.value(close))
    world.act("repeat", kind="distribution.see_gone", args={"distribution_id": row}, times=1)
    world.until_rest()

    assert died.exists()
    assert violations(gather(world)) == []
    (asked,) = world.query("SELECT close_asks FROM distribution_distribution")
    assert asked["close_asks"] == 1
    assert world.count("distribution_attempt", "op = 'close' AND outcome = 'accepted'") == 1
    assert world.count("runs_run", "kind = 'distribution.close_again'") == 1


def test_a_fetch_that_died_is_kept_as_cut_off_and_the_next_is_whole(world):
    died, crash = dying(world, "dist.fetch_begun")
    world.start_worker()
    world.act("apply", channels=ALL_CHANNELS, job_ids=world.act("jobs", count=2))
    world.until_rest()
    world.start_web(**crash)

    def fetched():
        try:
            answer = requests.get(
                f"http://127.0.0.1:{world.port}/feeds/acme/indeed.xml",
                headers={"User-Agent": "Indeed"},
                timeout=20,
            )
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return None
        return answer.text if answer.ok else None

    assert fetched() is None
    text = world.until(fetched, "the feed is read")

    assert died.exists()
    assert text.count("<job>") == 2
    (row,) = world.query(
        "SELECT sum(count) AS begun, sum(ended) AS ended, sum(finished) AS whole"
        " FROM distribution_feedfetch"
    )
    assert (int(row["begun"]), int(row["ended"]), int(row["whole"])) == (2, 1, 1)


def test_receipts_are_summed_up_once_by_work_that_died(world):
    died, crash = dying(world, "dist.receipts_summed")
    world.start_worker(**crash)
    world.act("apply", channels=ALL_CHANNELS, job_ids=world.act("jobs", count=1))
    world.until_rest()
    world.start_web()
    feed = requests.get(f"http://127.0.0.1:{world.port}/feeds/acme/indeed.xml", timeout=20)
    assert feed.ok
    # a year of fetches, one a day, of which most prove nothing
    copied = """
        INSERT INTO distribution_feedfetch (id, company_id, feed_id, format, edition, status, who,
            agent, address, minute, at, count, ended, finished, jobs, bytes)
        SELECT gen_random_uuid(), company_id, feed_id, format, edition, status, who, agent,
            address, minute - n * interval '1 day', at - n * interval '1 day', 3, 3, 3, jobs, bytes
        FROM distribution_feedfetch, generate_series(100, 400) n RETURNING id
    """
    old = len(world.query(copied))
    before = world.value("SELECT sum(count) FROM distribution_feedfetch")
    world.act("repeat", kind="distribution.tidy_receipts", args={}, times=3)
    world.until(died.exists, "somebody dies over it")
    world.until_rest()

    assert old == 301
    kept = world.value("SELECT sum(count) FROM distribution_feedfetch")
    summed = world.value("SELECT coalesce(sum(count), 0) FROM distribution_feedfetchsum")
    assert kept + summed == before
    assert summed > 0
