"""The page on which recruiters decide about suggestions."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ingestion.models import Job, Suggestion
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from jobly.users.models import Company
from tests.make import (
    make_collection,
    make_company,
    make_job,
    make_member,
    make_processed,
    make_processing,
    make_source,
    make_suggestion,
    make_upload,
)
from tests.models_server import ModelServer

from .world import address, signed_in

pytestmark = pytest.mark.django_db
TEXT = "We are looking for a Senior Welder to join pipes by TIG. This is a full-time position."


@pytest.fixture
def company():
    return make_company()


def look(*jobs, upload=None):
    query = f"upload={upload.pk}" if upload else "&".join(f"job={job.pk}" for job in jobs)
    return f"{reverse('admin:ingestion_suggestion_look')}?{query}"


def words(response):
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def job_of(company, title="URGENT: Welder!!"):
    return make_job(title, company=company, description_text=TEXT, employment_type="", city="Oslo")


def test_a_recruiter_looks_decides_one_by_one_and_takes_the_safe_rest(company):
    browser = signed_in(make_member(company))
    job = job_of(company)
    page = look(job)
    assert "Not looked at yet" in words(browser.get(page))

    assert browser.post(page, {"start": "1"}).url == page
    assert "Looking" in words(browser.get(page))
    drain()
    shown = words(browser.get(page))
    for text in ("basic", "URGENT: Welder!!", "Senior", "Full time", "safe", "Accept all"):
        assert text in shown

    title = Suggestion.objects.get(job=job, field="title")
    after = browser.post(page, {"reject": title.pk})
    assert after.url.startswith(page + "#s")
    level = Suggestion.objects.get(job=job, field="seniority")
    browser.post(page, {"accept": level.pk})
    job.refresh_from_db()
    assert (job.title, job.seniority) == ("URGENT: Welder!!", "senior")

    told = browser.post(page, {"accept_safe": "all"}, follow=True)
    assert "suggestions taken over for 1 jobs" in words(told)
    job.refresh_from_db()
    assert job.employment_type == "FULL_TIME"
    assert "Nothing waits for a decision" in words(browser.get(page))


def test_the_jobs_of_a_file_are_looked_at_together(company):
    upload = make_upload(
        company, collection=make_collection(make_source(company=company)), status="loaded"
    )
    processing = make_processing(upload.collection, raw=2, processed=2)
    for _ in range(2):
        job = job_of(company)
        make_processed(processing, status="loaded", job_id=job.pk)
    other = job_of(company)
    browser = signed_in(make_member(company))
    browser.post(look(upload=upload), {"start": "1"})
    (run,) = Run.objects.filter(kind="ingestion.enrich")
    assert len(run.args["job_ids"]) == 2
    drain()
    assert not Suggestion.objects.filter(job=other).exists()
    assert "2 jobs" in words(browser.get(look(upload=upload)))


def test_a_stale_suggestion_is_refused_with_the_reason(company):
    browser = signed_in(make_member(company))
    suggestion = make_suggestion(job_of(company))
    Job.objects.update(title="Baker")
    told = browser.post(look(suggestion.job), {"accept": suggestion.pk}, follow=True)
    assert "has changed since" in words(told)
    assert Job.objects.get(pk=suggestion.job_id).title == "Baker"


def test_a_viewer_reads_and_changes_nothing(company):
    browser = signed_in(make_member(company, "viewer"))
    suggestion = make_suggestion(job_of(company))
    page = browser.get(look(suggestion.job))
    assert b'name="accept"' not in page.content
    for verb in ("start", "accept", "reject", "accept_safe", "allow"):
        answer = browser.post(look(suggestion.job), {verb: suggestion.pk})
        assert answer.status_code == 403
    suggestion.refresh_from_db()
    assert suggestion.status == "open"


def test_a_suggestion_of_another_choice_is_not_reached_through_this_one(company):
    browser = signed_in(make_member(company))
    own, foreign = job_of(company), make_suggestion(job_of(make_company()))
    for value in (foreign.pk, "x", "9" * 30, ""):
        assert browser.post(look(own), {"accept": value}).status_code == 404
    assert browser.post(look(own), {"nonsense": 1}).status_code == 404
    for query in ("", "?job=x", "?upload=x", f"?job={foreign.job_id}", "?job=" + "9" * 30):
        assert browser.get(reverse("admin:ingestion_suggestion_look") + query).status_code == 404
    foreign.refresh_from_db()
    assert foreign.status == "open"


def test_an_owner_allows_the_model_server_and_a_recruiter_cannot(company, httpserver, settings):
    job = job_of(company)
    owner, recruiter = make_member(company, "owner"), make_member(company)
    assert "No model" not in words(signed_in(owner).get(look(job)))
    assert b'name="allow"' not in signed_in(owner).get(look(job)).content

    server = ModelServer(httpserver, settings)
    assert "has not allowed" in words(signed_in(owner).get(look(job)))
    assert signed_in(recruiter).post(look(job), {"allow": "yes"}).status_code == 403
    signed_in(owner).post(look(job), {"allow": "yes"})
    assert Company.objects.get(pk=company.pk).outside_model
    shown = words(signed_in(recruiter).get(look(job)))
    assert "tokens" in shown
    assert "left of this month" in shown
    signed_in(recruiter).post(look(job), {"start": "1"})
    drain()
    assert len(server.calls) == 1
    signed_in(owner).post(look(job), {"allow": "no"})
    assert not Company.objects.get(pk=company.pk).outside_model


def test_the_page_asks_as_often_for_twenty_jobs_as_for_one(company):
    browser = signed_in(make_member(company))
    jobs = [make_suggestion(job_of(company)).job for _ in range(20)]
    few, many = (queries(browser, look(*some)) for some in (jobs[:1], jobs))
    assert few == many
    assert many <= 30


def queries(browser, url):
    browser.get(url)
    with CaptureQueriesContext(connection) as found:
        assert browser.get(url).status_code == 200
    return len(found)


def test_many_are_decided_from_the_list(company):
    browser = signed_in(make_member(company))
    some = [make_suggestion(job_of(company)) for _ in range(2)]
    chosen = {"action": "accept_selected", "_selected_action": [one.pk for one in some]}
    told = browser.post(address(Suggestion, "changelist"), chosen | {"index": 0}, follow=True)
    assert "2 taken over" in words(told)
    assert Job.objects.filter(title__startswith="Senior").count() == 2


def test_what_a_model_wrote_is_shown_as_text_only(company):
    browser = signed_in(make_member(company))
    suggestion = make_suggestion(
        job_of(company), value={"title": "<script>alert(1)</script>"}, evidence="<b>x</b>"
    )
    page = browser.get(look(suggestion.job)).content
    assert b"<script>alert(1)" not in page
    assert b"&lt;script&gt;alert(1)" in page
    assert b"<b>x</b>" not in page
