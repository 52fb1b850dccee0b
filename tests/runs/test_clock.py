"""Clocks: what they say, when they are due, what clock changes do to them."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobly.runs.rules.clock import (
    Crontab,
    changed_by_clocks,
    coming,
    due_times,
    fields_of,
    parse_clock,
    zone_named,
)
from jobly.runs.rules.clock_words import say_clock


def crontab(text):
    clock = parse_clock(text)
    assert isinstance(clock, Crontab)
    return clock


def at(text):
    return datetime.fromisoformat(text)


def upcoming(clock, zone, after, count):
    found = islice(coming(parse_clock(clock), ZoneInfo(zone), at(after)), count)
    return [(f"{due.at:%m-%d %H:%M}", f"{due.wall:%d %H:%M}", due.note) for due in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("17 3 * * *", "every day at 03:17"),
        ("0 9 * * mon", "Mondays at 09:00"),
        ("*/5 * * * *", "every 5 minutes"),
        ("every 5 min", "every 5 minutes"),
        ("every 1 min", "every minute"),
        ("every 90 s", "every 90 seconds"),
        ("every 1 d", "every day"),
        ("* * * * *", "every minute"),
        ("0 * * * *", "every hour"),
        ("5 * * * *", "every hour at minute 5"),
        ("5,20 * * * *", "every hour at minutes 5 and 20"),
        ("0 */2 * * *", "every 2 hours"),
        ("30 */6 * * *", "every day at 00:30, 06:30, 12:30 and 18:30"),
        ("*/15 9-17 * * 1-5", "every 15 minutes from 09:00 to 17:45, Monday to Friday"),
        ("0 9-17 * * 1-5", "every hour from 09:00 to 17:00, Monday to Friday"),
        ("* 9-17 * * *", "every minute from 09:00 to 17:59"),
        ("* 1,5 * * *", "every minute in the hours 01 and 05"),
        ("1,2 3,5,9,11 * * *", "every hour of 03, 05, 09 and 11 at minutes 1 and 2"),
        ("0 0 1 * *", "on the 1st of every month at 00:00"),
        ("0 0 2,3,11,22,23 * *", "on the 2nd, 3rd, 11th, 22nd and 23rd of every month, at 00:00"),
        ("0 0 31 * *", "on the 31st of every month that has it at 00:00"),
        ("0 0 29 feb *", "on the 29th of February at 00:00"),
        ("0 8,12 * * sat,sun", "Saturdays and Sundays at 08:00 and 12:00"),
        ("0 9 * * fri-mon", "Mondays, Fridays, Saturdays and Sundays, at 09:00"),
        ("0 0 1-7 * mon", "on the 1st to 7th of every month, if that is a Monday, at 00:00"),
        ("0 0 * 1,2 *", "every day in January and February at 00:00"),
        ("0 0 * 6 fri", "Fridays in June at 00:00"),
    ],
)
def test_a_clock_in_words(text, words):
    assert say_clock(parse_clock(text)) == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 0 31 2 *", "day 31 never comes in Feb"),
        ("0 0 30,31 feb *", "day 30 never comes in Feb"),
        ("0 0 31 4,6,9,11 *", "day 31 never comes in Apr or Jun or Sep or Nov"),
        ("* * * * * *", "neither five crontab fields"),
        ("0 24 * * *", "the hour is a number from 0 to 23"),
        ("mon * * * *", "'mon' is no minute"),
        ("0 0 * * jan", "'jan' is no weekday"),
        ("50-10 * * * *", "50-10 runs backwards"),
        ("*/0 * * * *", "a step of 0"),
        ("every 0 s", "never comes"),
        ("0 0 * * -1", "'-1' is no weekday"),
    ],
)
def test_a_clock_that_cannot_be_is_refused_with_the_reason(text, said):
    with pytest.raises(ValueError, match=said):
        parse_clock(text)


def test_a_zone_that_does_not_exist_is_refused_with_a_likely_one():
    assert zone_named("Europe/Berlin").key == "Europe/Berlin"
    with pytest.raises(ValueError, match="did you mean Europe/Berlin"):
        zone_named("europe/Berln")
    for text in ("../etc/passwd", "", "Mars/Olympus"):
        with pytest.raises(ValueError, match="there is no time zone"):
            zone_named(text)


def test_ranges_of_weekdays_months_and_hours_may_go_over_the_end():
    assert fields_of(crontab("0 22-2 * nov-feb fri-mon")) == (
        "0", "0-2,22-23", "*", "1-2,11-12", "0-1,5-6",
    )  # fmt: skip


@given(
    st.sampled_from(
        [
            "*/7 1-5,22 1,15 * 7",
            "0 0 29 2 *",
            "5 */3 * jan-mar mon-fri",
            "* * * * *",
            "59 23 31 * *",
        ]
    )
)
def test_beats_own_spelling_of_a_clock_means_the_same(text):
    clock = crontab(text)
    assert parse_clock(" ".join(fields_of(clock))) == clock


# clock changes: the transitions are those of the IANA data, in UTC
SKIPPED, REPEATED = "skipped", "repeated"
DST = [
    # spring: 02:30 is skipped, and is due at the first valid instant, once with 03:00's own
    ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", ("03-29 01:00", "29 02:30", SKIPPED)),
    ("30 2 * * *", "America/New_York", "2026-03-07T12:00Z", ("03-08 07:00", "08 02:30", SKIPPED)),
    ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T10Z", ("10-03 15:30", "04 02:15", SKIPPED)),
    # midnight itself is skipped
    ("0 0 * * *", "Asia/Beirut", "2026-03-28T12:00Z", ("03-28 22:00", "29 00:00", SKIPPED)),
    ("30 0 * * *", "America/Havana", "2026-03-07T12:00Z", ("03-08 05:00", "08 00:30", SKIPPED)),
    # summer time is the standard in Ireland and winter the exception; the night is the same
    ("30 1 * * *", "Europe/Dublin", "2026-03-28T12:00Z", ("03-29 01:00", "29 01:30", SKIPPED)),
    # a whole day that never was
    ("0 9 * * *", "Pacific/Apia", "2011-12-30T00:00Z", ("12-30 10:00", "30 09:00", SKIPPED)),
    # autumn: the first of the two
    ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", ("10-25 00:30", "25 02:30", REPEATED)),
    ("30 1 * * *", "America/New_York", "2026-10-31T12:00Z", ("11-01 05:30", "01 01:30", REPEATED)),
    ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T08Z", ("04-04 14:45", "05 01:45", REPEATED)),
    ("30 23 * * *", "Asia/Beirut", "2026-10-24T12:00Z", ("10-24 20:30", "24 23:30", REPEATED)),
    ("30 1 * * *", "Europe/Dublin", "2026-10-24T12:00Z", ("10-25 00:30", "25 01:30", REPEATED)),
    # no change that night, and a zone that has none
    ("30 3 * * *", "Europe/Berlin", "2026-03-28T12:00Z", ("03-29 01:30", "29 03:30", "")),
    ("30 2 * * *", "Asia/Kolkata", "2026-03-28T12:00Z", ("03-28 21:00", "29 02:30", "")),
]  # fmt: skip


@pytest.mark.parametrize(("clock", "zone", "after", "due"), DST)
def test_the_night_of_a_clock_change(clock, zone, after, due):
    assert upcoming(clock, zone, after, 1) == [due]
    following = upcoming(clock, zone, after, 3)
    assert len({wall[:2] for _, wall, _ in following}) == 3, "each day once"


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 24),  # the repeated hour once
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 24),
        ("UTC", "2026-03-29", 24),
    ],
)
def test_an_hourly_clock_on_such_a_day(zone, night, hours):
    begin = datetime.combine(at(night).date(), datetime.min.time(), ZoneInfo(zone))
    end = begin + timedelta(days=1)  # of the wall
    after, until = (one.astimezone(UTC) - timedelta(seconds=1) for one in (begin, end))
    found = list(due_times(parse_clock("0 * * * *"), ZoneInfo(zone), after, until))
    assert len(found) == len(set(found)) == hours


def test_what_clock_changes_of_the_coming_year_do():
    zone, clock = ZoneInfo("Europe/Berlin"), parse_clock("30 2 * * *")
    found = changed_by_clocks(clock, zone, at("2026-11-22T00:00Z"), 366)
    assert [(f"{due.wall:%Y-%m-%d %H:%M}", due.note) for due in found] == [
        ("2027-03-28 02:30", "skipped"),
        ("2027-10-31 02:30", "repeated"),
    ]
    assert changed_by_clocks(parse_clock("30 4 * * *"), zone, at("2026-11-22T00:00Z"), 366) == []
    assert changed_by_clocks(parse_clock("every 5 min"), zone, at("2026-11-22T00:00Z"), 366) == []


def test_leap_days_come_when_they_come():
    years = [at("2096-03-01T00:00Z"), at("2024-02-29T00:00Z"), at("2026-01-01T00:00Z")]
    clock = parse_clock("0 0 29 2 *")
    found = [next(coming(clock, ZoneInfo("UTC"), year)).at.year for year in years]
    assert found == [2104, 2028, 2028]  # 2100 is no leap year
    mondays = next(coming(parse_clock("0 0 29 2 mon"), ZoneInfo("UTC"), years[2]))
    assert f"{mondays.at:%Y-%m-%d %a}" == "2044-02-29 Mon"


@given(
    st.sampled_from(["*/7 * * * *", "30 2 * * *", "15 */3 * * 1-5", "0 0 1 * *", "every 11 min"]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001 - naive by design
    st.integers(1, 72),
)
def test_looking_ahead_and_looking_back_agree(text, zone, begin, hours):
    clock, place, after = parse_clock(text), ZoneInfo(zone), begin.replace(tzinfo=UTC)
    until = after + timedelta(hours=hours)
    ahead = []
    for due in coming(clock, place, after):
        if due.at > until:
            break
        ahead.append(due.at)
    assert ahead == list(due_times(clock, place, after, until))[::-1]
