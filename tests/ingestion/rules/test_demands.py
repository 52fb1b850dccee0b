"""What a posting asks for and gives: experience, education, benefits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.benefits import benefits_of, find_benefits
from ingestion.rules.education import LEVELS, education_of_field, find_education
from ingestion.rules.experience import find_experience, months_of_field


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("5+ years of experience with ovens", 60),
        ("at least three (3) years of professional experience", 36),
        ("3-5 years' experience in a kitchen", 36),
        ("3\u20135 years\u2019 experience in a kitchen", 36),
        ("Experience: 3 years", 36),
        ("experience of at least 4 years", 48),
        ("six months of experience", 6),
        ("1.5 years of experience", 18),
        ("10+ years designing bridges", 120),
        ("At least 8 years in a similar role", 96),
        ("mindestens 3 Jahre Berufserfahrung", 36),
        ("5 ans d'expérience minimum", 60),
        ("3 años de experiencia", 36),
        ("erfaring fra 3 år", 36),
        ("BA and 5 years of experience, or MA with 3 years of experience", 36),
        ("5 years of experience in sales.\n2 years of experience with boats.", 60),
        ("5 years of experience in sales.\n8 years of experience abroad preferred.", 60),
        ("No experience required, we train you", 0),
    ],
)
def test_a_text_says_how_much_experience_it_asks_for(text, months):
    assert find_experience(text) == months


@pytest.mark.parametrize(
    "text",
    [
        "We have over 20 years of experience in shipping",
        "Our team brings 30 years of experience",
        "You are at least 18 years old",
        "12-month contract with experience days",
        "A 2 year fixed term contract",
        "Founded 10 years ago by an experienced baker",
        "After 1 year you get more holiday",
        "5 years of experience is a plus",
        "99 years of experience",
        "years of experience",
        "",
    ],
)
def test_years_that_are_no_demand_are_left_alone(text):
    assert find_experience(text) is None


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("3", 36),
        ("3.0", 36),
        ("2 years", 24),
        ("18 months", 18),
        ("none", None),
        ("500", None),
        ("²", None),
    ],
)
def test_an_experience_field_is_read_in_years_unless_it_says_months(text, months):
    assert months_of_field(text) == months


def test_a_field_of_months_is_read_as_such():
    assert months_of_field("36", in_months=True) == 36


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Bachelor's degree in biology", "bachelor"),
        ("Bachelor\u2019s or Master\u2019s degree", "bachelor"),
        ("B.S. in Physics or equivalent experience", "bachelor"),
        ("BS/MS in Physics", "bachelor"),
        ("Master\u2019s degree or PhD in chemistry", "master"),
        ("Ph.D. or Master's with 3 years", "master"),
        ("PhD in chemistry required", "doctorate"),
        ("High school diploma or GED", "school"),
        ("Associate's degree required; Bachelor's preferred", "associate"),
        ("Bachelor Degree required (advanced degree preferred)", "bachelor"),
        ("BA/BS required, advanced degree preferred", "bachelor"),
        ("Abgeschlossenes Studium der Informatik", "bachelor"),
        ("Abgeschlossene Berufsausbildung zum Koch", "vocational"),
        ("Diplôme d'ingénieur, Bac +5", "master"),
    ],
)
def test_the_lowest_level_that_opens_the_door_is_found(text, level):
    assert find_education(text) == level


@pytest.mark.parametrize(
    "text",
    [
        "Master's degree preferred",
        "MBA a plus",
        "A degree in law is preferred",
        "No degree required",
        "Scrum Master certification",
        "You master the art of bread",
        "You teach master's students",
        "Currently pursuing a Bachelor's degree",
        "A high degree of care",
        "Teacher at the high school of Bergen",
        "MS Office and MS SQL",
        "The Associate reports to the manager",
        "",
    ],
)
def test_what_only_sounds_like_a_degree_asks_for_none(text):
    assert find_education(text) == ""


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("bachelors_degree", "bachelor"),
        ("High School", "school"),
        ("postgraduate_degree", "master"),
        ("Master's or PhD", "master"),
        ("", ""),
    ],
)
def test_an_education_field_is_read(text, level):
    assert education_of_field(text) == level


@pytest.mark.parametrize(
    ("text", "benefits"),
    [
        (
            "We offer medical, dental, and vision insurance, a 401(k) match and paid time off.",
            ("Health insurance", "Dental insurance", "Vision insurance", "Retirement plan",
             "Paid time off"),
        ),
        ("30 Tage Urlaub und JobRad", ("Paid time off", "Commuter help")),
        ("Salary and equity, stock options", ("Equity",)),
        ("Visa sponsorship for the right person", ("Visa sponsorship",)),
        ("No visa sponsorship is available", ()),
        ("We are unable to offer visa sponsorship", ()),
        ("Visa sponsorship is not available", ()),
        ("You sell life insurance to families", ()),
        ("Diversity, equity and inclusion matter", ()),
        ("Assistant in a dental clinic with vision", ()),
        ("visionary people", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_benefits_are_what_is_promised(text, benefits):
    assert find_benefits(text) == benefits


def test_the_own_list_of_a_source_adds_what_we_know():
    given = ("health_insurance", "dental_coverage", "retirement", "A pony on Fridays")

    assert benefits_of(given, "Stock options.") == (
        "Health insurance", "Dental insurance", "Retirement plan", "Equity",
    )  # fmt: skip


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_read_without_error(text):
    assert find_education(text) in ("", *LEVELS)
    assert find_experience(text) is None or find_experience(text) >= 0
    assert isinstance(find_benefits(text), tuple)
