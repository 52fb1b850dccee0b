import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.kinds import EMPLOYMENT_TYPES, SENIORITIES
from ingestion.rules.normalise import Posting, RowRejected, normalise
from ingestion.rules.posting import RawPosting
from ingestion.rules.titles import clean_title

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


def make_raw(**overrides: Any) -> RawPosting:
    fields: dict[str, Any] = {"row": 1, "raw": {}, "title": "Head Baker"}
    return RawPosting(**(fields | overrides))


def codes(**overrides: Any) -> set[str]:
    _, issues = normalise(make_raw(**overrides), now=NOW)
    return {issue.code for issue in issues}


def test_a_whole_posting_comes_out_clean():
    posting, issues = normalise(
        make_raw(
            external_id="b-17",
            title="SENIOR PYTHON DEVELOPER - REMOTE",
            employer="Fjord Works\n4.2",
            location="Bergen, Norway",
            employment_type="Full-time",
            salary="NOK 700 000 - 850 000",
            description="<p>You know Go, Python &amp; SQL.</p><script>x()</script>",
            apply_url="https://example.com/jobs/17?utm_source=x",
            posted_at="3 days ago",
            language="en-GB",
        ),
        now=NOW,
    )

    assert issues == ()
    assert posting.title == "Senior Python Developer"
    assert (posting.employer, posting.employer_flagged) == ("Fjord Works", False)
    assert (posting.city, posting.country, posting.remote) == ("Bergen", "NO", "remote")
    assert (posting.seniority, posting.employment_type) == ("senior", "FULL_TIME")
    assert (posting.salary.min_minor, posting.salary.currency) == (70_000_000, "NOK")
    assert posting.description_html == "<p>You know Go, Python &amp; SQL.</p>"
    assert posting.skills == ("Python", "Go", "SQL")
    assert posting.posted_at == datetime(2026, 11, 19, 3, tzinfo=UTC)
    assert (posting.language, posting.external_id) == ("en", "b-17")


@pytest.mark.parametrize("title", ["", "  ", "\x00", "<b></b>"])
def test_only_a_missing_title_rejects_a_row(title):
    with pytest.raises(RowRejected) as refused:
        normalise(make_raw(title=title), now=NOW)

    assert (refused.value.field, refused.value.code) == ("title", "missing_title")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"salary": "competitive"}, "unreadable_salary"),
        ({"salary": "-1"}, "unreadable_salary"),
        ({"salary_min": "90000", "salary_max": "80000"}, "salary_swapped"),
        ({"posted_at": "soon"}, "unreadable_date"),
        ({"expires_at": "1850-01-01"}, "unreadable_date"),
        ({"apply_url": "javascript:alert(1)"}, "bad_url"),
        ({"url": "https://"}, "bad_url"),
        ({"country": "Narnia"}, "unknown_country"),
        ({"description": ""}, "description_missing"),
        ({"description": "x" * 200_001}, "text_too_long"),
        ({"employer": ""}, "missing_employer"),
    ],
)
def test_a_bad_field_is_a_warning_and_the_row_stays(fields, code):
    assert code in codes(**fields)


def test_a_missing_employer_is_the_default_and_flagged():
    posting, issues = normalise(make_raw(), now=NOW, default_employer="Fjord Works")

    assert (posting.employer, posting.employer_flagged) == ("Fjord Works", True)
    assert "Fjord Works" in issues[0].message


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"city": "Austin", "region": "Texas", "country": "USA"}, ("Austin", "TX", "US")),
        ({"city": "Leipzig", "country": "DE"}, ("Leipzig", "Sachsen", "DE")),
        ({"city": "Nowhereville", "region": "TX", "country": "US"}, ("Nowhereville", "TX", "US")),
        ({"city": "Austin, TX"}, ("Austin", "TX", "US")),
        ({"location": "Remote", "country": "Norway"}, ("", "", "NO")),
        ({"location": "Cambridge", "country": "GB"}, ("Cambridge", "England", "GB")),
        ({"country": "Narnia", "location": "Oslo, Norway"}, ("Oslo", "", "NO")),
    ],
)
def test_explicit_fields_and_the_location_text_make_one_place(fields, place):
    posting, _ = normalise(make_raw(**fields), now=NOW)

    assert (posting.city, posting.region, posting.country) == place


def test_the_location_text_is_made_from_fields_when_there_is_none():
    posting, _ = normalise(make_raw(city="Austin", region="TX"), now=NOW)

    assert posting.location_text == "Austin, TX"


def test_a_salary_in_the_description_is_marked_as_found_there():
    posting, _ = normalise(
        make_raw(description="Salary range: $80,000 - $95,000 per year."), now=NOW
    )

    assert posting.salary.source == "text"


