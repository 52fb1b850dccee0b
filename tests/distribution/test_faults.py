"""Boards that fail on the way: whatever happens, each external id is made once, or a person asked.

The board's append-only ledger is the judge (RELIABILITY I4, I12, rows 14 to 18).
"""

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from distribution.actions import changes
from distribution.actions.auditing import audit_boards
from distribution.models import Attempt, Channel, Distribution
from distribution.reports.auditing import audit
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]
BOARDS = ["linkedin", "indeed", "glassdoor"]
PASSING = [
    "429",
    "500",
    "503",
    "timeout_after_accept",
    "500_after_accept",
    "cut_json",
    "malformed",
    "late_visibility",
    "slow",
    "revoke_token",
]


@pytest.fixture(autouse=True)
def _the_books_hold(boards, transactional_db):
    """Whatever a board did, `audit ledger` finds nothing afterwards."""
    yield
    wrong = [check for check in [*audit(), *audit_boards(None)] if not check.ok]
    assert not wrong


def created(boards, slug):
    return [name for op, name, _ in boards.ledger(slug) if op == "create"]


@pytest.mark.parametrize("slug", BOARDS)
@pytest.mark.parametrize("kind", PASSING)
def test_each_posting_is_made_once_whatever_the_answer_suffers(kind, slug, boards):
    boards.plan({"kind": kind, "share": 0.7, "seconds": 0.5}, seed=7)
    channel = make_channel(slug=slug)
    rows = [make_distribution(channel=channel) for _ in range(4)]

    until_rest(40)

    names = sorted(row.external_id for row in rows)
    assert sorted(created(boards, slug)) == names
    assert sorted(boards.live_ids(slug)) == names
    assert {fresh(row).status for row in rows} == {"published"}
    assert not Attempt.objects.open().exists()


@pytest.mark.row(17)
def test_what_a_review_turns_down_is_rejected_with_its_words(boards):
    boards.plan({"kind": "async_fail", "share": 1.0, "message": "Looks like spam."})
    row = make_distribution()

    until_rest()

    row = fresh(row)
    assert (row.status, row.error_code) == ("rejected", "board_refused")
    assert "spam" in row.error
    assert boards.live("linkedin") == []


def test_a_failure_the_board_calls_temporary_is_sent_again(boards):
    message = "An unexpected error during ingestion occurred."
    boards.plan({"kind": "async_fail", "share": 1.0, "message": message})
    row = make_distribution()

    until_rest()

    assert fresh(row).status == "published"
    assert boards.live_ids("linkedin") == [row.external_id]


def test_a_board_that_cannot_be_asked_leaves_the_choice_to_a_person(boards):
    boards.plan({"kind": "timeout_after_accept", "share": 1.0})
    channel = make_channel(slug="glassdoor", idempotent_create=False, lookup=False)
    row = make_distribution(channel=channel)

    until_rest()

    row = fresh(row)
    assert row.status == "needs_attention"
    assert created(boards, "glassdoor") == [row.external_id]
    (post,) = boards.live("glassdoor")
    changes.confirm_posted(row, post_id=post["post_id"], post_url=post["url"], actor=None)
    assert (fresh(row).status, fresh(row).post_id) == ("published", post["post_id"])


def test_a_person_may_say_post_again(boards):
    boards.plan({"kind": "500", "share": 1.0})
    channel = make_channel(slug="glassdoor", idempotent_create=False, lookup=False)
    row = make_distribution(channel=channel)
    until_rest()
    assert fresh(row).status == "needs_attention"
    boards.call("DELETE", "/faults")

    changes.post_again(fresh(row), actor=None)

    until_rest()
    assert fresh(row).status == "published"
    assert created(boards, "glassdoor") == [row.external_id]


def test_a_dead_board_is_called_a_few_times_then_left_alone(boards):
    channel = make_channel(slug="glassdoor", base_url="http://127.0.0.1:9", call_timeout="1")
    for _ in range(12):
        make_distribution(channel=channel)

    for _ in range(30):
        drain()

    calls = Attempt.objects.filter(distribution__channel=channel).count()
    assert calls <= 6  # five failures and one probe
    assert Run.objects.filter(error_code="deferred").exists()


