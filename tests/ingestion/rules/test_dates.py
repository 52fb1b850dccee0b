from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.dates import EARLIEST, LATEST_AHEAD, is_absent, read_date, read_end

NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)


def at(year: int, month: int, day: int, *time: int) -> datetime:
    hour, minute, second, fraction = (*time, 0, 0, 0, 0)[:4]
    return datetime(year, month, day, hour, minute, second, fraction, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-08-05", at(2026, 8, 5)),
        ("2026-08-05T09:41:37Z", at(2026, 8, 5, 9, 41, 37)),
        ("2026-08-05T05:41:37-04:00", at(2026, 8, 5, 9, 41, 37)),
        ("2026-08-05T09:41:37.1234567Z", at(2026, 8, 5, 9, 41, 37, 123456)),
        ("2026-08-05 09:41:37 UTC", at(2026, 8, 5, 9, 41, 37)),
        ("Wed, 05 Aug 2026 09:41:37 GMT", at(2026, 8, 5, 9, 41, 37)),
        ("Wed, 05 Aug 2026 11:41:37 +0200", at(2026, 8, 5, 9, 41, 37)),
        ("1785922897", at(2026, 8, 5, 9, 41, 37)),
        ("1785922897000", at(2026, 8, 5, 9, 41, 37)),
        ("20260805", at(2026, 8, 5)),
        ("5 August 2026", at(2026, 8, 5)),
        ("Aug 5, 2026", at(2026, 8, 5)),
        ("5. August 2026", at(2026, 8, 5)),
        ("05.08.2026", at(2026, 8, 5)),
        ("8/25/2026 2:05 PM", at(2026, 8, 25, 14, 5)),
        ("today", NOW),
        ("Just posted", NOW),
        ("Yesterday", NOW - timedelta(days=1)),
        ("3 days ago", NOW - timedelta(days=3)),
        ("Posted 6 Days Ago", NOW - timedelta(days=6)),
        ("30+ days ago", NOW - timedelta(days=30)),
        ("an hour ago", NOW - timedelta(hours=1)),
        ("2 weeks ago", NOW - timedelta(weeks=2)),
    ],
)
def test_a_date_of_any_source_is_one_moment(text, moment):
    assert read_date(text, now=NOW) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-08-05", at(2026, 8, 5, 23, 59, 59)),
        ("20260805", at(2026, 8, 5, 23, 59, 59)),
        ("05.08.2026", at(2026, 8, 5, 23, 59, 59)),
        ("5 August 2026", at(2026, 8, 5, 23, 59, 59)),
        ("2026-08-05T00:00:00Z", at(2026, 8, 5)),
        ("2026-08-05T12:00:00Z", at(2026, 8, 5, 12)),
        ("1785888000", at(2026, 8, 5)),
        ("1785888000000", at(2026, 8, 5)),
        ("never", None),
    ],
)
def test_a_day_that_ends_something_is_part_of_it(text, moment):
    assert read_end(text, now=NOW) == moment


@pytest.mark.parametrize(
    ("text", "country", "moment"),
    [
        ("08/05/2026", "US", at(2026, 8, 5)),
        ("08/05/2026", "NO", at(2026, 5, 8)),
        ("08/05/2026", "", at(2026, 5, 8)),
        ("10/12/2026", "", at(2026, 10, 12)),
        ("13/05/2026", "US", at(2026, 5, 13)),
    ],
)
def test_the_order_of_day_and_month_needs_evidence(text, country, moment):
    assert read_date(text, now=NOW, country=country) == moment


@pytest.mark.parametrize(
    "text",
    [
        "gibberish",
        "1989-12-31",
        "2039-01-01",
        "0000-00-00",
        "99/99/2026",
        "soon",
        "ASAP",
        "12",
        "1e9",
        "9" * 500,
    ],
)
def test_what_is_no_date_or_far_away_is_none(text):
    assert read_date(text, now=NOW) is None


def test_absent_is_not_unreadable():
    assert is_absent("")
    assert is_absent("N/A")
    assert not is_absent("soon")


@settings(deadline=None)
@given(st.integers(0, 38 * 365 * 86_400))
def test_every_iso_time_is_read_back(seconds):
    moment = EARLIEST + timedelta(seconds=seconds)

    assert read_date(moment.isoformat(), now=NOW) == moment
    assert read_date(moment.isoformat().removesuffix("+00:00"), now=NOW) == moment


@settings(deadline=None)
@given(st.text(alphabet="0123456789 ./:-+TZagodys", max_size=40))
def test_whatever_comes_is_none_or_in_bounds(text):
    moment = read_date(text, now=NOW)

    assert moment is None or EARLIEST <= moment <= NOW + LATEST_AHEAD
