"""Lint by table: laws on pay, titles, texts, words, dates; and what must not be found."""

from dataclasses import replace
from datetime import timedelta

import pytest

from distribution.rules import channels, lint
from distribution.rules.lint import boards, pay
from distribution.rules.lint.findings import Around

from .test_rules import JOB, NOW

LONG = "Joins pipes by TIG and by hand, reads drawings and teaches apprentices every day. " * 8
GERMAN = "Wir suchen für unser Werk in Berlin einen Schweißer, der mit uns Rohre verbindet. " * 8
CLEAN = replace(JOB, description_html=f"<p>{LONG}</p>", description_text=LONG)
UNPAID = {"salary_min": None, "salary_max": None, "salary_currency": "", "salary_period": ""}


def found(kind="internal", around=None, **changes):
    options = channels.options_of(kind, {})
    return lint.lint(kind, replace(CLEAN, **changes), options, around or Around(NOW))


def codes(**changes):
    return {finding.code for finding in found(**changes)}


def the(code, **changes):
    (finding,) = [finding for finding in found(**changes) if finding.code == code]
    return finding


def test_a_clean_job_has_nothing_to_be_said_of():
    assert codes() == set()


@pytest.mark.parametrize(
    ("place", "stated", "code", "level", "law"),
    [
        (("US", "CO"), {}, "pay_missing", "warning", "8-5-201"),
        (("US", "CO"), {"salary_min": 5_000_000}, "pay_missing", "warning", "8-5-201"),
        (("US", "NY"), {}, "pay_missing", "warning", "194-b"),
        (("US", "CA"), {}, "pay_missing", "warning", "432.3"),
        (("US", "WA"), {}, "pay_missing", "warning", "49.58.110"),
        (("US", "IL"), {}, "pay_missing", "warning", "820 ILCS 112/10"),
        (("CA", "BC"), {}, "pay_missing", "warning", "SBC 2023"),
        (("AT", ""), {}, "pay_missing", "error", "Gleichbehandlungsgesetz"),
        (("AT", "9"), {}, "pay_missing", "error", "Gleichbehandlungsgesetz"),
    ],
)
def test_pay_is_asked_for_where_the_law_does(place, stated, code, level, law):
    country, region = place
    finding = the(code, country=country, region=region, **{**UNPAID, **stated})
    assert (finding.level, finding.field) == (level, "salary")
    assert law in finding.source


@pytest.mark.parametrize(
    "changes",
    [
        {"country": "US", "region": "TX", **UNPAID},
        {"country": "US", "region": "TX", "remote": "hybrid", **UNPAID},
        {"country": "US", "region": "CO", "description_text": LONG + "Benefits: dental."},
        {"country": "AT", "region": "", "salary_max": None},
        {"country": "NO", **UNPAID},
        {"country": "", "city": "", "location_text": "Remote", "remote": "remote", **UNPAID},
    ],
)
def test_and_nowhere_else(changes):
    assert not {"pay_missing", "pay_missing_remote", "benefits_missing"} & codes(**changes)


def test_a_remote_us_job_is_checked_against_every_state_with_a_law():
    remote = {"country": "US", "city": "", "region": "", "remote": "remote"}
    finding = the("pay_missing_remote", **remote, **UNPAID)
    states = [law.place for law in pay.LAWS if law.country == "US"]
    assert len(states) >= 12
    assert all(state in finding.message for state in states)
    assert finding.level == "warning"
    assert "pay_missing_remote" not in codes(**remote)
    assert "pay_missing" in codes(**{**remote, "region": "CO"}, **UNPAID)


@pytest.mark.parametrize(("days", "is_there"), [(0, False), (365, True)])
def test_the_eu_directive_counts_from_june_2026(days, is_there):
    around = Around(NOW + timedelta(days=days))
    changes = {"country": "DE", "listed_at": NOW + timedelta(days=days), **UNPAID}
    assert ("pay_missing" in {f.code for f in found(around=around, **changes)}) is is_there


def test_benefits_are_asked_for_beside_pay_and_half_a_statement_is_unclear():
    assert "benefits_missing" in codes(country="US", region="CO")
    assert "pay_unclear" in codes(salary_period="")
    assert "pay_wide" in codes(salary_max=150_000_000)


@pytest.mark.parametrize(
    ("title", "code", "fixed"),
    [
        ("WELDER NEEDED TODAY", "shouting", "Welder Needed Today"),
        ("Welder - URGENT HIRING!!", "clickbait", "Welder"),
        ("Welder!!!", "clickbait", "Welder"),
        ("Now hiring: Welder", "clickbait", "Welder"),
        ("Dringend gesucht: Schweißer", "clickbait", "Schweißer"),
        ("Welder $25/hour", "salary_in_title", "Welder"),
        ("Welder (€45.000 - €50.000)", "salary_in_title", "Welder"),
        ("Welder 60k - 70k", "salary_in_title", "Welder"),
        ("Welder - Oslo", "place_in_title", "Welder"),
        ("Welder (Oslo, Norway)", "place_in_title", "Welder"),
        ("Welder in Oslo", "place_in_title", "Welder"),
        ("Welder (Remote)", "place_in_title", "Welder"),
        ("Welder - Fully Remote", "place_in_title", "Welder"),
        ("Welder (Full-time)", "type_in_title", "Welder"),
        ("Schweißer in Vollzeit", "type_in_title", "Schweißer"),
        ("Fitter &amp; Welder", "html_entity", "Fitter & Welder"),
        ("Chairman", "biased_gender", "Chairperson"),
    ],
)
def test_titles_that_boards_turn_away_and_what_the_fix_makes_of_them(title, code, fixed):
    finding = next(f for f in found(title=title) if f.code == code)
    assert finding.field == "title"
    assert (finding.fix.field, finding.fix.value) == ("title", fixed)
    start, end = finding.span
    assert 0 <= start < end <= len(title)


