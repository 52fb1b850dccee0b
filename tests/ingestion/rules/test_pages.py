"""How a site is walked: plans that cannot work, hours, pauses, and what answers mean."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.rules import pages
from ingestion.rules.pages import Meaning, meaning_of, opens_in, pause, plan_of, within
from jobly.errors import Rejected

URL = "https://boats.example/jobs?team=yard&page=1"


def plan(**settings):
    return plan_of(settings, URL)


def test_a_plan_that_cannot_work_names_every_setting_of_it():
    settings = {
        "paging": "page",
        "window": "25:00-26:00",
        "zone": "Mars/Base",
        "refresh_days": -1,
        "step": True,
        "fields": "h1",
    }
    with pytest.raises(Rejected) as refused:
        plan_of(settings, "ftp://boats.example/")

    named = {"url", "parameter", "window", "zone", "refresh_days", "step", "fields"}
    assert set(refused.value.fields) == named
    with pytest.raises(Rejected) as refused:
        plan_of({"paging": "by hand"}, URL)
    assert set(refused.value.fields) == {"paging"}
    with pytest.raises(Rejected) as refused:
        plan_of({"paging": "next"}, URL)
    assert set(refused.value.fields) == {"next_link"}


@pytest.mark.parametrize(
    ("window", "clock", "minutes"),
    [
        ("", "12:00", 0),
        ("22:00-06:00", "23:15", 0),
        ("22:00-06:00", "05:59", 0),
        ("22:00-06:00", "06:00", 16 * 60),
        ("22:00-06:00", "21:30", 30),
        ("09:00-17:00", "08:00", 60),
        ("09:00-17:00", "17:00", 16 * 60),
        ("09:00-09:00", "17:00", 0),
    ],
)
def test_hours_in_which_a_site_is_asked(window, clock, minutes):
    hour, minute = map(int, clock.split(":"))
    now = datetime(2026, 3, 4, hour - 1, minute, tzinfo=UTC)  # Oslo is an hour ahead
    assert opens_in(plan(window=window, zone="Europe/Oslo"), now) == timedelta(minutes=minutes)


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.999])
def test_a_pause_is_between_one_and_two_of_the_longer_delay(draw):
    ours, theirs = timedelta(seconds=3), timedelta(seconds=10)
    assert theirs <= pause(ours, theirs, draw) < 2 * theirs
    assert ours <= pause(ours, timedelta(), draw) < 2 * ours


CHALLENGE = b"<html><head><title>Just a moment...</title></head><body></body></html>"
FORM = b"<html><body>Prove it: <div class='g-recaptcha'></div></body></html>"


@pytest.mark.parametrize(
    ("status", "location", "body", "meaning"),
    [
        (200, "", b"<html>jobs</html>", Meaning.FINE),
        (200, "", CHALLENGE, Meaning.REFUSED),
        (200, "", FORM, Meaning.REFUSED),
        (200, "", FORM + b"JobPosting", Meaning.FINE),  # a job with a form below it
        (200, "", FORM + b" " * pages.SMALL_PAGE, Meaning.FINE),
        (301, "/jobs/1", b"", Meaning.MOVED),
        (302, "https://www.linkedin.com/authwall?x=1", b"", Meaning.REFUSED),
        (303, "/signup/cold-join", b"", Meaning.REFUSED),
        (302, "", b"", Meaning.LATER),
        (400, "", b"", Meaning.END),
        (401, "", b"", Meaning.REFUSED),
        (403, "", b"", Meaning.REFUSED),
        (404, "", b"", Meaning.GONE),
        (410, "", b"", Meaning.GONE),
        (429, "", b"", Meaning.LATER),
        (451, "", b"", Meaning.REFUSED),
        (500, "", b"", Meaning.LATER),
        (522, "", b"", Meaning.LATER),
        (999, "", b"", Meaning.REFUSED),
    ],
)
def test_what_an_answer_means(status, location, body, meaning):
    assert meaning_of(status, location, body) is meaning


@pytest.mark.parametrize(
    ("link", "whole"),
    [
        ("/jobs/7#apply", "https://boats.example/jobs/7"),
        ("8?x=1", "https://boats.example/8?x=1"),
        ("//other.example/jobs/7", ""),
        ("https://boats.example:8443/jobs/7", ""),
        ("https://me@boats.example/jobs/7", ""),
        ("javascript:void(0)", ""),
        ("mailto:jobs@boats.example", ""),
        ("http://[::1", ""),
    ],
)
def test_links_are_followed_on_the_same_site_only(link, whole):
    assert within(plan(), URL, link) == whole


def test_pages_are_told_apart_by_what_they_list():
    assert pages.mark_of(["b", "a", "a"]) == pages.mark_of(["a", "b"]) != pages.mark_of(["a"])
    numbered = pages.numbered(plan(paging="page", parameter="page"), 4)
    assert numbered == "https://boats.example/jobs?team=yard&page=4"


@pytest.mark.parametrize(
    ("host", "guarded"),
    [
        ("linkedin.com", True),
        ("www.linkedin.com", True),
        ("no.LinkedIn.com", True),
        ("linkedin.co.uk", True),
        ("notlinkedin.com", False),
        ("linkedin.com.example.org", False),
        ("boats.example", False),
    ],
)
def test_linkedin_is_known_by_its_host(host, guarded):
    assert pages.is_guarded(host) is guarded