def test_a_quota_is_kept_in_any_minute_and_nobody_loses_an_attempt(boards):
    boards.plan(limits={"glassdoor": 5})
    channel = make_channel(slug="glassdoor", limit_per_minute=5)
    rows = [make_distribution(channel=channel) for _ in range(12)]

    drain()

    assert len(created(boards, "glassdoor")) == 5
    assert not [entry for entry in boards.ledger("glassdoor") if "429" in entry[2]]
    waiting = Run.objects.filter(status="queued").order_by("available_at")
    assert len(waiting) == 7
    assert {run.attempt for run in waiting} == {0}
    spread = waiting[6].available_at - waiting[0].available_at
    assert spread >= timedelta(seconds=55)
    assert [fresh(row).status for row in rows].count("published") == 5


def test_a_429_parks_the_whole_channel(boards):
    boards.plan({"kind": "429", "share": 1.0})
    channel = make_channel(slug="indeed", rate_limit_rule="next_midnight")
    for _ in range(3):
        make_distribution(channel=channel)

    drain()

    assert Attempt.objects.count() == 1
    parked = Channel.objects.get(pk=channel.pk).parked_until
    assert (parked.hour, parked.minute) == (0, 0)


@pytest.mark.row(18)
def test_one_token_serves_all_and_is_fetched_once(boards):
    channel = make_channel()
    for _ in range(5):
        make_distribution(channel=channel)

    until_rest()

    entries = boards.call("GET", "/ledger?board=linkedin").json()["entries"]
    assert [entry["op"] for entry in entries].count("auth") == 1
    sealed = Channel.objects.filter(pk=channel.pk).values_list("token", flat=True).get()
    assert "text" not in str(sealed)


@pytest.mark.row(18)
def test_refused_credentials_say_so_in_a_clear_line_and_nothing_is_sent(boards):
    channel = make_channel(credentials={"client_id": "wrong", "client_secret": "x"})
    row = make_distribution(channel=channel)

    drain()

    assert (fresh(row).status, fresh(row).error_code) == ("pending", "credentials_refused")
    assert "enter others" in fresh(row).error
    assert boards.ledger("linkedin") == []


CRASH = """
import django; django.setup()
from django.conf import settings
from django.db import connection
settings.SANDBOX_URL = {url!r}
connection.settings_dict["NAME"] = {name!r}
from jobly.runs.actions.execution import drain
drain()
"""


@pytest.mark.parametrize("slug", BOARDS)
@pytest.mark.parametrize(
    "point", ["dist.before_intent", "dist.after_intent", "dist.after_post", "dist.before_outcome"]
)
def test_a_worker_killed_anywhere_leaves_one_posting(point, slug, boards, settings):
    rows = [make_distribution(channel=make_channel(slug=slug)) for _ in range(2)]
    code = CRASH.format(url=boards.url, name=settings.DATABASES["default"]["NAME"])
    env = {**os.environ, "RUN_CRASH": f"{point}:1", "JOBLY_CRASH": f"{point}:1"}

    command = [sys.executable, "-c", code]
    died = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)

    assert died.returncode == -9, died.stderr.decode()[-800:]
    Run.objects.filter(status="running").update(
        status="queued", lease_until=None, owner="", available_at="2020-01-01T00:00Z"
    )
    until_rest()
    names = sorted(row.external_id for row in rows)
    assert sorted(created(boards, slug)) == names
    assert {fresh(row).status for row in rows} == {"published"}


def test_a_board_that_lost_the_request_gets_it_again_under_the_same_id(boards):
    row = make_distribution(job=None)
    drain_until_sending(row)

    until_rest()

    assert fresh(row).status == "published"
    assert created(boards, "linkedin") == [row.external_id]


def drain_until_sending(row):
    """Leave behind what a worker leaves that dies before its request goes out."""
    Distribution.objects.filter(pk=row.pk).update(status="sending")
    Attempt.objects.create(distribution=row, number=1, op="create")


def test_nothing_is_sent_for_a_job_the_board_would_refuse(boards):
    channel = make_channel()
    row = make_distribution(make_posting(channel.company, title="W" * 101), channel)

    until_rest()

    row = fresh(row)
    assert (row.status, row.error_code, row.error_field) == ("rejected", "lint_failed", "title")
    assert not row.attempts.exists()
    assert boards.ledger("linkedin") == []
