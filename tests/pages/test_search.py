"""The search page: what it finds, how it says so, and how many queries that takes."""

import re
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from ingestion.forms.search import SearchForm
from ingestion.rules.geo import cell_of
from tests.make import make_company, make_employer, make_job, make_member, make_sighting, make_user

pytestmark = pytest.mark.django_db


def page(client, query="", **extra):
    answer = client.get(f"/?{query}", **extra)
    assert answer.status_code == 200
    return answer


def titles(answer):
    return [job.title for job in answer.context["found"].jobs]


def make_jobs(count, **overrides):
    return [make_sighting(make_job(f"Welder {n}", **overrides)).job for n in range(count)]


@pytest.mark.parametrize("query", ["", "q=welder", "remote=remote&employment_type=FULL_TIME"])
def test_a_page_takes_as_many_queries_for_one_job_as_for_twenty(
    client, django_assert_max_num_queries, query
):
    client.get("/")  # the demo banner asks once a minute
    make_jobs(1, remote="remote")
    with django_assert_max_num_queries(3) as one:
        page(client, query)
    make_jobs(24, remote="remote")
    with django_assert_max_num_queries(4) as twenty:  # and counts, as there is a second page
        page(client, query)
    assert len(twenty) == len(one) + 1


def test_only_live_jobs_one_may_see_are_found(client):
    company = make_company()
    for status in ("draft", "closed", "expired", "removed"):
        make_job(f"A {status} job", status=status)
    make_job("Public")
    make_job("On our board", company=company, on_board=True)
    make_job("Kept inside", company=company)
    assert set(titles(page(client))) == {"Public", "On our board"}
    client.force_login(make_member(company))
    assert set(titles(page(client))) == {"Public", "On our board", "Kept inside"}
    client.force_login(make_member(make_company()))
    assert "Kept inside" not in titles(page(client))


def test_newest_first_by_when_a_job_was_posted(client):
    now = timezone.now()
    make_job("Old", posted_at=now - timedelta(days=9))
    make_job("New", posted_at=now)
    make_job("Between", posted_at=now - timedelta(days=2))
    assert titles(page(client)) == ["New", "Between", "Old"]


