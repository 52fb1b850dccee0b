from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.rules.identity import (
    clean_url,
    comparable_url,
    content_hash,
    content_key,
    url_key,
)
from ingestion.rules.normalise import Posting, normalise
from ingestion.rules.posting import RawPosting

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def make_posting(**overrides: str) -> Posting:
    fields = {
        "title": "Head Baker",
        "employer": "Fjord Bread AS",
        "location": "Bergen, Norway",
        "description": "<p>You bake our bread, every night but Sunday.</p>",
        "apply_url": "https://jobs.example.com/apply?id=17",
        "posted_at": "2026-11-01",
    }
    return normalise(RawPosting(row=1, raw={}, **dict[str, Any](fields | overrides)), now=NOW)[0]


@pytest.mark.parametrize(
    ("given_url", "cleaned"),
    [
        ("https://Example.com/Jobs/1", "https://example.com/Jobs/1"),
        (" https://example.com/a b ", "https://example.com/ab"),
        ("//example.com/x", "https://example.com/x"),
        ("example.com/jobs", "https://example.com/jobs"),
        ("www.example.com", "https://www.example.com"),
        ("https://example.com:443/x", "https://example.com/x"),
        ("https://user:secret@example.com/x", "https://example.com/x"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("mailto:jobs@example.com", "mailto:jobs@example.com"),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt:alert(1)", ""),
        ("data:text/html,x", ""),
        ("ftp://example.com/x", ""),
        ("https:///x", ""),
        ("https://", ""),
        ("https://example.com:99999/x", ""),
        ("http://[::1", ""),
        ("apply by post", ""),
        ("", ""),
    ],
)
def test_only_an_address_one_may_follow_is_kept(given_url, cleaned):
    assert clean_url(given_url) == cleaned


@pytest.mark.parametrize(
    "other",
    [
        "http://jobs.example.com/apply?id=17",
        "https://JOBS.example.com/apply/?id=17",
        "https://www.jobs.example.com/apply?id=17&utm_source=x&utm_medium=y",
        "https://jobs.example.com/apply?gclid=abc&id=17#apply",
        "https://jobs.example.com/apply?ref=board&source=feed&id=17",
    ],
)
def test_tracking_does_not_make_another_job(other):
    first = url_key("https://jobs.example.com/apply?id=17", "Fjord Bread AS")

    assert url_key(other, "Fjord Bread") == first
    assert len(first) == 64


@pytest.mark.parametrize(
    ("url", "employer"),
    [
        ("https://jobs.example.com/apply?id=18", "Fjord Bread"),
        ("https://jobs.example.com/apply?gh_jid=17", "Fjord Bread"),
        ("https://jobs.example.com/apply?id=17", "Other Bread"),
        ("https://jobs.example.com/apply?id=17#/job/2", "Fjord Bread"),
    ],
)
def test_what_identifies_makes_another_job(url, employer):
    assert url_key(url, employer) != url_key("https://jobs.example.com/apply?id=17", "Fjord Bread")


def test_no_url_is_no_key():
    assert url_key("", "Fjord Bread") == ""
    assert url_key("mailto:jobs@example.com", "Fjord Bread") == ""


PIECES = "a b2 www. co . / // - _ ~ + jobs.example /index.html /Index.PHP /index ..".split()


@given(st.sampled_from(("http://", "https://")), st.lists(st.sampled_from(PIECES), max_size=7))
def test_an_address_compares_as_it_does_with_what_only_tracks(scheme, pieces):
    url = scheme + "".join(pieces)
    assert comparable_url(url) == comparable_url(f"{url}?utm_source=feed")


def test_the_content_key_survives_other_writings():
    other = make_posting(
        title="HEAD BAKER (Req #1234)",
        employer="Fjord Bread",
        location="Bergen, NO",
        description="You bake our bread, every night but Sunday.",
        apply_url="",
    )

    assert content_key(other) == content_key(make_posting())


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Junior Baker"},
        {"employer": "Dal Bread"},
        {"location": "Oslo, Norway"},
        {"description": "You clean our ovens."},
    ],
)
def test_another_job_has_another_content_key(change):
    assert content_key(make_posting(**change)) != content_key(make_posting())


@pytest.mark.parametrize(
    "change",
    [
        {"salary": "NOK 500 000"},
        {"description": "<p>You bake our bread, every night but Monday.</p>"},
        {"location": "Oslo, Norway"},
        {"employment_type": "Part-time"},
        {"apply_url": "https://jobs.example.com/apply?id=18"},
    ],
)
def test_what_a_reader_sees_changes_the_content_hash(change):
    assert content_hash(make_posting(**change)) != content_hash(make_posting())


def test_a_renewed_date_and_tracking_change_nothing():
    renewed = make_posting(
        posted_at="2026-11-20", apply_url="https://jobs.example.com/apply?id=17&utm_source=feed"
    )

    assert content_hash(renewed) == content_hash(make_posting())
    assert content_hash(replace(renewed, skills=("Baking",))) != content_hash(renewed)
