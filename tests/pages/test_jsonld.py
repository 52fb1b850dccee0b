"""JobPosting by the rules of Google's job search."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.rules.jsonld import Published, as_script, job_posting, missing

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
JOB = Published(
    identifier="REQ-17",
    title="Welder",
    description_html="<p>Weld pipes for ships, forty hours a week.</p>",
    description_text="Weld pipes for ships, forty hours a week.",
    employer="Yard AS",
    employer_url="https://yard.example",
    posted_at=NOW - timedelta(days=3),
    expires_at=NOW + timedelta(days=10),
    city="Bergen",
    region="Vestland",
    country="NO",
    remote="onsite",
    employment_type="FULL_TIME",
    target="https://yard.example/apply",
)


def posting(**changes):
    return job_posting(replace(JOB, **changes), now=NOW)


def test_a_whole_job_says_everything():
    assert posting() == {
        "@context": "https://schema.org/",
        "@type": "JobPosting",
        "title": "Welder",
        "description": "<p>Weld pipes for ships, forty hours a week.</p>",
        "datePosted": "2026-11-17",
        "validThrough": "2026-11-30T12:00:00+00:00",
        "employmentType": "FULL_TIME",
        "hiringOrganization": {
            "@type": "Organization",
            "name": "Yard AS",
            "sameAs": "https://yard.example",
        },
        "identifier": {"@type": "PropertyValue", "name": "Yard AS", "value": "REQ-17"},
        "directApply": False,
        "jobLocation": {
            "@type": "Place",
            "address": {
                "@type": "PostalAddress",
                "addressLocality": "Bergen",
                "addressRegion": "Vestland",
                "addressCountry": "NO",
            },
        },
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"description_text": ""}, "description"),
        ({"description_text": " welder! "}, "description"),
        ({"employer": ""}, "employer"),
        ({"country": ""}, "country"),
        ({"country": "", "remote": "remote"}, "country"),
        ({"target": ""}, "apply link"),
        ({"expires_at": NOW}, "time left"),
    ],
)
def test_a_job_that_may_carry_no_markup_has_none_and_says_why(changes, reason):
    assert posting(**changes) is None
    assert missing(replace(JOB, **changes), now=NOW) == (reason,)


def test_remote_work_names_where_one_may_live_instead_of_a_place():
    found = posting(remote="remote")
    assert found["jobLocationType"] == "TELECOMMUTE"
    assert found["applicantLocationRequirements"] == {"@type": "Country", "name": "NO"}
    assert "jobLocation" not in found


def test_hybrid_work_is_not_telecommuting():
    assert "jobLocationType" not in posting(remote="hybrid")


@pytest.mark.parametrize("absent", ["validThrough", "employmentType"])
def test_what_is_not_known_is_left_out(absent):
    assert absent not in posting(expires_at=None, employment_type="")


@pytest.mark.parametrize(
    ("pay", "value"),
    [
        (
            (60_000_00, 75_000_00, "EUR", "YEAR"),
            {"minValue": 60000, "maxValue": 75000, "unitText": "YEAR"},
        ),
        ((28_50, 28_50, "USD", "HOUR"), {"value": 28.5, "unitText": "HOUR"}),
        (
            (300_000, 400_000, "JPY", "MONTH"),
            {"minValue": 300000, "maxValue": 400000, "unitText": "MONTH"},
        ),
    ],
)
def test_stated_pay_is_told_in_whole_units(pay, value):
    low, high, currency, period = pay
    found = posting(
        pay_min=low, pay_max=high, pay_currency=currency, pay_period=period, pay_stated=True
    )
    assert found["baseSalary"] == {
        "@type": "MonetaryAmount",
        "currency": currency,
        "value": {"@type": "QuantitativeValue", **value},
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"pay_stated": False},
        {"pay_max": None},
        {"pay_min": None},
        {"pay_currency": ""},
        {"pay_period": ""},
    ],
)
def test_pay_that_is_not_the_employers_own_whole_figure_is_left_out(changes):
    known = {
        "pay_min": 1_00,
        "pay_max": 2_00,
        "pay_currency": "EUR",
        "pay_period": "HOUR",
        "pay_stated": True,
    }
    assert "baseSalary" in posting(**known)
    assert "baseSalary" not in posting(**known | changes)


@given(st.text())
def test_a_script_holds_no_character_that_ends_it_and_reads_back_the_same(text):
    script = as_script({"title": text})
    assert not set(script) & set("<>&\u2028\u2029")
    assert json.loads(script) == {"title": text}


def test_a_script_end_in_a_title_stays_text():
    assert "</script" not in as_script({"title": "</script><script>alert(1)</script>"})


def test_work_at_several_places_names_them_all():
    more = ({"city": "Oslo", "region": "", "country": "NO"}, {"city": "Nowhere", "country": ""})
    places = posting(more_places=more)["jobLocation"]
    assert [one["address"].get("addressLocality") for one in places] == ["Bergen", "Oslo"]


def test_remote_work_names_each_country_once():
    more = ({"city": "Oslo", "country": "NO"}, {"city": "Malmö", "country": "SE"})
    told = posting(remote="remote", more_places=more)
    names = [one["name"] for one in told["applicantLocationRequirements"]]
    assert (told["jobLocationType"], names) == ("TELECOMMUTE", ["NO", "SE"])


def test_what_is_asked_for_is_said_in_googles_words():
    told = posting(education="master", experience_months=24, direct=True)
    assert told["educationRequirements"]["credentialCategory"] == "postgraduate degree"
    assert told["experienceRequirements"]["monthsOfExperience"] == 24
    assert told["directApply"] is True
    assert "experienceRequirements" not in posting(experience_months=0)
