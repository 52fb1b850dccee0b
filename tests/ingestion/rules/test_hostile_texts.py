"""Every parser meets 100 KB made to be slow, within a bound that only a bad pattern breaks."""

import time
from datetime import UTC, datetime

import pytest

from ingestion.rules import (
    amounts,
    benefits,
    dates,
    departments,
    education,
    employer_facts,
    employers,
    experience,
    gazetteer,
    html,
    identity,
    kinds,
    languages,
    places,
    ranks,
    reach,
    salaries,
    skills,
    skills_facts,
    texts,
    titles,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SIZE = 100_000
#: Alone each takes a few milliseconds; the bound leaves room for a machine under load.
BOUND = 1.0

TEXTS = {
    "letters": "a" * SIZE + "!",
    "digits": "1" * SIZE,
    "spaces": " " * SIZE + "x",
    "groups": "1 000 " * (SIZE // 6),
    "points": "1.1." * (SIZE // 4),
    "ranges": "$1-" * (SIZE // 3),
    "dollars": "salary $1 " * (SIZE // 10),
    "brackets": "(" * SIZE,
    "pairs": "()[]" * (SIZE // 4),
    "commas": "a," * (SIZE // 2),
    "dashes": " - " * (SIZE // 3),
    "slashes": "m/w/" * (SIZE // 4),
    "tags": "<p" * (SIZE // 2),
    "nested": "<div>" * (SIZE // 5),
    "entities": "&lt;" * (SIZE // 4),
    "semicolons": "&#x" * (SIZE // 3),
    "needs": "must have is a plus " * (SIZE // 20),
    "headings": "skills C, " * (SIZE // 10),
    "newlines": "\n - " * (SIZE // 4),
    "remote": "remote remote-" * (SIZE // 14),
    "letters and signs": "C, R, Go, " * (SIZE // 10),
    "experience": "experience with the a " * (SIZE // 22),
    "urls": "https://a.b/?" + "a=b&" * (SIZE // 4),
    "combining": "é" * SIZE,
    "years": "5 years 3 to 4 years of " * (SIZE // 25),
    "degrees": "bs/ms in b.a. or m. degree " * (SIZE // 27),
    "heads": "we have over 10 employees or " * (SIZE // 29),
    "clients": "our client is our client, " * (SIZE // 26),
    "benefits": "no 401k, dental, vision, pto " * (SIZE // 29),
    "misread": "\u00c3\u00a9\u00e2\u0080" * (SIZE // 4),
    "areas": "remote eu or asia, us and " * (SIZE // 26),
    "ago": "posted " * (SIZE // 7) + "1 day ago",
}

PARSERS = {
    "title": titles.clean_title,
    "title key": titles.title_key,
    "employer": employers.clean_employer,
    "employer key": employers.employer_key,
    "place": places.read_place,
    "country": gazetteer.country_code,
    "salary": lambda text: salaries.read_salary(salaries.Stated(text, text, text, text, text)),
    "salary in text": lambda text: salaries.find_salary(text, local="USD"),
    "period": amounts.find_period,
    "date": lambda text: dates.read_date(text, now=NOW),
    "employment type": kinds.employment_type,
    "employment type of title": kinds.employment_type_of_title,
    "remote field": kinds.remote_of_field,
    "remote title": kinds.remote_of_title,
    "remote description": kinds.remote_of_description,
    "seniority": lambda text: kinds.seniority(text, text),
    "department": departments.department_of_title,
    "html": lambda text: html.read_description(text, shape="html"),
    "escaped html": lambda text: html.read_description(text, shape="escaped_html"),
    "plain text": lambda text: html.read_description(text, shape="text"),
    "skills": skills.find_skills,
    "skill facts": lambda text: skills_facts.skill_facts((text,), text[:300], text),
    "rank": ranks.rank_of_title,
    "url": identity.clean_url,
    "url key": lambda text: identity.url_key(text, text),
    "fingerprint": identity.fingerprint,
    "places": places.read_places,
    "reach": reach.reach,
    "benefits": benefits.find_benefits,
    "listed benefits": lambda text: benefits.benefits_of((text,) * 100, ""),
    "education": education.find_education,
    "education field": education.education_of_field,
    "experience": experience.find_experience,
    "experience field": experience.months_of_field,
    "employer size": employer_facts.find_size,
    "employer size field": employer_facts.size_of_field,
    "employer domain": lambda text: employer_facts.employer_domain(text, text, text),
    "agency": lambda text: employer_facts.hires_for_others(text, text),
    "stated employment type": kinds.employment_type_of_description,
    "language": languages.language_of_text,
    "misread": texts.mended,
}


@pytest.fixture(autouse=True, scope="module")
def _languages_are_loaded():
    """dateparser reads its word lists at the first date it cannot read."""
    dates.read_date("no date 1", now=NOW)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("text", TEXTS)
def test_no_text_makes_a_parser_slow(parser, text):
    started = time.thread_time()
    PARSERS[parser](TEXTS[text])

    assert time.thread_time() - started < BOUND
