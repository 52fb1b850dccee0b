"""The catalogue and recruiters' files by REST."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ingestion.models import Job, RawCollection, Upload
from ingestion.rules.geo import cell_of
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from jobly.users.models import Company
from tests.make import (
    make_company,
    make_employer,
    make_job,
    make_key,
    make_member,
    make_processing,
    make_sighting,
    make_upload,
)

pytestmark = pytest.mark.django_db

FIELDS = {
    "id", "title", "employer", "location", "remote", "employment_type", "seniority", "salary",
    "skills", "description_html", "apply_url", "posted_at", "first_seen_at", "last_seen_at",
    "expires_at", "status", "sources",
}  # fmt: skip
CSV = b"""Reference,Job Title,Company,Location,Description,Salary
R1,Welder,Works,"Oslo, Norway",<p>Weld.</p>,$50000 a year
R2,,Works,"Oslo, Norway",nobody knows what,=cmd|' /C calc'!A0
"""


@pytest.fixture
def recruiter():
    company = make_company("acme")
    _, text = make_key(make_member(company), company=company)
    return Client(headers={"Authorization": f"Bearer {text}"})


def send(client, content, name="jobs.csv", **fields):
    file = SimpleUploadedFile(name, content)
    return client.post("/api/v1/uploads/", {"file": file, "company": "acme"} | fields)


def found(query, client=None):
    answer = (client or Client()).get(f"/api/v1/jobs/?{query}")
    assert answer.status_code == 200, answer.content
    return [row["title"] for row in answer.json()["results"]]


def test_a_job_has_every_promised_field():
    job = make_job(
        salary_min=1750, salary_max=2000, salary_currency="USD", salary_period="HOUR",
        salary_annual_min=3640000, salary_annual_max=4160000, salary_source="stated",
    )  # fmt: skip
    make_sighting(job)

    body = Client().get(f"/api/v1/jobs/{job.pk}/").json()
    assert set(body) >= FIELDS
    assert body["salary"]["min"] == 17.5
    assert body["salary"]["annual_max"] == 41600
    assert body["location"]["country"] == "NO"
    assert [s["name"] for s in body["sources"]] == [job.source.name]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("q=welder", ["Welder"]),
        ("location=Leeds", ["Baker"]),
        ("location=United Kingdom", ["Baker"]),
        ("location=Leeds, GB", ["Baker"]),
        ("remote=true", ["Baker"]),
        ("remote=onsite", []),
        ("employment_type=PART_TIME", ["Baker"]),
        ("employment_type=PART_TIME,FULL_TIME&ordering=title", ["Baker", "Welder"]),
        ("skills=Baking", ["Baker"]),
        ("salary_min=50000&currency=gbp", ["Baker"]),
        ("salary_min=70000", []),
        ("employer=Nobody", []),
        ("posted_since=1", ["Baker", "Welder"]),
        ("posted_since=2099-01-01", []),
        ("ordering=-salary", ["Baker", "Welder"]),
        ("status=closed", ["Closed one"]),
    ],
)
def test_lists_are_narrowed(query, titles):
    make_job("Welder")
    make_job(
        "Baker", city="Leeds", country="GB", location_text="Leeds", remote="remote",
        employment_type="PART_TIME", skills=["Baking"], salary_annual_max=6000000,
        salary_currency="GBP",
    )  # fmt: skip
    make_job("Closed one", status="closed")

    assert sorted(found(query)) == sorted(titles)
    if "ordering" in query:
        assert found(query) == titles


OSLO = {"city": "Oslo", "lat": 59.91, "lon": 10.75, "cells": [cell_of(59.91, 10.75)]}
BERGEN = {"city": "Bergen", "region": "", "country": "NO", "lat": 60.39, "lon": 5.32}


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("location=Oslo, Norway&radius_km=10", ["Oslo job"]),
        ("location=Oslo, Norway&radius_km=60&ordering=distance", ["Oslo job", "Drammen job"]),
        ("location=Oslo, Norway&radius_km=60&ordering=-distance", ["Drammen job", "Oslo job"]),
        ("location=59.74,10.20&radius_km=5", ["Drammen job"]),
        ("location=Bergen, Norway&radius_km=25", ["Job of two places"]),
        ("location=Bergen, Norway&radius_km=600&q=drammen", ["Drammen job"]),
        ("location=Tokyo, Japan&radius_km=1000", []),
    ],
)
def test_jobs_are_found_by_distance_from_the_nearest_of_their_places(query, titles):
    make_job("Oslo job", **OSLO)
    drammen = {"lat": 59.74, "lon": 10.20, "cells": [cell_of(59.74, 10.20)]}
    make_job("Drammen job", city="Drammen", **drammen)
    two = {"lat": 63.43, "lon": 10.39, "more_places": [BERGEN]}
    make_job("Job of two places", **two, cells=[cell_of(63.43, 10.39), cell_of(60.39, 5.32)])
    make_job("Nowhere", city="", lat=None, lon=None)

    assert found(query) == titles or (
        "ordering" not in query and sorted(found(query)) == sorted(titles)
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("radius_km=20", "location"),
        ("radius_km=20&location=Norway", "location"),
        ("radius_km=20&location=Atlantis", "location"),
        ("radius_km=0&location=Oslo", "radius_km"),
        ("radius_km=5000&location=Oslo", "radius_km"),
        ("ordering=distance", "ordering"),
        ("cursor=abc", "cursor"),
        ("cursor=1-2-3", "cursor"),
        ("cursor=&ordering=title", "cursor"),
    ],
)
def test_what_cannot_be_measured_or_continued_is_named(query, field):
    answer = Client().get(f"/api/v1/jobs/?{query}")

    assert answer.status_code == 400
    assert field in answer.json()["fields"]


def test_a_cursor_leads_through_all_jobs_once_while_new_ones_come_in():
    jobs = [make_job(f"Job {number}") for number in range(7)]

    seen, url = [], "/api/v1/jobs/?cursor=&limit=3"
    while url:
        page = Client().get(url.removeprefix("http://testserver")).json()
        assert page["previous"] is None
        assert page["count"] >= 7
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
        make_job("A late one")
    assert seen == [job.pk for job in reversed(jobs)]


def test_a_cursor_keeps_the_filters_and_tells_jobs_of_one_moment_apart():
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    for number in range(4):
        make_job(f"Baker {number}", posted_at=moment, city="Leeds", location_text="Leeds")
    make_job("Welder", posted_at=moment)

    url = "/api/v1/jobs/?location=Leeds&cursor=&limit=2"
    first = Client().get(url).json()
    second = Client().get(first["next"].removeprefix("http://testserver")).json()
    assert [row["title"] for row in first["results"] + second["results"]] == [
        "Baker 3", "Baker 2", "Baker 1", "Baker 0",
    ]  # fmt: skip
    assert second["next"] is None


def test_a_job_tells_what_was_understood_of_it():
    employer = make_employer("Harbour", domain="harbour.no", size="11-50", is_agency=True)
    job = make_job(
        employer=employer, benefits=["Meals"], education="bachelor", experience_months=24,
        more_places=[BERGEN], reach="emea", salary_min=100, salary_confidence=0.7,
        salary_currency="NOK", salary_period="HOUR",
    )  # fmt: skip

    body = Client().get(f"/api/v1/jobs/{job.pk}/").json()
    assert (body["benefits"], body["education"], body["experience_months"]) == (
        ["Meals"], "bachelor", 24,
    )  # fmt: skip
    assert body["location"]["more"] == [BERGEN]
    assert body["location"]["reach"] == "emea"
    assert body["salary"]["confidence"] == 0.7
    assert (body["employer"]["domain"], body["employer"]["is_agency"]) == ("harbour.no", True)


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page=-1",
        "page=%C2%B2",
        f"page={'1' * 5000}",
        "posted_since=yesterday-ish",
        "salary_min=lots",
        "status=gone",
    ],
    ids=lambda query: query[:20],
)
def test_a_filter_that_makes_no_sense_is_named(query):
    answer = Client().get(f"/api/v1/jobs/?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["fields"]


@pytest.mark.parametrize("query", ["q=%00", "employer=%C2%B2", "q=" + "a" * 5000, "location=,,"])
def test_odd_words_find_nothing_and_break_nothing(query):
    assert Client().get(f"/api/v1/jobs/?{query}").status_code in {200, 400}


@pytest.mark.parametrize("count", [1, 20])
def test_a_list_costs_the_same_for_one_job_and_for_twenty(django_assert_num_queries, count):
    for _ in range(count):
        make_sighting()

    with django_assert_num_queries(3):
        assert len(Client().get("/api/v1/jobs/").json()["results"]) == count


def test_pages_lead_to_each_other_and_miss_nothing():
    for number in range(5):
        make_job(f"Job {number}")

    first = Client().get("/api/v1/jobs/?limit=2").json()
    assert first["count"] == 5
    seen, url = [r["id"] for r in first["results"]], first["next"]
    while url:
        page = Client().get(url.removeprefix("http://testserver")).json()
        seen += [r["id"] for r in page["results"]]
        url = page["next"]
    assert sorted(seen) == sorted(Job.objects.values_list("pk", flat=True))


def test_a_file_is_taken_in_and_its_rows_are_told_apart(recruiter):
    answer = send(recruiter, CSV)
    assert answer.status_code == 202
    drain()
    run = Run.objects.get(pk=answer.json()["run_url"].split("/")[2])
    assert (run.status, run.done, run.failed, run.total) == ("succeeded", 1, 1, 2)

    body = recruiter.get(f"/api/v1/uploads/{answer.json()['id']}").json()
    assert body["status"] == "loaded"
    assert (body["books"]["loaded"], body["books"]["failed"]) == (1, 1)
    assert body["books"]["errors"][0]["field"] == "title"
    assert body["sha256"] == RawCollection.objects.get().artifact.sha256


def test_rejects_come_back_as_sent_with_the_reason_and_without_formulas(recruiter):
    upload = send(recruiter, CSV).json()["id"]
    drain()

    answer = recruiter.get(f"/api/v1/uploads/{upload}/rejects.csv")
    text = b"".join(answer.streaming_content).decode()
    assert answer["Content-Type"] == "text/csv"
    assert "nobody knows what" in text
    assert "missing_title" in text
    assert "\"'=cmd" in text


def test_a_file_that_is_none_is_refused_and_kept(recruiter):
    answer = send(recruiter, b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "jobs.csv")

    assert answer.status_code == 400
    assert "file" in answer.json()["fields"]
    upload = Upload.objects.get()
    assert upload.status == "refused"
    with upload.collection.artifact.open() as stream:
        assert stream.read().startswith(b"\x89PNG")
    assert not Job.objects.exists()


def test_a_foreign_or_unknown_company_gets_nothing(recruiter):
    make_company("other")
    for slug in ("other", "nobody"):
        answer = send(recruiter, CSV, company=slug)
        assert answer.status_code == 400
        assert "company" in answer.json()["fields"]
    assert not Upload.objects.exists()


def test_a_company_sees_its_own_jobs_beside_the_catalogue(recruiter):
    make_job("Catalogue")
    send(recruiter, CSV)
    drain()

    assert found("", recruiter) == ["Welder", "Catalogue"]
    assert found("") == ["Catalogue"]


def test_lineage_leads_from_the_job_to_the_row_it_came_from(recruiter):
    send(recruiter, CSV)
    drain()

    job = Job.objects.get()
    body = recruiter.get(f"/api/v1/jobs/{job.pk}/?include=lineage").json()
    (step,) = body["lineage"]
    assert (step["row"], step["transformer"], step["outcome"]) == (1, "v2", "loaded")


@pytest.mark.parametrize("count", [1, 20])
def test_a_list_of_files_costs_the_same_for_one_and_for_twenty(
    recruiter, django_assert_num_queries, count
):
    company = Company.objects.get(slug="acme")
    for _ in range(count):
        make_processing(make_upload(company).collection)
    recruiter.get("/api/v1/uploads/")  # notes that the key was used, once a minute

    with django_assert_num_queries(5):
        rows = recruiter.get("/api/v1/uploads/").json()["results"]
    assert len(rows) == count
    assert rows[0]["books"]["raw"] == 0