def test_a_posting_survives_json():
    posting, _ = normalise(
        make_raw(salary="$50k-60k", location="Oslo, Norway", posted_at="2026-11-01"), now=NOW
    )

    assert Posting.from_dict(json.loads(json.dumps(posting.to_dict()))) == posting


def test_a_posting_tells_what_it_asks_for_and_gives():
    posting, _ = normalise(
        make_raw(
            employer="Fjord Works",
            description="A bachelor's degree and 3 years of experience. We offer paid vacation.",
            apply_url="https://jobs.fjordworks.no/1",
        ),
        now=NOW,
    )

    assert (posting.education, posting.experience_months) == ("bachelor", 36)
    assert posting.benefits == ("Paid time off",)
    assert posting.employer_domain == "fjordworks.no"


def test_fields_win_over_what_the_description_says():
    posting, _ = normalise(
        make_raw(
            employer="Fjord Works",
            employer_size="51-200 employees",
            employer_logo="https://fjordworks.no/logo.png",
            education="Master's degree",
            experience="18 months",
            benefits=("dental",),
            description="Bachelor's degree, 3 years of experience. We have 9,000 employees.",
        ),
        now=NOW,
    )

    assert (posting.education, posting.experience_months) == ("master", 18)
    assert posting.benefits == ("Dental insurance",)
    assert (posting.employer_size, posting.is_agency) == ("51-200", False)
    assert posting.employer_logo == "https://fjordworks.no/logo.png"


def test_an_employer_that_stands_in_is_told_nothing_of():
    posting, _ = normalise(
        make_raw(employer_url="https://someboard.no", apply_url="https://fjordworks.no/1"),
        now=NOW,
        default_employer="Fjord Works",
    )

    assert (posting.employer_domain, posting.is_agency) == ("", False)


def test_all_places_of_a_posting_are_kept_the_first_one_apart():
    posting, _ = normalise(make_raw(location="Oslo, Norway; Bergen, Norway"), now=NOW)

    assert posting.city == "Oslo"
    assert [place.city for place in posting.more_places] == ["Bergen"]
    assert Posting.from_dict(json.loads(json.dumps(posting.to_dict()))) == posting


def test_explicit_fields_are_not_repeated_among_the_other_places():
    posting, _ = normalise(
        make_raw(city="Oslo", country="NO", location="Oslo, Norway; Bergen, Norway"), now=NOW
    )

    assert (posting.city, [p.city for p in posting.more_places]) == ("Oslo", ["Bergen"])


@pytest.mark.parametrize(
    ("location", "country", "area"),
    [
        ("Remote - EMEA", "", "emea"),
        ("Remote, Norway", "NO", ""),
        ("Oslo", "NO", ""),
        ("Anywhere in the world", "", "worldwide"),
    ],
)
def test_a_remote_job_says_how_far_it_reaches(location, country, area):
    posting, _ = normalise(make_raw(location=location), now=NOW)

    assert (posting.country, posting.reach) == (country, area)


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("Job type: Part-time\nYou bake.", "PART_TIME"),
        ("This is a full-time position.", "FULL_TIME"),
        ("Job type: something else", ""),
        ("You work with part-time staff.", ""),
    ],
)
def test_a_description_may_state_the_kind_of_employment(description, kind):
    posting, _ = normalise(make_raw(description=description), now=NOW)

    assert posting.employment_type == kind


def test_characters_read_wrongly_on_the_way_are_mended():
    posting, _ = normalise(
        make_raw(title="Baker \u00e2\x80\x94 nights", employer="Fj\u00c3\u00b8rd"), now=NOW
    )

    assert (posting.title, posting.employer) == ("Baker \u2014 nights", "Fj\u00f8rd")


TEXTS = st.text(max_size=120)


@settings(deadline=None)
@given(
    title=TEXTS,
    employer=TEXTS,
    location=TEXTS,
    salary=TEXTS,
    description=TEXTS,
    apply_url=TEXTS,
    posted_at=st.text(alphabet="0123456789-/: aTZ", max_size=30),
    employment_type=TEXTS,
    remote=TEXTS,
    skills=st.lists(TEXTS, max_size=5).map(tuple),
    employer_url=TEXTS,
    education=TEXTS,
    experience=TEXTS,
    benefits=st.lists(TEXTS, max_size=5).map(tuple),
)
def test_any_row_becomes_a_posting_or_is_refused_by_name(**fields):
    title = fields.pop("title")
    if not clean_title(title):
        with pytest.raises(RowRejected):
            normalise(make_raw(title=title, **fields), now=NOW)
        return

    posting, _ = normalise(make_raw(title=title, **fields), now=NOW)

    stored = json.dumps(posting.to_dict(), ensure_ascii=False)
    assert "\\u0000" not in stored
    stored.encode("utf-8")
    assert posting.remote in ("", "onsite", "hybrid", "remote")
    assert posting.employment_type in ("", *EMPLOYMENT_TYPES)
    assert posting.seniority in ("", *SENIORITIES)