def test_each_card_tells_employer_place_pay_age_and_sources(client):
    job = make_job(
        "Welder",
        employer=make_employer("Yard & Sons"),
        remote="hybrid",
        salary_min=60_000_00,
        salary_max=70_000_00,
        salary_annual_max=70_000_00,
        salary_currency="EUR",
        salary_period="YEAR",
        posted_at=timezone.now() - timedelta(days=2),
    )
    make_sighting(job)
    body = page(client).content.decode()
    for text in (
        "Yard &amp; Sons",
        "Oslo, Norway",
        "€60,000 – €70,000 a year",
        "Hybrid",
        "Full time",
        "2\xa0days ago",
        f"source={job.source.name.replace(' ', '%20')}",
        f'href="{job.path}"',
        f'title="{job.posted_at:%Y-%m-%d %H:%M:%S} UTC"',
    ):
        assert text in body
    make_job("Silent on pay")
    assert "Pay not stated" in page(client).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=nurse", {"Nurse"}),
        ("location=Bergen", {"Nurse"}),
        ("remote=remote", {"Coder"}),
        ("remote=remote&remote=onsite", {"Coder", "Nurse"}),
        ("remote=remote,onsite", {"Coder", "Nurse"}),
        ("employment_type=PART_TIME", {"Nurse"}),
        ("seniority=senior&seniority=lead", {"Coder"}),
        ("salary_min=50000&currency=EUR", {"Coder"}),
        ("salary_min=50000&currency=USD", set()),
        ("currency=EUR&ordering=-salary", {"Coder"}),
        ("skills=Python", {"Coder"}),
        ("source=The Gazette", {"Nurse"}),
        ("employer=Ward", {"Nurse"}),
        ("posted_since=7", {"Coder"}),
        ("q=nurse&remote=remote", set()),
    ],
)
def test_every_filter_narrows(client, query, found):
    now = timezone.now()
    make_job(
        "Coder",
        remote="remote",
        seniority="senior",
        skills=["Python"],
        salary_annual_max=60_000_00,
        salary_currency="EUR",
        posted_at=now,
    )
    nurse = make_job(
        "Nurse",
        remote="onsite",
        city="Bergen",
        location_text="Bergen",
        employment_type="PART_TIME",
        employer=make_employer("Ward 9"),
        posted_at=now - timedelta(days=20),
    )
    sighting = make_sighting(nurse)
    sighting.source.name = "The Gazette"
    sighting.source.save()
    assert set(titles(page(client, query))) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("salary_min=abc&currency=EUR", "salary_min"),
        ("salary_min=-1&currency=EUR", "salary_min"),
        ("salary_min=1e400&currency=EUR", "salary_min"),
        ("salary_min=50000", "currency"),
        ("ordering=-salary", "ordering"),
        ("ordering=password", "ordering"),
        ("seniority=guru", "seniority"),
        ("posted_since=yesterday", "posted_since"),
        ("currency=XXX", "currency"),
        ("employer=²", "employer"),
        ("page=0", "page"),
        ("page=99999999999999999999", "page"),
        ("q=" + "x" * 300, "q"),
        ("q=%00", "q"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_left_out(client, query, field):
    make_job("Welder", salary_currency="EUR")
    answer = page(client, query)
    assert field in answer.context["form"].errors
    assert titles(answer) == ["Welder"]


@pytest.mark.parametrize(
    "query",
    [
        "q='; DROP TABLE ingestion_job; --",
        "q=%22unclosed",
        "q=-",
        "location=%25%25,,",
        "employer=99999999999999999999999",
        "_connector=OR&password__startswith=a",
        "location=%F0%9F%92%A9",
    ],
)
def test_odd_input_finds_something_or_nothing_and_never_breaks(client, query):
    make_job("Welder")
    page(client, query)


def test_what_was_asked_stands_in_the_form_escaped(client):
    body = page(client, "q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_each_chip_takes_its_own_filter_away(client):
    make_job("Welder", remote="remote", employment_type="FULL_TIME")
    chips = page(client, "q=welder&remote=remote&remote=hybrid&page=1").context["chips"]
    assert [(chip.label, chip.query) for chip in chips] == [
        ("“welder”", "remote=remote&remote=hybrid"),
        ("Remote", "q=welder&remote=hybrid"),
        ("Hybrid", "q=welder&remote=remote"),
    ]


def test_the_chip_of_an_employer_says_its_name(client):
    job = make_job(employer=make_employer("Yard"))
    chips = page(client, f"employer={job.employer_id}").context["chips"]
    assert [chip.label for chip in chips] == ["Employer: Yard"]


def test_a_minimum_of_pay_goes_with_its_currency():
    form = SearchForm(QueryDict("salary_min=60000&currency=EUR&ordering=-salary&q=x"))
    assert form.is_valid()
    assert form.without("currency") == "q=x"
    assert form.without("salary_min") == "q=x&currency=EUR&ordering=-salary"
    assert form.only("salary_min", "60000") == "salary_min=60000&currency=EUR"
    labels = [chip.label for chip in form.chips()]
    assert labels == ["“x”", "From €60,000 a year", "Paid in EUR"]


def test_the_highest_pay_comes_first_and_unstated_pay_last(client):
    for title, pay in (("Middle", 5), ("None", None), ("Most", 9)):
        make_job(title, salary_annual_max=pay, salary_currency="EUR")
    assert titles(page(client, "currency=EUR&ordering=-salary")) == ["Most", "Middle", "None"]


def test_pages_follow_one_another_and_show_each_job_once(client):
    made = {job.title for job in make_jobs(45)}
    seen, query = [], "q=welder"
    while query:
        answer = page(client, query)
        seen += titles(answer)
        query = answer.context.get("next_query")
    assert len(seen) == 45
    assert set(seen) == made
    last = page(client, "q=welder&page=3")
    assert last.context["previous_query"] == "q=welder&page=2"
    assert "45 jobs" in re.sub(r"\s+", " ", last.content.decode())


def test_a_page_past_the_end_leads_to_the_first_one(client):
    make_job("Welder")
    answer = client.get("/?q=welder&page=7")
    assert (answer.status_code, answer["Location"]) == (302, "/?q=welder")


def test_beyond_the_exact_count_a_plus_stands_for_the_rest(client, monkeypatch):
    monkeypatch.setattr("ingestion.views.EXACT_UP_TO", 30)
    make_jobs(40)
    assert "30+ jobs" in re.sub(r"\s+", " ", page(client).content.decode())


def test_an_empty_catalogue_says_how_to_fill_it(client):
    body = page(client).content.decode()
    assert "manage.py import_jobs jobs.csv" in body
    assert "manage.py demo" in body


def test_nothing_found_says_which_filter_to_relax(client):
    make_job("Welder", remote="onsite", seniority="senior")
    make_job("Nurse", remote="onsite", seniority="senior")
    answer = page(client, "q=welder&remote=remote&seniority=senior")
    wider = answer.context["relaxations"]
    assert [(one.words, one.label, one.query, one.count) for one in wider] == [
        ("Without", "Remote", "q=welder&seniority=senior", 1)
    ]
    assert "No live job matches" in answer.content.decode()


def test_where_no_single_filter_is_to_blame_each_is_offered_alone(client):
    make_job("Welder", remote="onsite", city="Oslo", location_text="Oslo")
    answer = page(client, "q=welder&remote=remote&location=Bergen")
    wider = answer.context["relaxations"]
    assert [(one.words, one.label, one.count) for one in wider] == [("Only", "“welder”", 1)]


def test_the_search_takes_no_more_than_its_share(client):
    for _ in range(120):
        assert client.get("/").status_code == 200
    answer = client.get("/")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) >= 1
    assert client.get("/", REMOTE_ADDR="192.0.2.7").status_code == 200


def test_results_of_filters_are_not_for_search_engines(client):
    make_job("Welder")
    assert 'name="robots"' not in page(client).content.decode()
    assert 'content="noindex, follow"' in page(client, "q=welder").content.decode()


def test_a_search_changes_nothing(client):
    assert client.post("/").status_code == 405


def test_a_signed_in_person_sees_the_way_out_and_staff_the_back_office(client):
    client.force_login(make_user())
    body = page(client).content.decode()
    assert 'action="/logout/"' in body
    assert 'href="/admin/"' not in body
    client.force_login(make_member())
    assert 'href="/admin/"' in page(client).content.decode()


def test_a_distance_is_offered_beside_a_place_and_measured_from_it(client):
    here = {"lat": 59.91, "lon": 10.75, "cells": [cell_of(59.91, 10.75)]}
    make_job("Oslo baker", city="Oslo", location_text="Oslo", **here)
    there = {"lat": 59.74, "lon": 10.20, "cells": [cell_of(59.74, 10.20)]}
    make_job("Drammen baker", city="Drammen", location_text="Drammen", **there)

    assert "radius_km" not in page(client, "q=baker").content.decode()
    exact = page(client, "location=Oslo")
    assert titles(exact) == ["Oslo baker"]
    assert 'name="radius_km"' in exact.content.decode()
    wide = page(client, "location=Oslo&radius_km=50")
    assert set(titles(wide)) == {"Oslo baker", "Drammen baker"}
    chips = {chip.label: chip for chip in wide.context["chips"]}
    assert chips["Within 50 km"].query == "location=Oslo"
    assert chips["In Oslo"].query == ""
    assert set(chips["Within 50 km"].alone.split("&")) == {"radius_km=50", "location=Oslo"}


@pytest.mark.parametrize("query", ["radius_km=25", "radius_km=25&location=Atlantis"])
def test_a_distance_from_nowhere_is_named_and_left_out(client, query):
    make_job("Baker", location_text="Atlantis")

    answer = page(client, query)
    assert "name one city we know" in answer.content.decode()
    assert titles(answer) == ["Baker"]