@pytest.mark.parametrize(
    "title",
    [
        "Welder",
        "SAP ABAP Developer",
        "QA / QC Lead",
        "CNC Operator (HAAS)",
        "Contract Manager",
        "Permanent Way Engineer",
        "Hybrid Cloud Engineer",
        "Remote Sensing Scientist",
        "Osloer Straßenbahnfahrer (m/w/d)",
        "C++ Developer .NET 8",
        "Kaufmännische Sachbearbeitung (m/w/d)",
        "HNO-Facharzt (m/w/d)",
        "Head of IT & Operations",
        "R&D Engineer",
        "Human Resources Manager",
        "Performance Engineer",
        "Intern, Data",
        "Entwickler*in (m/w/d)",
        "Urgent Care Physician",
        "401k Specialist",
    ],
)
def test_titles_that_are_fine(title):
    assert codes(title=title) == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Send your papers to jobs@acme.example today.", "contact_in_text"),
        ("Call us: +47 22 33 44 55 for more.", "contact_in_text"),
        ("You pay a training fee of 50 dollars.", "fee_asked"),
        ("Bring a security deposit on the first day.", "fee_asked"),
        ("Clean&nbsp;rooms and &amp;amp; halls.", "html_entity"),
        ("We look for a salesman with a car.", "biased_gender"),
        ("We are a young and dynamic team.", "biased_age"),
        ("You are a native English speaker.", "biased_origin"),
        ("You are under 35 years old.", "biased_age"),
        ("For single women.", "biased_family"),
        ("Only able-bodied people.", "biased_disability"),
        ("x" * 1300, "paragraph_long"),
    ],
)
def test_texts_that_boards_or_people_turn_away_from(text, code):
    finding = next(f for f in found(description_text=f"{LONG}\n{text}") if f.code == code)
    assert finding.field == "description"
    assert finding.source


@pytest.mark.parametrize(
    "text",
    [
        "There is no registration fee, and we never ask for a deposit.",
        "You teach young people and young children to swim.",
        "You build native apps for phones.",
        "Budget of 1 200 000 to 3 000 000 a year; reference 2026-11-22.",
        "Woman, man or anyone else: apply. You manage foremost experts.",
        "Research & development of <b>pipes</b>.",
        "We review every single candidate by hand.",
        "You look after children under 12 years of age.",
        "If you need a reasonable accommodation, write to help@acme.example or call 555 0100 22.",
    ],
)
def test_texts_that_are_fine(text):
    assert codes(description_text=f"{LONG}\n{text}") == set()


def test_english_words_are_not_looked_for_in_german_and_german_ones_are():
    manpower = f"{GERMAN} Manpower und Rockstar heißen zwei unserer Maschinen."
    assert codes(title="Schweißer (m/w/d)", description_text=manpower) == set()
    young = f"{GERMAN} Ein junges dynamisches Team erwartet Sie."
    assert codes(title="Schweißer", description_text=young) == {"biased_age"}
    french = "Vous travaillez avec une équipe et vous êtes responsable de la soudure. " * 10
    assert codes(title="Soudeur", description_text=f"{french} salesman") == set()


def test_a_plainer_word_keeps_its_capital_and_the_rest_of_the_text():
    html = f"<p>{LONG}</p><p>Salesmen sell. A salesman drives.</p>"
    finding = the("biased_gender", description_html=html, description_text=f"{LONG} Salesmen sell.")
    assert finding.fix.value.endswith("<p>Salesperson sell. A salesperson drives.</p>")
    assert "Salesperson" in finding.fix.words


def test_a_text_of_few_words_and_a_place_without_a_city_are_said():
    assert codes(description_text="Weld pipes.") == {"text_thin"}
    assert codes(description_text=LONG * 30) == {"text_long", "paragraph_long"}
    assert codes(city="", location_text="Western Norway") == {"city_missing"}
    assert codes(city="", location_text="Remote", remote="remote") == set()


def test_dates_and_repeats_nearby():
    expired = the("expired", expires_at=NOW - timedelta(days=1))
    assert (expired.level, expired.fix.value) == ("error", "")
    assert "closes_soon" in codes(expires_at=NOW + timedelta(days=1))
    old = {"listed_at": NOW - timedelta(days=91)}
    assert "too_old" in {f.code for f in found("indeed", **old)}
    assert codes(**old) == {"stale"}
    around = Around(NOW, ("Bergen", "Moss", "Asker", "Ski"))
    (repeat,) = found(around=around)
    assert repeat.code == "same_title_nearby"
    assert "Bergen, Moss, Asker and 1 more" in repeat.message


def test_without_a_moment_nothing_is_said_of_dates():
    over = replace(CLEAN, expires_at=NOW - timedelta(days=1))
    assert lint.lint("internal", over, channels.options_of("internal", {})) == ()


def test_a_title_too_long_is_cut_at_a_word():
    title = (
        "Senior Welder of pipes, tanks and other vessels for the offshore industry and for ships"
    )
    assert boards.shortened(title, 30) == "Senior Welder of pipes, tanks"
    assert boards.shortened("W" * 50, 30) == "W" * 30
    finding = the("title_too_long", title="Welder of pipes " * 40)
    assert len(finding.fix.value) <= 500


def test_errors_come_first_and_the_shape_has_fix_and_span():
    said = found("rest", title="Welder!!!", **UNPAID)
    levels = [finding.level for finding in said]
    assert levels == sorted(levels)
    shape = said[-1].to_dict()
    assert set(shape) == {"code", "level", "field", "message", "source", "fix", "span"}
    assert shape["fix"] == {"field": "title", "value": "Welder", "words": "Call it “Welder”"}
