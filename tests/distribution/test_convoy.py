"""Publications that travel together: each keeps its own move, run, answer and misfortune."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from distribution.actions.boards import QUEUE, WAVE
from distribution.models import Attempt
from jobly import limits
from jobly.runs.actions.claims import clock
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from tests.make import make_company

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 6


@pytest.fixture
def together():
    """Put jobs of one company on one channel, and say how they stand when all rests."""

    def put(channel, many=MANY):
        jobs = [make_posting(channel.company) for _ in range(many)]
        return [make_distribution(job, channel) for job in jobs]

    return put


def test_each_has_its_own_run_and_number_and_address(boards, together):
    rows = together(make_channel(make_company(), slug="glassdoor"))
    until_rest()

    rows = [fresh(row) for row in rows]
    assert {row.status for row in rows} == {"published"}
    assert len({row.post_id for row in rows}) == MANY
    for row in rows:
        assert {move.run_id for move in row.moves.exclude(was="")} == {row.run_id}
        (attempt,) = row.attempts.all()
        assert (attempt.number, attempt.outcome, attempt.request["externalReference"]) == (
            1,
            "published",
            row.external_id,
        )
        assert attempt.response["id"] == row.post_id
        assert Run.objects.get(pk=row.run_id).result["post_url"] == row.post_url


@pytest.fixture
def stubborn(transactional_db):
    """Have the database refuse what is asked of a board about one publication."""

    def refuse(row):
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE distribution_attempt ADD CONSTRAINT stubborn"
                f" CHECK (distribution_id <> '{row.pk}')"
            )

    yield refuse
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE distribution_attempt DROP CONSTRAINT stubborn")


def test_one_that_breaks_takes_no_other_along(boards, together, stubborn):
    rows = together(make_channel(make_company(), slug="glassdoor"))
    stubborn(rows[2])
    until_rest()

    broken, *well = [fresh(row) for row in (rows[2], *rows[:2], *rows[3:])]
    assert {row.status for row in well} == {"published"}
    assert len(boards.live("glassdoor")) == MANY - 1
    assert broken.status == "pending"
    assert Run.objects.get(pk=broken.run_id).status == "failed"
    assert Attempt.objects.filter(distribution=broken).count() == 0


def test_an_answer_no_database_takes_is_kept_as_far_as_it_goes(boards, httpserver):
    """An id of 5,000 characters with a NUL in it, and an answer like it."""
    strange = '{"id": "%s\\u0000x", "url": "https://b.example/\\u0000p", "note": "\\u0000"}'
    httpserver.expect_request("/jobs", method="POST").respond_with_data(
        strange % ("7" * 5_000), status=201, content_type="application/json"
    )
    channel = make_channel(
        slug="glassdoor",
        base_url=httpserver.url_for("")[:-1],
        options={"paths": {"create": "/jobs"}},
    )
    row = make_distribution(channel=channel)
    until_rest()

    row = fresh(row)
    assert (row.status, row.error) == ("published", "")
    assert row.post_id == "7" * 5_000 + "x"
    assert row.post_url == "https://b.example/p"


def test_what_the_quota_does_not_take_comes_back_a_minute_later_in_order(boards, together):
    rows = together(make_channel(make_company(), slug="glassdoor", limit_per_minute=4))
    drain()

    rows = [fresh(row) for row in rows]
    assert [row.status for row in rows] == ["published"] * 4 + ["pending"] * 2
    waiting = [Run.objects.get(pk=row.run_id) for row in rows[4:]]
    assert [(run.status, run.attempt, run.history[-1]["what"]) for run in waiting] == [
        ("queued", 0, "deferred")
    ] * 2
    waits = [(run.available_at - clock()).total_seconds() for run in waiting]
    assert 50 < waits[0] <= waits[1] < 61


def test_those_that_wait_for_a_pause_come_back_wave_by_wave(boards, together):
    channel = make_channel(
        make_company(), slug="glassdoor", parked_until=clock() + timedelta(minutes=1)
    )
    rows = [fresh(row) for row in together(channel, 2 * WAVE + 1)]
    drain()

    due = dict(Run.objects.values_list("pk", "available_at"))
    late = [due[row.run_id] - channel.parked_until for row in rows]
    assert late == [place // WAVE * WAVE * QUEUE for place in range(2 * WAVE + 1)]
    assert not boards.live("glassdoor")


def test_behind_one_that_the_quota_does_not_take_all_are_put_off_at_once(boards, together):
    rows = together(make_channel(make_company(), slug="glassdoor", limit_per_minute=4), 40)
    with CaptureQueriesContext(connection) as asked:
        drain()

    rows = [fresh(row) for row in rows]
    assert [row.status for row in rows] == ["published"] * 4 + ["pending"] * 36
    due = dict(Run.objects.values_list("pk", "available_at"))
    late = [(due[row.run_id] - clock()).total_seconds() for row in rows[4:]]
    assert [round(wait / 60.5) for wait in late] == [1 + place // 4 for place in range(36)]
    assert len([one for one in asked if "distribution_attempt" in one["sql"]]) < 15  # not one each


def test_while_one_asks_whether_a_dead_board_is_back_the_others_do_not_spin(boards, together):
    """The breaker is about to let one call through, which another worker makes just now."""
    channel = make_channel(make_company(), slug="glassdoor")
    short = replace(limits.USUAL, opens_for=timedelta(milliseconds=1))
    for _ in range(short.failures):
        limits.record(channel.breaker_key, ok=False, rule=short)
    time.sleep(0.05)
    assert not limits.breaker_open(channel.breaker_key)  # the other's probe
    rows = [fresh(row) for row in together(channel, 40)]
    drain()

    due = dict(Run.objects.values_list("pk", "available_at"))
    assert min(due[row.run_id] - clock() for row in rows) > timedelta(seconds=1)
    assert {Run.objects.get(pk=row.run_id).fence for row in rows} == {1}
