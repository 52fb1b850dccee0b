"""What an answer or a failure means to a run."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from jobly import http
from jobly.errors import AuthExpired, Rejected, Unavailable, Unknown

CANARY = "sk-canary0123456789abcdef"


def answer(status, body=b"", **headers):
    found = requests.Response()
    found.status_code = status
    found.url = f"https://board.test/jobs?api_key={CANARY}"
    found._content = body
    found.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return found


@pytest.mark.parametrize(
    ("status", "repeatable", "once"),
    [
        (200, None, None),
        (201, None, None),
        (202, None, None),
        (204, None, None),
        (302, None, None),
        (304, None, None),
        (400, Rejected, Rejected),
        (401, AuthExpired, AuthExpired),
        (403, Rejected, Rejected),
        (404, Rejected, Rejected),
        (408, Unavailable, Unavailable),
        (409, Unavailable, Unavailable),
        (410, Rejected, Rejected),
        (422, Rejected, Rejected),
        (425, Unavailable, Unavailable),
        (429, Unavailable, Unavailable),
        (451, Rejected, Rejected),
        (500, Unavailable, Unknown),
        (502, Unavailable, Unknown),
        (503, Unavailable, Unknown),
        (504, Unavailable, Unknown),
        (599, Unavailable, Unknown),
    ],
)
def test_a_status_decides_by_whether_the_call_may_be_repeated(status, repeatable, once):
    for idempotent, kind in ((True, repeatable), (False, once)):
        error = http.classify(answer(status), idempotent=idempotent)
        assert (error if kind is None else type(error)) is kind


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("0", timedelta()),
        ("7", timedelta(seconds=7)),
        ("1.5", timedelta(seconds=1.5)),
        ("3600", timedelta(hours=1)),
        ("99999999999999999999", timedelta(hours=1)),
        (format_datetime(datetime(2001, 2, 3, tzinfo=UTC)), timedelta()),
        (format_datetime(datetime(2999, 2, 3, tzinfo=UTC)), timedelta(hours=1)),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("Fri, 99 Foo 2026", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_and_kept_within_an_hour(text, wait, status):
    error = http.classify(answer(status, Retry_After=text), idempotent=True)
    assert error.retry_after == wait


def test_a_date_in_retry_after_counts_from_now():
    text = format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)
    error = http.classify(answer(429, Retry_After=text), idempotent=True)
    assert timedelta(seconds=115) < error.retry_after <= timedelta(minutes=2)


def test_whose_clock_is_wrong_counts_from_the_clock_of_who_answered():
    theirs = datetime.now(UTC) + timedelta(days=1)
    date = format_datetime(theirs, usegmt=True)
    text = format_datetime(theirs + timedelta(minutes=2), usegmt=True)
    error = http.classify(answer(429, Retry_After=text, Date=date), idempotent=True)
    assert error.retry_after == timedelta(minutes=2)


@given(st.text(max_size=80))
def test_no_retry_after_breaks_anything(text):
    error = http.classify(answer(429, Retry_After=text), idempotent=True)
    assert error.retry_after is None or timedelta() <= error.retry_after <= timedelta(hours=1)


def test_errors_name_the_service_and_tell_no_secret():
    body = f'{{"error": "bad", "token": "{CANARY}", "mail": "jo@example.com"}}' + "x" * 5000
    error = http.classify(
        answer(400, body.encode(), Content_Type="application/json"),
        idempotent=True,
        service="Board",
    )
    told = f"{error.message} {error.context}"
    assert error.message == "Board refused the request (400)."
    assert CANARY not in told
    assert "jo@example.com" not in told
    assert len(error.context["excerpt"]) <= 200
    assert "bad" in error.context["excerpt"]


def test_without_a_name_the_host_is_named_and_never_the_query():
    error = http.classify(answer(500), idempotent=True)
    assert "board.test" in error.message
    assert CANARY not in f"{error.message} {error.context}"


def test_bytes_are_not_quoted():
    error = http.classify(answer(400, b"\x89PNG", Content_Type="image/png"), idempotent=True)
    assert error.context["excerpt"] == ""


@pytest.mark.parametrize("line", ["a\r\nSet-Cookie: x", "a\x1b[2Jb"])
def test_the_excerpt_is_one_line(line):
    error = http.classify(answer(400, line.encode(), Content_Type="text/plain"), idempotent=True)
    assert "\n" not in error.context["excerpt"]


@pytest.mark.parametrize(
    ("problem", "repeatable", "once"),
    [
        (requests.ConnectTimeout(), Unavailable, Unavailable),
        (requests.ReadTimeout(), Unavailable, Unknown),
        (requests.ConnectionError("reset"), Unavailable, Unknown),
        (requests.exceptions.ChunkedEncodingError(), Unavailable, Unknown),
        (requests.exceptions.ContentDecodingError(), Unavailable, Unknown),
        (requests.TooManyRedirects(), Unavailable, Unknown),
        (requests.JSONDecodeError("no", "", 0), Unavailable, Unknown),
        (http.AnswerTooLarge(), Unavailable, Unknown),
        (http.RedirectRefused(), Unavailable, Unknown),
        (http.AddressRefused("no"), Rejected, Rejected),
        (requests.exceptions.InvalidURL(), Rejected, Rejected),
        (requests.exceptions.MissingSchema(), Rejected, Rejected),
        (requests.exceptions.InvalidSchema(), Rejected, Rejected),
        (requests.exceptions.InvalidHeader(), Rejected, Rejected),
        (requests.RequestException(), Unavailable, Unknown),
    ],
)
def test_a_failure_decides_by_whether_the_call_may_be_repeated(problem, repeatable, once):
    assert type(http.classify(problem, idempotent=True, service="Board")) is repeatable
    assert type(http.classify(problem, idempotent=False, service="Board")) is once
