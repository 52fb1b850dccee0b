"""Feed channels: who is listed, and that a fetch by somebody else makes it published."""

import pytest
from defusedxml import ElementTree
from django.test import Client

from distribution.actions import changes
from distribution.actions.channels import create_channel
from distribution.models import FeedFetch
from distribution.reports.feeds import fetches_of
from ingestion.models import Job
from jobly.runs.actions.execution import drain
from tests.distribution.listing import make_listed
from tests.distribution.make import make_distribution, make_posting
from tests.distribution.working import fresh, until_rest
from tests.make import make_company

pytestmark = pytest.mark.django_db(transaction=True)
INDEED = "Mozilla/5.0 (compatible; Indeedbot/1.1)"


@pytest.fixture
def company():
    return make_company("acme", name="Acme")


@pytest.fixture
def channel(company):
    options = {"format": "indeed", "contact_email": "jobs@acme.example"}
    return create_channel(company, slug="indeed-feed", kind="feed", name="Indeed", options=options)


def fetch(file="indeed.xml", agent=INDEED):
    answer = Client().get(f"/feeds/acme/{file}", headers={"user-agent": agent})
    raw = b"".join(answer.streaming_content)
    answer.close()
    return ElementTree.fromstring(raw)


def test_a_feed_channel_lists_its_publications_and_no_other_job(company, channel):
    chosen, board = make_posting(company), make_listed(company)
    row = make_distribution(chosen, channel)
    until_rest()
    assert fresh(row).status == "accepted"

    root = fetch(agent="Jobly/0.1")
    assert [one.text for one in root.iter("referencenumber")] == [f"jobly-{chosen.pk}"]
    assert root.findtext("job/url", "").endswith(f"/go/{row.token}")
    assert root.findtext("job/email") == "jobs@acme.example"
    others = fetch("generic.xml", agent="Jobly/0.1")
    assert [one.text for one in others.iter("reference")] == [f"jobly-{board.pk}"]


def test_what_a_board_fetched_is_published(company, channel):
    row = make_distribution(make_posting(company), channel)
    until_rest()
    fetch(agent="Jobly/0.1")
    fetch(agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    drain()
    assert fresh(row).status == "accepted"

    fetch()
    later = make_distribution(make_posting(company), channel)
    until_rest()
    assert (fresh(row).status, fresh(later).status) == ("published", "accepted")
    seen = {(one.who, one.included) for one in fetches_of(row)}
    assert seen == {("us", True), ("browser", True), ("indeed", True)}
    assert [one.included for one in fetches_of(later)] == []


def test_a_fetch_that_breaks_off_publishes_nothing(company, channel):
    row = make_distribution(make_posting(company), channel)
    until_rest()
    answer = Client().get("/feeds/acme/indeed.xml", headers={"user-agent": INDEED})
    next(answer.streaming_content)
    answer.close()
    drain()
    assert fresh(row).status == "accepted"
    assert [one.included for one in fetches_of(row)] == [False]


def test_a_closed_publication_leaves_the_feed_and_a_relisted_one_is_a_new_posting(company, channel):
    job = make_posting(company)
    row = make_distribution(job, channel)
    until_rest()
    fetch()
    until_rest()
    changes.close_distribution(fresh(row), actor=None)
    until_rest()
    assert fetch().find("job") is None

    again = make_distribution(Job.objects.get(pk=job.pk), channel)
    until_rest()
    assert fetch().findtext("job/referencenumber") == f"jobly-{job.pk}-r1"
    until_rest()
    assert fresh(again).status == "published"
    assert [one.included for one in fetches_of(again)] == [True]
    assert [one.included for one in fetches_of(row)][-1] is True


def test_a_switched_off_channel_gives_way_to_the_own_board(company, channel):
    make_distribution(make_posting(company), channel)
    shown = make_listed(company)
    until_rest()
    channel.enabled = False
    channel.save()
    root = fetch()
    assert [one.text for one in root.iter("referencenumber")] == [f"jobly-{shown.pk}"]
    assert FeedFetch.objects.get().feed.channel_id is None
