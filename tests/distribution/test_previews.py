"""A job on every channel before it is sent: page and API, fixes, and what a change changes."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from distribution.actions.channels import create_channel
from distribution.models import Distribution
from ingestion.models import Job, JobVersion
from tests.distribution.make import make_channel, make_posting
from tests.make import make_company, make_key, make_member

pytestmark = pytest.mark.django_db
SLUGS = ("linkedin", "indeed", "glassdoor", "internal")


@pytest.fixture
def acme():
    company = make_company("acme")
    for slug in SLUGS:
        make_channel(company, slug)
    return company


@pytest.fixture
def api(acme):
    _, text = make_key(make_member(acme), scopes=("distributions:read", "distributions:write"))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


@pytest.fixture
def recruiter(acme):
    client = Client()
    client.force_login(make_member(acme), backend="django.contrib.auth.backends.ModelBackend")
    return client


def page_of(job):
    return reverse("admin:distribution_distribution_preview", args=[job.pk])


def by_channel(said):
    return {one["channel"]: one for one in said["channels"]}


def test_without_a_channel_all_are_shown_side_by_side(api, acme):
    job = make_posting(acme, salary_min=None, salary_max=None)
    said = api.get(f"/api/v1/distributions/preview/?job={job.pk}").json()
    columns = by_channel(said)
    assert list(columns) == sorted(SLUGS)
    assert {slug: one["publishable"] for slug, one in columns.items()} == {
        "glassdoor": False,
        "indeed": True,
        "internal": True,
        "linkedin": True,
    }
    assert (said["changes"], said["unread"]) == (0, {})
    assert columns["linkedin"]["payload"]["title"] == job.title


@pytest.mark.parametrize(
    ("wish", "changed"),
    [
        ({"title": "Master Welder"}, {"linkedin", "indeed", "glassdoor", "internal"}),
        (
            {"salary": "NOK 510,000 - 610,000 per year"},
            {"linkedin", "indeed", "glassdoor", "internal"},
        ),
        ({"location": "Bergen, Norway"}, {"linkedin", "indeed", "glassdoor", "internal"}),
        ({}, set()),
    ],
)
def test_a_change_says_which_channels_would_get_something_else(api, acme, wish, changed):
    job = make_posting(acme, title="Welder")
    said = api.post("/api/v1/distributions/preview/", {"job": job.pk, **wish}, format="json").json()
    assert {slug for slug, one in by_channel(said).items() if one["changed"]} == changed
    assert said["changes"] == len(changed)
    job.refresh_from_db()
    assert (job.title, job.location_text) == ("Welder", job.location_text)
    assert not JobVersion.objects.filter(job=job).exists()


def test_a_lower_end_alone_changes_not_every_channel_alike(api, acme):
    job = make_posting(acme, salary_min=None, salary_max=60_000_000)
    # Indeed cannot say a lone upper end: another one changes nothing there
    sent = {"job": job.pk, "salary": "up to NOK 650,000 per year"}
    said = by_channel(api.post("/api/v1/distributions/preview/", sent, format="json").json())
    assert {slug for slug in said if said[slug]["changed"]} == {"linkedin", "glassdoor", "internal"}


def test_a_change_says_which_findings_come_and_go(api, acme):
    job = make_posting(acme, title="Welder!!!", salary_min=None, salary_max=None)
    sent = {
        "job": job.pk,
        "title": "WELDER NEEDED HERE",
        "salary": "NOK 500,000 - 600,000 per year",
    }
    said = by_channel(api.post("/api/v1/distributions/preview/", sent, format="json").json())
    gone = {finding["code"] for finding in said["glassdoor"]["gone"]}
    assert {"missing", "clickbait"} <= gone
    assert said["glassdoor"]["publishable"]


def test_what_cannot_be_read_is_named_and_shown_as_it_is(api, acme):
    job = make_posting(acme)
    sent = {"job": job.pk, "salary": "a lot", "title": "Fitter"}
    said = api.post("/api/v1/distributions/preview/", sent, format="json").json()
    assert "salary" in said["unread"]
    assert by_channel(said)["linkedin"]["payload"]["title"] == "Fitter"


@pytest.mark.parametrize("sent", [{}, {"job": "x"}, [1], {"job": 1, "channels": "x"}])
def test_bad_input_is_refused_by_field(api, sent):
    said = api.post("/api/v1/distributions/preview/", sent, format="json")
    assert said.status_code == 400, said.content


def test_the_page_shows_each_channel_with_payload_look_and_findings(recruiter, acme):
    job = make_posting(acme, title="Welder!!!", salary_min=None)
    text = recruiter.get(page_of(job)).content.decode()
    for slug in SLUGS:
        assert f'id="{slug}"' in text
    assert "externalJobPostingId" in text
    assert "The lowest pay is not stated" in text
    assert "Fix the errors first" in text
    assert text.count("Publish here") == len(SLUGS)
    assert "Indeed: rules for job titles" in text


def test_a_quick_fix_changes_the_job_by_its_own_form_and_comes_back(recruiter, acme):
    job = make_posting(acme, title="Welder!!!")
    text = recruiter.get(page_of(job)).content.decode()
    form = next(f for f in re.findall(r"<form.*?</form>", text, re.DOTALL) if "Call it" in f)
    names = re.findall(r'name="([\w-]+)" value="([^"]*)"', form)
    action = re.search(r'action="([^"]+)"', form)[1]
    before = Job.objects.get(pk=job.pk)

    said = recruiter.post(action, dict(names), follow=True)

    assert said.redirect_chain[-1][0] == page_of(job)
    job.refresh_from_db()
    assert job.title == "Welder"
    assert (job.description_html, job.salary_min) == (before.description_html, before.salary_min)
    assert JobVersion.objects.filter(job=job).latest("number").why == "Quick fix: clickbait"
    assert "Call it" not in said.content.decode()


def test_the_page_shows_what_a_change_would_do_and_saves_it_only_when_told(recruiter, acme):
    job = make_posting(acme, title="Welder")
    wish = {"title": "Pipe Welder", "salary": "", "location": job.location_text}
    wish["description"] = job.description_html
    wish["salary"] = "NOK 500000 - 600000 per year"
    text = recruiter.post(page_of(job), wish).content.decode()
    assert "Of 4 channels, 4 would get something else." in text
    assert "Publish here" not in text
    job.refresh_from_db()
    assert job.title == "Welder"
    form = next(f for f in re.findall(r"<form.*?</form>", text, re.DOTALL) if "Save this" in f)
    names = dict(re.findall(r'name="([\w-]+)" value="([^"]*)"', form))
    recruiter.post(reverse("admin:ingestion_job_edit", args=[job.pk]), names)
    job.refresh_from_db()
    assert job.title == "Pipe Welder"


def test_one_board_is_published_to_from_its_column(recruiter, acme):
    job = make_posting(acme)
    url = f"{reverse('admin:distribution_distribution_publish')}?job={job.pk}"
    said = recruiter.post(url, {"channels": "internal"})
    assert said.status_code == 302
    assert "/runs/" in said["Location"]
    assert not Distribution.objects.exclude(channel__slug="internal").exists()


def test_a_foreign_job_has_no_preview(acme):
    job = make_posting(acme)
    client = Client()
    other = make_member(make_company("other"))
    client.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(page_of(job)).status_code == 404
    assert client.post(page_of(job), {"title": "x"}).status_code == 404


def test_a_preview_takes_as_many_queries_for_many_channels(api, acme, django_assert_num_queries):
    url = f"/api/v1/distributions/preview/?job={make_posting(acme).pk}"
    with CaptureQueriesContext(connection) as few:
        assert len(api.get(url).json()["channels"]) == 4
    for number in range(16):
        create_channel(acme, slug=f"own-{number}", kind="internal")
    with django_assert_num_queries(len(few)):
        assert len(api.get(url).json()["channels"]) == 20


def test_the_same_title_nearby_is_said(api, acme):
    job = make_posting(acme, title="Welder", city="Oslo", lat=59.91, lon=10.75)
    make_posting(acme, title="Welder", city="Drammen", lat=59.74, lon=10.2)
    make_posting(acme, title="Welder", city="Bergen", lat=60.39, lon=5.32)
    said = api.get(f"/api/v1/distributions/preview/?job={job.pk}&channel=internal").json()
    (finding,) = [f for f in said["lint"] if f["code"] == "same_title_nearby"]
    assert "Drammen" in finding["message"]
    assert "Bergen" not in finding["message"]
