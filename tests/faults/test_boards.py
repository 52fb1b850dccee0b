"""Boards that refuse, stall, lie and lose the line: each posting is made once (rows 14 and 15)."""

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.real.checks import gather, i12_quota_is_kept, violations
from tests.real.world import BOARDS

from .board import Answer, Board

pytestmark = [pytest.mark.faults, pytest.mark.story]
HOUR = 3600
MARGIN = 0.1  # clocks of a log line and of a call


@contextmanager
def scripted(world):
    """Have the glassdoor channel call a scripted board; it can be asked, not trusted."""
    board = Board()
    world.act(
        "rewire", channel="glassdoor", base_url=board.url, idempotent_create=False, lookup=True
    )
    world.start_worker()
    try:
        yield board
    finally:
        board.close()


def publish(world, count):
    ids = world.act("jobs", count=count)
    world.act("apply", channels=["glassdoor"], job_ids=ids)


def in_seconds(seconds):
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.row(14)
@pytest.mark.parametrize("form", ["seconds", pytest.param("date", marks=pytest.mark.quick)])
def test_a_429_is_obeyed_in_every_form(form, world):
    with scripted(world) as board:
        pause = 3
        told = str(pause) if form == "seconds" else in_seconds(pause + 2)
        board.script = [Answer(429, accept=False, headers={"Retry-After": told})]

        publish(world, 1)
        parked = "SELECT 1 FROM distribution_channel WHERE parked_until IS NOT NULL"
        world.until(lambda: world.query(parked), "the channel rests")
        publish(world, 2)
        world.until_rest()

        refused, *others = board.creates
        earliest = refused.at + pause if form == "seconds" else parse(told)
        assert min(call.at for call in others) >= earliest - MARGIN
        assert all(len(posts) == 1 for posts in board.posts.values())
        assert len(board.posts) == 3


def parse(text):
    return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC).timestamp()


@pytest.mark.row(14)
@pytest.mark.parametrize("told", ["9" * 20, "Fri, 31 Dec 9999 23:59:59 GMT", "soon", "-5", ""])
def test_an_absurd_retry_after_is_brought_to_reason(told, world):
    with scripted(world) as board:
        board.script = [Answer(429, accept=False, headers={"Retry-After": told})]

        publish(world, 1)
        parked = "SELECT extract(epoch FROM parked_until - clock_timestamp()) AS left"
        parked += " FROM distribution_channel WHERE slug = 'glassdoor' AND parked_until IS NOT NULL"
        waits = "kind = 'distribution.publish' AND status = 'queued' AND fence > 0"
        world.until(lambda: world.count("runs_run", waits), "the run waits")

        left = float(world.value(parked))
        assert left <= HOUR
        assert len(board.creates) == 1
        assert world.value("SELECT attempt FROM runs_run WHERE kind = 'distribution.publish'") == 0


@pytest.mark.row(14)
def test_500_and_503_are_tried_again_and_a_told_pause_is_kept(world):
    with scripted(world) as board:
        board.script = [
            Answer(503, accept=False, headers={"Retry-After": "2"}),
            Answer(500, accept=False),
        ]

        publish(world, 1)
        world.until_rest()

        first, second, *_ = board.creates
        assert second.at - first.at >= 2 - MARGIN
        assert [len(posts) for posts in board.posts.values()] == [1]
        assert world.count("distribution_distribution", "status = 'published'") == 1


@pytest.mark.row(14)
def test_a_quota_is_never_exceeded_by_workers_that_race(world):
    with scripted(world) as board:
        limit = 5
        world.act("figures", channel="glassdoor", limit_per_minute=limit)
        world.start_worker("another")

        publish(world, 15)
        world.until(lambda: len(board.creates) == limit, "the allowance is used")
        time.sleep(3)

        assert len(board.creates) == limit
        assert i12_quota_is_kept(gather(world)) == []
        waiting = "kind = 'distribution.publish' AND status = 'queued'"
        assert world.count("runs_run", f"{waiting} AND attempt = 0") == 15 - limit


@pytest.mark.row(15)
def test_a_line_reset_after_the_board_took_the_job_makes_no_second_posting(world):
    with scripted(world) as board:
        board.script = [Answer(reset=True), Answer(reset=True), Answer(reset=True, accept=False)]

        publish(world, 5)
        world.until_rest()

        assert len(board.posts) == 5
        assert {len(posts) for posts in board.posts.values()} == {1}
        assert world.count("distribution_distribution", "status = 'published'") == 5


@pytest.mark.row(15)
@pytest.mark.quick
def test_what_boards_accept_and_then_garble_is_live_once(world, draw):
    world.plan_faults(
        {"kind": "timeout_after_accept", "share": 0.2, "seconds": 1.5},
        {"kind": "500_after_accept", "share": 0.2},
        {"kind": "cut_json", "share": 0.15},
        {"kind": "late_visibility", "share": 0.2, "seconds": 0.6},
        {"kind": "500", "share": 0.1},
        {"kind": "429", "share": 0.05},
        seed=draw.randrange(1 << 16),
    )
    world.start_worker("one")
    world.start_worker("two")
    ids = world.act("jobs", count=8)

    world.act("apply", channels=BOARDS, job_ids=ids)
    world.until_rest(90, mending=True)

    found = gather(world)
    assert violations(found) == []
    assert {row["status"] for row in found.distributions} == {"published"}
    assert world.act("plan", channels=BOARDS) == []
