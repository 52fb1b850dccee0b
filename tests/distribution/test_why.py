"""Why is this job not on the board? One sentence with what shows it, for causes staged for real."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from distribution.actions import changes, ledger, mirroring, reconciling
from distribution.actions.channels import create_channel
from distribution.models import Approval, Budget, Channel, Distribution
from distribution.reports.content import TOLD
from distribution.reports.proof import facts_about, why_each
from distribution.rules.proof import chain, next_due
from distribution.rules.why.telling import why
from ingestion.actions.editing import close_posting
from ingestion.models import Job, JobDesk
from jobly import limits
from jobly.runs.actions import transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from tests.make import make_company, make_member

from .hooks import Board
from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)


def said(job, channel):
    """The answer for one pair, by the same read that lists use."""
    jobs = list(Job.objects.select_related(*TOLD).filter(pk=job.pk))
    return why_each(jobs, [Channel.objects.get(pk=channel.pk)])[job.pk, channel.pk]


def kinds(answer):
    return {one.kind for one in answer.evidence}


def test_nobody_asked(boards):
    channel = make_channel(slug="indeed")
    answer = said(make_posting(channel.company), channel)

    assert answer.code == "never_asked"
    assert "never asked to go to Indeed (practice)" in answer.sentence


def test_an_internal_job_and_one_that_a_source_keeps(boards):
    channel = make_channel(slug="indeed")
    job = make_posting(channel.company)
    JobDesk.objects.create(job=job, is_public=False)
    answer = said(job, channel)
    assert (answer.code, answer.next) == ("not_public", "Tick “Public posting” on the job.")

    JobDesk.objects.filter(job=job).update(is_public=True)
    job.source.rights = "no_boards"
    job.source.save()
    assert said(job, channel).code == "rights"


def test_a_job_the_board_would_refuse_names_the_rule(boards):
    channel = make_channel(slug="linkedin")
    answer = said(make_posting(channel.company, title="W" * 120), channel)

    assert answer.code == "lint"
    assert "120/100" in answer.sentence
    assert "rule: Jobly requirement S1.6" in answer.evidence[0].text


def test_a_channel_that_is_off_or_has_no_credentials(boards):
    channel = make_channel(slug="indeed")
    job = make_posting(channel.company)
    Channel.objects.filter(pk=channel.pk).update(enabled=False)
    assert said(job, channel).code == "channel_off"

    Channel.objects.filter(pk=channel.pk).update(enabled=True, credentials={})
    assert said(job, channel).code == "no_credentials"


def test_a_scheduled_job_says_when(boards):
    at = timezone.now() + timedelta(days=2)
    row = make_distribution(channel=make_channel(slug="indeed"), at=at)
    answer = said(row.job, row.channel)

    assert answer.code == "scheduled"
    assert f"{at:%H:%M} UTC on {at.day} {at:%b %Y}" in answer.sentence


def test_a_board_at_its_quota_says_when_the_turn_comes(boards):
    channel = make_channel(slug="glassdoor", limit_per_minute=1)
    make_distribution(channel=channel)
    late = make_distribution(channel=channel)
    drain()

    answer = said(late.job, channel)
    assert answer.code == "quota"
    assert "takes 1 a minute" in answer.sentence
    assert {"run", "channel"} <= kinds(answer)


def test_an_open_breaker_names_the_next_probe_and_the_last_exchange(boards):
    boards.plan({"kind": "503", "share": 1})
    channel = make_channel(slug="glassdoor")
    row = make_distribution(channel=channel)
    for _ in range(5):
        limits.record(channel.breaker_key, ok=False)
    drain()

    answer = said(row.job, channel)
    assert answer.code == "breaker_open"
    assert "is tried again at" in answer.sentence


def test_a_board_that_asked_for_a_pause(boards):
    boards.plan({"kind": "429", "share": 1})
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    drain()

    answer = said(row.job, row.channel)
    assert answer.code == "parked"
    assert "attempt" in kinds(answer)
    assert "429" in answer.evidence[0].text


def test_a_task_that_the_board_still_works_on(boards):
    boards.plan(delays={"linkedin": 60})
    row = make_distribution(channel=make_channel())
    drain()

    answer = said(row.job, row.channel)
    assert answer.code == "task_pending"
    assert "still works on it" in answer.sentence
    links = {link.name: link.state for link in chain(facts_about(fresh(row)))}
    assert (links["sent"], links["accepted"], links["polled"]) == ("done", "done", "waiting")


def test_what_comes_next_by_itself_is_named_with_its_time(boards):
    boards.plan({"kind": "429", "share": 1})
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    due = next_due(facts_about(fresh(row)))
    assert due is not None
    assert due.what == "The first try"

    drain(limit=1)
    row = fresh(row)
    due = next_due(facts_about(row))
    assert due is not None
    assert (due.what, due.at) == ("The next try", Run.objects.get(pk=row.run_id).available_at)
    client = Client()
    client.force_login(make_member(row.company))
    page = client.get(f"/admin/distribution/distribution/{row.pk}/change/").content.decode()
    assert "The next try" in page
    told = client.get(f"/api/v1/distributions/{row.pk}/history/").json()
    assert told["next"]["what"] == "The next try"
    boards.plan()
    until_rest()
    assert next_due(facts_about(fresh(row))) is None


def test_what_a_board_turns_down_or_ends_later_was_live_before(boards):
    channel = make_channel(slug="indeed")
    turned, ended = make_distribution(channel=channel), make_distribution(channel=channel)
    until_rest()
    board = Board(channel)
    board.tell("posting.rejected", fresh(turned), version=10**7, reason="The pay misleads")
    board.tell("posting.closed", fresh(ended), version=10**7)
    until_rest()
    answer = said(turned.job, channel)
    assert answer.code == "board_refused"
    assert "It was live on Indeed (practice) since" in answer.sentence
    assert "turned it down at" in answer.sentence
    assert "“The pay misleads”" in answer.sentence
    assert "move" in kinds(answer)
    answer = said(ended.job, channel)
    assert (answer.code, "(the board told us so)" in answer.sentence) == ("expired", True)


def test_a_spent_budget_is_told_once_with_one_step(boards):
    channel = make_channel(slug="indeed", cost_model="flat", price_minor=29_900, currency="EUR")
    Budget.objects.create(company=channel.company, period="month", currency="EUR", cap_minor=10_000)
    row = make_distribution(channel=channel)
    until_rest()
    answer = said(row.job, channel)
    assert answer.code == "budget_spent"
    assert "has 100.00 EUR left and this needs 299.00 EUR." in answer.sentence
    assert "raise" not in answer.sentence
    assert answer.next == "Raise the budget, then retry."


def test_a_rule_that_sent_it_is_named_on_its_page(boards):
    row = make_distribution(channel=make_channel(slug="indeed"))
    client = Client()
    client.force_login(make_member(row.company))
    url = f"/admin/distribution/distribution/{row.pk}/change/"
    assert "not by a rule" in client.get(url).content.decode()

    Distribution.objects.filter(pk=row.pk).update(because="Because of the rule “Welders”")
    assert "Because of the rule “Welders”" in client.get(url).content.decode()


def test_a_job_through_indeed_says_so_wherever_it_stands(boards):
    channel = make_channel(slug="glassdoor", options={"route": "via_indeed"})
    row = make_distribution(channel=channel)
    drain()
    answer = said(row.job, channel)
    assert answer.code == "via_indeed"
    assert "expected on Glassdoor (practice) through Indeed" in answer.sentence
    links = {link.name: link.words for link in chain(facts_about(fresh(row)))}
    assert links["accepted"] == "expected through Indeed"
    assert not links.keys() & {"sent", "polled"}
    client = Client()
    client.force_login(make_member(row.company))
    url = "/admin/distribution/distribution/"
    assert "expected through Indeed" in client.get(url).content.decode()

    make_distribution(row.job, make_channel(row.company, slug="indeed"))
    until_rest()
    mirroring.mirror_all()
    answer = said(row.job, channel)
    assert (answer.code, answer.level) == ("via_indeed", "good")


def test_refused_credentials_and_a_refused_job_give_the_boards_words(boards):
    boards.plan({"kind": "async_fail", "share": 1})
    row = make_distribution(channel=make_channel())
    until_rest()
    answer = said(row.job, row.channel)
    assert answer.code == "board_refused"
    assert fresh(row).error.rstrip(".") in answer.sentence

    boards.plan()
    bad = make_channel(row.company, slug="glassdoor", credentials={"partner_id": "", "api_key": ""})
    other = make_distribution(row.job, bad)
    drain()
    answer = said(other.job, bad)
    assert answer.code == "credentials_refused"
    assert "attempt" in kinds(answer)


def test_an_unknown_outcome_that_only_a_person_can_clear_up(boards):
    boards.plan({"kind": "timeout_after_accept", "share": 1})
    channel = make_channel(slug="glassdoor", idempotent_create=False, lookup=False)
    row = make_distribution(channel=channel)
    until_rest()

    answer = said(row.job, channel)
    assert answer.code == "needs_attention"
    assert answer.next == "Look on the board, then say whether it is there."


def test_live_then_gone_then_sent_again(boards):
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    until_rest()
    assert said(row.job, row.channel).code == "live"
    boards.reset()
    with transaction():
        reconciling.reconcile_boards()
    until_rest()

    answer = said(row.job, row.channel)
    assert answer.code == "drift"
    assert "look" in kinds(answer)
    links = {link.name: link.state for link in chain(facts_about(fresh(row)))}
    assert links["seen"] == "bad"


def test_taken_down_by_whom_and_with_the_job_closed_why(boards):
    channel = make_channel(slug="glassdoor")
    person = make_member(channel.company)
    row = make_distribution(channel=channel)
    until_rest()
    changes.close_distribution(fresh(row), actor=person)
    until_rest()
    answer = said(row.job, channel)
    assert answer.code == "closed"
    assert str(person) in answer.sentence

    close_posting(row.job, actor=person, why="filled")
    answer = said(row.job, channel)
    assert answer.code == "job_closed"
    assert f"by {person} (filled)" in answer.sentence


def test_every_answer_is_one_sentence_and_shows_something(boards):
    """Rows in each status, as the database may hold them."""
    row = make_distribution(channel=make_channel(slug="indeed"))
    drain()
    for status in Distribution.Status.values:
        Distribution.objects.filter(pk=row.pk).update(
            status=status, scheduled_publish_at=Now(), error="It broke."
        )
        answer = why(facts_about(fresh(row)))
        assert answer.sentence.endswith("."), status
        assert answer.evidence, status


def test_lists_take_the_same_number_of_queries(boards, django_assert_max_num_queries):
    channels = [make_channel(slug="indeed")]
    channels.append(make_channel(channels[0].company, slug="glassdoor"))
    jobs = [make_posting(channels[0].company) for _ in range(20)]
    for job in jobs:
        make_distribution(job, channels[0])
    rows = list(Job.objects.select_related(*TOLD).filter(pk__in=[job.pk for job in jobs]))
    counts = []
    for some in (rows[:1], rows):
        with django_assert_max_num_queries(10) as asked:
            why_each(some, channels)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_feed_that_nobody_fetched_then_a_board_did(boards):
    company = make_company("acme")
    options = {"format": "indeed", "contact_email": "jobs@acme.example"}
    channel = create_channel(company, slug="feed", kind="feed", name="Indeed", options=options)
    row = make_distribution(make_posting(company), channel)
    until_rest()
    answer = said(row.job, channel)
    assert answer.code == "feed_not_fetched"
    assert "The feed of Indeed was not fetched since" in answer.sentence

    agent = {"user-agent": "Mozilla/5.0 (compatible; Indeedbot/1.1)"}
    fetched = Client().get("/feeds/acme/indeed.xml", headers=agent)
    b"".join(fetched.streaming_content)
    fetched.close()
    until_rest()
    answer = said(row.job, channel)
    assert answer.code == "feed_fetched"
    assert answer.sentence.startswith("indeed fetched edition 1 at ")
    assert "this job in it; not seen live yet, typically 6 to 24 h" in answer.sentence
    assert kinds(answer) == {"fetch"}
    links = {link.name: link.state for link in chain(facts_about(fresh(row)))}
    assert (links["accepted"], links["fetched"], links["seen"]) == ("done", "done", "waiting")


def test_a_publication_that_waits_for_a_yes_names_who_asked(boards):
    channel = make_channel(slug="indeed")
    person = make_member(channel.company)
    row = make_distribution(channel=channel)
    Approval.objects.create(company=channel.company, distribution=row, asked_by=person)

    answer = said(row.job, channel)
    assert answer.code == "approval"
    assert f"{person} asked for it at" in answer.sentence


def test_a_job_whose_closing_date_has_passed_is_not_called_free_to_go():
    channel = make_channel(slug="internal")
    job = make_posting(channel.company, expires_at=timezone.now() - timedelta(days=1))

    assert said(job, channel).code == "lint"


def test_a_moment_that_has_passed_is_not_still_to_come():
    channel = make_channel(slug="internal")
    row = make_distribution(channel=channel, at=timezone.now() + timedelta(days=1))
    Distribution.objects.update(scheduled_publish_at=timezone.now() - timedelta(hours=1))

    assert said(row.job, channel).code == "queued"


@pytest.mark.parametrize(("looks", "words"), [(0, "not. Nothing"), (1, "once."), (2, "twice.")])
def test_an_unknown_outcome_is_told_in_whole_sentences(looks, words):
    row = make_distribution(channel=make_channel())
    for _ in range(looks):
        ledger.note(row, "lookup", "absent", fence=0)
    Distribution.objects.update(status="unknown", unknown_since=timezone.now())

    assert words in said(row.job, row.channel).sentence
