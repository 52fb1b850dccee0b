"""The board for colleagues: internal jobs are there, for the company's own people only."""

import pytest
from django.test import Client

from distribution.actions import react
from distribution.actions.changes import create_distribution
from distribution.reports.planning import plan
from ingestion.models import Job, JobDesk
from jobly.runs.actions.execution import foreground
from tests.make import make_company, make_member, make_user

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme():
    return make_company("acme")


def internal(company, **overrides):
    job = make_posting(company, **overrides)
    JobDesk.objects.create(job=job, is_public=False)
    return Job.objects.select_related("company", "employer").get(pk=job.pk)


def page(user, company="acme"):
    browser = Client()
    if user:
        browser.force_login(user)
    return browser.get(f"/intranet/{company}/")


def test_an_internal_job_is_shown_to_colleagues_and_to_nobody_else(acme):
    job = internal(acme, title="Inside Welder")
    row = make_distribution(job, make_channel(acme, "intranet"))
    until_rest()

    assert fresh(row).status == "published"
    colleague, stranger = make_member(acme, "viewer"), make_member(make_company("other"))
    shown = page(colleague)
    assert (shown.status_code, b"Inside Welder" in shown.content) == (200, True)
    assert b"Internal: on no other board" in shown.content
    assert [page(who).status_code for who in (stranger, make_user())] == [404, 404]
    assert page(None).status_code == 302
    assert b"Inside Welder" not in Client().get("/").content


def test_a_job_that_becomes_internal_stays_there_and_leaves_the_public_board(acme, boards):
    here, there = make_channel(acme, "intranet"), make_channel(acme, "internal")
    job = make_posting(acme)
    rows = [create_distribution(job, channel, actor=None) for channel in (here, there)]
    until_rest()
    JobDesk.objects.create(job=job, is_public=False)

    foreground(
        "distribution.take_down",
        {"job_id": job.pk},
        actor=None,
        company=acme,
        body=lambda progress: react.take_down(progress, job.pk),
    )
    until_rest()

    assert [fresh(row).status for row in rows] == ["published", "closed"]


def test_a_plan_takes_internal_jobs_to_colleagues_only(acme):
    job = internal(acme)
    channels = [make_channel(acme, slug) for slug in ("intranet", "internal", "glassdoor")]
    steps = plan(Job.objects.filter(pk=job.pk), channels)
    assert {step.channel: step.action for step in steps} == {
        "intranet": "create",
        "internal": "none",
        "glassdoor": "none",
    }


def test_a_closed_job_leaves(acme):
    job = internal(acme)
    make_distribution(job, make_channel(acme, "intranet"))
    until_rest()
    Job.objects.filter(pk=job.pk).update(status="closed")
    assert job.title.encode() not in page(make_member(acme)).content


@pytest.mark.parametrize("count", [1, 20])
def test_the_page_asks_a_constant_number_of_questions(acme, count, django_assert_max_num_queries):
    channel = make_channel(acme, "intranet")
    for _ in range(count):
        make_distribution(make_posting(acme), channel)
    until_rest()
    browser = Client()
    browser.force_login(make_member(acme))
    with django_assert_max_num_queries(14):
        assert browser.get("/intranet/acme/").status_code == 200
