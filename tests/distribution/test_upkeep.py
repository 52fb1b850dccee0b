"""After publication: updates, take-downs, slow tasks, drift, tokens, and orders to stop."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from distribution.actions import boards as ways
from distribution.actions import changes, fate, ledger, reconciling, sweep, upkeep
from distribution.actions.intents import Intent
from distribution.actions.publish import locked
from distribution.errors import DistributionMoved
from distribution.models import Attempt, Channel, Distribution
from distribution.rules.answers import Order, Sent
from ingestion.actions.catalogue import close_job
from ingestion.events import JobsLoaded
from ingestion.models import Job
from jobly.runs.actions import cancel, emit, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.make import make_company

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)
BOARDS = ["linkedin", "indeed", "glassdoor"]


@pytest.mark.parametrize("slug", BOARDS)
def test_a_changed_job_is_updated_on_its_board_by_itself(slug, boards):
    row = make_distribution(channel=make_channel(slug=slug))
    until_rest()
    Job.objects.filter(pk=row.job_id).update(title="Master Welder")

    for _ in range(2):
        with transaction():
            emit(JobsLoaded(job_ids=[row.job_id]))
        until_rest()

    assert [post["title"] for post in boards.live(slug)] == ["Master Welder"]
    assert fresh(row).attempts.filter(op="update").count() == 1


@pytest.mark.parametrize("slug", BOARDS)
def test_a_closed_job_leaves_every_board(slug, boards):
    row = make_distribution(channel=make_channel(slug=slug))
    until_rest()

    close_job(fresh(row).job, actor=None)

    until_rest()
    assert boards.live(slug) == []
    assert fresh(row).status == "closed"
    assert fresh(row).closed_at is not None


def test_a_job_that_was_closed_may_be_published_again(boards):
    channel = make_channel(slug="glassdoor")
    row = make_distribution(channel=channel)
    until_rest()
    changes.close_distribution(row, actor=None)
    until_rest()

    again = make_distribution(row.job, channel)

    until_rest()
    assert again.external_id != row.external_id
    assert boards.live_ids("glassdoor") == [again.external_id]


@pytest.mark.parametrize("op", ["renew", "update"])
def test_a_job_whose_time_is_over_is_neither_renewed_nor_changed(op, boards):
    row = make_distribution(channel=make_channel(slug="indeed"))
    until_rest()
    over = timezone.now() - timedelta(hours=1)
    Job.objects.filter(pk=row.job_id).update(expires_at=over, title="Other")
    (changes.renew_distribution if op == "renew" else changes.update_distribution)(row, actor=None)
    until_rest()
    left = fresh(row)
    assert (left.status, left.error_code) == ("published", "lint_failed")
    assert "closing date has passed" in left.error
    assert not row.attempts.filter(op=op).exists()


def test_an_update_the_board_refuses_leaves_the_earlier_version_and_says_so(boards):
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    until_rest()
    title = boards.live("glassdoor")[0]["title"]
    Job.objects.filter(pk=row.job_id).update(title="W" * 101)

    changes.update_distribution(row, actor=None)

    until_rest()
    assert [post["title"] for post in boards.live("glassdoor")] == [title]
    assert fresh(row).status == "published"


def test_only_what_is_published_can_be_renewed(boards):
    row = make_distribution()
    with pytest.raises(DistributionMoved):
        changes.renew_distribution(row, actor=None)


@pytest.mark.row(17)
def test_a_task_that_never_ends_is_handed_to_a_person(boards):
    boards.plan(delays={"linkedin": 60})
    row = make_distribution(channel=make_channel(poll_until=timedelta(seconds=0.5)))

    until_rest()

    assert (fresh(row).status, fresh(row).error_code) == ("needs_attention", "no_answer")
    polls = fresh(row).attempts.filter(op="poll").count()
    assert 2 <= polls <= 6


def test_what_a_board_does_not_show_any_more_is_told_and_not_repaired(boards):
    rows = [make_distribution(channel=make_channel(slug=slug)) for slug in BOARDS]
    until_rest()
    boards.reset()

    with transaction():
        reconciling.reconcile_boards()
    until_rest()

    told = Event.objects.filter(fact="distribution.drifted").values_list("data", flat=True)
    assert sorted(data["channel"] for data in told) == sorted(BOARDS)
    assert {fresh(row).status for row in rows} == {"published"}
    assert not [entry for entry in boards.ledger() if entry[0] != "refused"]


def test_boards_that_agree_are_left_in_peace(boards):
    for slug in BOARDS:
        make_distribution(channel=make_channel(slug=slug))
    until_rest()

    with transaction():
        reconciling.reconcile_boards()
    until_rest()

    assert not Event.objects.filter(fact="distribution.drifted").exists()


@pytest.mark.row(18)
def test_two_workers_that_need_a_token_at_once_fetch_one(boards):
    channel = make_channel()
    found = []

    def work():
        try:
            found.append(ways.token_for(Channel.objects.get(pk=channel.pk)))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert len(set(found)) == 1
    entries = boards.call("GET", "/ledger?board=linkedin").json()["entries"]
    assert len(entries) == 1


@pytest.mark.row(16)
def test_an_answer_of_a_gigabyte_costs_neither_memory_nor_a_second_posting(boards):
    boards.plan({"kind": "huge", "share": 1.0, "size": 64 << 20})
    row = make_distribution(channel=make_channel(slug="indeed"))

    until_rest(40)

    assert fresh(row).status == "published"
    assert [op for op, _, _ in boards.ledger("indeed")].count("create") == 1


def test_an_order_to_stop_does_not_lose_what_the_board_did_meanwhile(boards):
    boards.plan({"kind": "slow", "share": 1.0, "seconds": 0.8})
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    run = Run.objects.get(pk=fresh(row).run_id)

    def order():
        try:
            cancel(run)
        finally:
            connection.close()

    timer = threading.Timer(0.4, order)
    timer.start()
    drain()
    timer.join()

    assert boards.live_ids("glassdoor") == [row.external_id]
    assert fresh(row).status == "published"


def test_a_cancelled_publication_is_not_forgotten(boards):
    row = make_distribution(channel=make_channel(slug="internal"))
    cancel(Run.objects.get(pk=fresh(row).run_id))
    Run.objects.update(finished_at=timezone.now() - timedelta(minutes=3))

    with transaction():
        sweep.sweep_due()

    assert (fresh(row).status, fresh(row).error_code) == ("failed", "run_ended")
    changes.retry_distribution(row, actor=None)
    drain()
    assert fresh(row).status == "published"


def test_a_forgotten_task_is_looked_at_again(boards):
    row = make_distribution()
    drain()
    Run.objects.filter(kind="distribution.follow_up").delete()
    Distribution.objects.update(next_look_at=timezone.now() - timedelta(minutes=5))

    with transaction():
        assert sweep.sweep_due()["looked_after"] == 1

    until_rest()
    assert fresh(row).status == "published"


def test_a_moved_distribution_is_not_moved_again(boards):
    row = make_distribution(channel=make_channel(slug="internal"))
    stale = fresh(row)
    drain()

    with pytest.raises(DistributionMoved):
        stale.move(Distribution.Status.SENDING)
    assert fresh(row).status == "published"


def test_the_ledger_is_numbered_and_keeps_no_secret(boards):
    company = make_company()
    row = make_distribution(make_posting(company), make_channel(company))
    until_rest()

    attempts = list(fresh(row).attempts.order_by("number"))

    assert [attempt.number for attempt in attempts] == list(range(1, len(attempts) + 1))
    words = str([(attempt.request, attempt.response) for attempt in attempts])
    assert "practice" not in words  # the client secret of the practice boards
    assert "Bearer" not in words
    assert not Attempt.objects.open().exists()


def test_a_publication_may_be_moved_to_another_moment(boards):
    channel = make_channel(slug="internal")
    row = make_distribution(channel=channel, at=timezone.now() + timedelta(days=1))
    later = timezone.now() + timedelta(days=2)

    changes.reschedule(row, later, actor=None)

    Run.objects.filter(status="queued").update(available_at=timezone.now())
    drain()
    assert (fresh(row).status, fresh(row).scheduled_publish_at) == ("scheduled", later)
    assert Run.objects.get(status="queued").available_at == later


def test_what_a_board_still_shows_of_a_closed_job_is_taken_down_again(boards):
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    until_rest()
    Job.objects.filter(pk=row.job_id).update(status="closed")
    Distribution.objects.update(updated_at=timezone.now() - timedelta(hours=1))

    with transaction():
        assert sweep.close_leftovers() == 1
    until_rest()

    assert boards.live("glassdoor") == []
    with transaction():
        assert sweep.close_leftovers() == 0


def test_a_board_that_already_has_it_is_believed(boards):
    boards.plan({"kind": "timeout_after_accept", "share": 1.0, "late": 4.0})
    row = make_distribution(channel=make_channel(settle_window=timedelta(seconds=0.5)))

    until_rest()

    assert fresh(row).status == "published"
    assert [op for op, _, _ in boards.ledger("linkedin")].count("create") == 1
    assert ("refused", row.external_id, "duplicate") in boards.ledger("linkedin")


def test_a_channel_that_is_off_is_not_asked_every_minute(boards):
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    until_rest()
    Channel.objects.update(enabled=False)
    Job.objects.filter(pk=row.job_id).update(status="closed")
    past = timezone.now() - timedelta(hours=1)
    Distribution.objects.update(updated_at=past, next_look_at=past)

    for _ in range(2):
        with transaction():
            swept, left = sweep.sweep_due(), sweep.close_leftovers()
        drain()
        assert (left, swept["looked_after"]) == (0, 0)

    Channel.objects.update(enabled=True)
    Distribution.objects.update(next_look_at=None)
    with transaction():
        assert sweep.close_leftovers() == 1
    until_rest()
    assert boards.live("glassdoor") == []


@pytest.mark.parametrize("status", ["sending", "unknown"])
def test_what_is_being_sent_again_is_not_closed_before_the_board_has_answered(status, boards):
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    until_rest()
    Distribution.objects.update(status=status)

    with pytest.raises(DistributionMoved, match="until the board has answered"):
        changes.close_distribution(fresh(row), actor=None)


def intended(row):
    """Write the intent of a close whose answer has not come."""
    known = fresh(row)
    number = ledger.next_number(known)
    attempt = ledger.intent(known, "close", fence=1, request={}, number=number)
    ledger.intend([attempt])
    return attempt


def test_two_closes_of_one_posting_ask_the_board_one_after_the_other(boards):
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    until_rest()
    for _ in range(2):
        changes.close_distribution(fresh(row), actor=None)
    first, second = Run.objects.filter(kind="distribution.close").order_by("id")
    Run.objects.filter(pk=first.pk).update(
        status="running", owner="another", lease_until=timezone.now() + timedelta(minutes=1)
    )
    lost = intended(row)

    drain()

    second.refresh_from_db()
    assert (second.status, second.error) == (
        "queued",
        "Glassdoor (practice) has not answered what was asked before.",
    )
    assert Attempt.objects.open().get() == lost
    Run.objects.filter(pk=first.pk).update(status="queued", owner="", lease_until=None)
    until_rest()
    assert fresh(row).status == "closed"
    assert not Attempt.objects.open().exists()
    assert boards.live("glassdoor") == []


def test_an_exchange_that_ends_after_its_publication_is_written_down(boards):
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    until_rest()
    attempt = intended(row)
    with transaction():
        fate.close(locked(row.pk))
        order = Order(op="close", external_id=row.external_id, payload={}, key="k", post_id="p")
        closing = Intent(locked(row.pk), attempt, order, "")
        upkeep._end_well(locked(row.pk), closing, Sent("closed"))

    attempt.refresh_from_db()
    assert (attempt.outcome, fresh(row).status) == ("accepted", "closed")
