"""Where applications came from: known by token, matched, or honestly unknown."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from distribution.actions.clicks import count_click
from distribution.models import Applicant, Click
from distribution.reports.attribution import UNKNOWN, came_by, visitors_before
from ingestion.models import Job, JobDesk
from tests.distribution.applications import address, filled, open_job
from tests.distribution.applying import make_applicant
from tests.distribution.make import make_channel, make_distribution, make_posting

pytestmark = pytest.mark.django_db
HERE = {"address": "203.0.113.7", "agent": "Firefox"}


@pytest.fixture
def world():
    channel = make_channel()
    other = make_channel(channel.company, slug="glassdoor")
    job = make_posting(channel.company)
    return job, make_distribution(job, channel), make_distribution(job, other)


def visitors():
    return visitors_before(timezone.now(), **HERE)


def test_the_token_says_it(world):
    job, first, second = world
    count_click(second, "person", **HERE)
    found = came_by(job, token=first.token, visitors=visitors(), now=timezone.now())
    assert (found.distribution, found.known) == (first, "token")


def test_a_token_of_another_job_says_nothing(world):
    job, first, _ = world
    other = make_distribution(make_posting(job.company), first.channel)
    for token in (other.token, "A" * 16, ""):
        assert came_by(job, token=token, now=timezone.now()) == UNKNOWN


def test_the_last_link_the_same_visitor_followed_within_thirty_days_is_matched(world):
    job, first, second = world
    count_click(first, "person", **HERE)
    count_click(second, "person", **HERE)
    count_click(make_distribution(make_posting(job.company), first.channel), "person", **HERE)
    found = came_by(job, visitors=visitors(), now=timezone.now())
    assert (found.distribution, found.known) == (second, "matched")

    stranger = visitors_before(timezone.now(), address="203.0.113.8", agent="Firefox")
    assert came_by(job, visitors=stranger, now=timezone.now()) == UNKNOWN
    Click.objects.update(at=timezone.now() - timedelta(days=31))
    assert came_by(job, visitors=visitors(), now=timezone.now()) == UNKNOWN


def test_who_asked_not_to_be_followed_is_matched_with_nothing(world):
    job, first, _ = world
    count_click(first, "unseen", **HERE)
    assert came_by(job, visitors=visitors(), now=timezone.now()) == UNKNOWN


def test_the_same_address_is_matched_by_channel_within_the_company_only(world):
    job, first, _ = world
    before = make_distribution(make_posting(job.company), first.channel)
    earlier = make_applicant(before.job, before, email_key="ada@example.org")
    found = came_by(job, email_key="ada@example.org", now=timezone.now())
    assert (found.distribution, found.known) == (first, "matched")

    later = earlier.created_at + timedelta(days=31)
    assert came_by(job, email_key="ada@example.org", now=later) == UNKNOWN
    foreign = make_posting(make_channel().company)
    make_distribution(foreign, make_channel(foreign.company, slug="glassdoor"))
    assert came_by(foreign, email_key="ada@example.org", now=timezone.now()) == UNKNOWN


def test_an_application_without_token_is_credited_to_the_link_followed_before(world):
    job = open_job(world[0].company, on_board=False)
    first, second = (make_distribution(job, row.channel) for row in world[1:])
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    person = Client(headers={"user-agent": agent}, REMOTE_ADDR="203.0.113.9")
    page = address(job, first.token)
    assert person.get(f"/go/{first.token}")["Location"] == page
    assert person.get(page).status_code == 200  # though the job is not on our own board
    for closed in (address(job), address(job, "A" * 16), address(job, "%00")):
        assert person.get(closed).status_code == 404

    Job.objects.filter(pk=job.pk).update(on_board=True)
    for number, (via, said) in enumerate([("", {}), (second.token, {}), ("", {"dnt": "1"})]):
        sent = filled(email=f"a{number}@example.org")
        assert person.post(address(job, via), sent, headers=said).status_code == 302
    found = Applicant.objects.order_by("id").values_list("distribution", "known")
    assert list(found) == [(first.pk, "matched"), (second.pk, "token"), (None, "unknown")]


def test_an_internal_jobs_form_is_not_shown_to_strangers_with_its_link(world):
    job = open_job(world[0].company, on_board=False)
    row = make_distribution(job, world[1].channel)
    JobDesk.objects.create(job=job, is_public=False)
    assert Client().get(address(job, row.token)).status_code == 404
