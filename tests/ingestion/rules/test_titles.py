import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.titles import MAX_TITLE, clean_title, title_key


@pytest.mark.parametrize(
    ("given_title", "cleaned"),
    [
        ("  Pastry \n Chef ", "Pastry Chef"),
        ("Nurse &amp; Midwife", "Nurse & Midwife"),
        ("<b>Welder</b>", "Welder"),
        ("Head of IT (Req #8821)", "Head of IT"),
        ("Harbour Pilot [JR-00412]", "Harbour Pilot"),
        ("Bookkeeper - Job ID: 55120", "Bookkeeper"),
        ("Surveyor (2026-1174)", "Surveyor"),
        ("Data Engineer - Remote", "Data Engineer"),
        ("Translator (100% remote)", "Translator"),
        ("Elektriker (m/w/d)", "Elektriker"),
        ("Accountant (all genders)", "Accountant"),
        ("SENIOR WAREHOUSE SUPERVISOR", "Senior Warehouse Supervisor"),
        ("HEAD OF HR AND PAYROLL", "Head of HR and Payroll"),
        ("REGISTERED NURSE (RN) - ICU", "Registered Nurse (RN) - ICU"),
    ],
)
def test_a_title_loses_what_a_system_put_around_it(given_title, cleaned):
    assert clean_title(given_title) == cleaned


@pytest.mark.parametrize(
    "title",
    [
        "C/C++ Developer",
        "Engineer I/II",
        "Designer (UX/UI)",
        "QA LEAD",
        "Remote Sensing Analyst",
        "Chef de Partie",
        "Manager, Level 3",
        "Teacher (Years 5-6)",
        "24/7 Support Agent",
        "iOS Developer",
        "Remote",
        "(1234)",
    ],
)
def test_a_title_keeps_what_has_meaning(title):
    assert clean_title(title) == title


def test_titles_that_differ_in_writing_only_have_one_key():
    assert title_key("Sr. Software Eng., Payments") == title_key(
        "Senior Software Engineer Payments"
    )
    assert title_key("Électricien") == title_key("electricien")
    assert title_key("Engineer II") != title_key("Engineer III")


@settings(deadline=None)
@given(st.text(max_size=2_000))
def test_cleaning_is_stable_and_bounded(text):
    cleaned = clean_title(text)

    assert len(cleaned) <= MAX_TITLE
    assert cleaned == cleaned.strip()
    assert "\n" not in cleaned
    assert "\x00" not in cleaned
