from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobly.runs.actions.kinds import kinds
from jobly.runs.rules.clock import due_times, parse_clock
from jobly.runs.rules.outcome import is_poison
from jobly.runs.rules.policy import POLICIES, retry_delay
from jobly.runs.rules.words import WORK

BERLIN = ZoneInfo("Europe/Berlin")


def seconds(policy, attempt, draw):
    return retry_delay(POLICIES[policy], attempt, draw).total_seconds()


def test_every_kind_of_work_has_a_name_in_words():
    ours = ("analytics.", "distribution.", "ingestion.", "matching.", "notifications.", "users.")
    assert {name for name in kinds() if name.startswith(ours)} <= set(WORK)


@pytest.mark.parametrize(
    ("policy", "attempt", "longest"),
    [
        ("distribution", 1, 2),
        ("distribution", 2, 4),
        ("distribution", 3, 8),
        ("notifications", 1, 7.5),
        ("notifications", 2, 22.5),
        ("notifications", 3, 90),
        ("etl", 3, 8),
        ("etl", 30, 300),
        ("default", 4000, 300),
    ],
)
def test_delays_grow_to_a_cap(policy, attempt, longest):
    assert seconds(policy, attempt, 1.0) == longest


@given(st.sampled_from(sorted(POLICIES)), st.integers(1, 100), st.floats(0, 1))
def test_a_delay_is_never_negative_nor_above_the_cap(policy, attempt, draw):
    assert 0 <= seconds(policy, attempt, draw) <= 300


def test_full_jitter_begins_at_nothing_and_the_ladder_at_half_its_step():
    assert seconds("distribution", 3, 0.0) == 0
    assert seconds("notifications", 2, 0.0) == 7.5


def test_three_retries_are_four_attempts():
    assert [POLICIES[n].max_attempts for n in ("distribution", "notifications", "etl")] == [4] * 3


def test_three_crashes_within_seventy_two_hours_are_poison():
    now = datetime(2026, 5, 1, tzinfo=UTC)
    ages = [timedelta(hours=h) for h in (0, 1, 72)]
    assert is_poison([now - age for age in ages], now)
    assert not is_poison([now - age for age in [*ages[:2], timedelta(hours=72.1)]], now)


def slots(text, after, until, zone=BERLIN):
    clock = parse_clock(text)
    found = due_times(clock, zone, datetime.fromisoformat(after), datetime.fromisoformat(until))
    return [slot.strftime("%d %H:%M") for slot in found][::-1]


@pytest.mark.parametrize(
    ("clock", "after", "until", "due"),
    [
        ("0 9 * * *", "2026-05-01T00:00Z", "2026-05-03T00:00Z", ["01 07:00", "02 07:00"]),
        ("*/20 8 * * *", "2026-05-01T00:00Z", "2026-05-01T12:00Z", "01 06:00,01 06:20,01 06:40"),
        ("0 0 1-7 * mon", "2026-05-01T00:00Z", "2026-05-31T00:00Z", ["03 22:00"]),
        ("0 0 * * 7", "2026-05-01T00:00Z", "2026-05-12T00:00Z", ["02 22:00", "09 22:00"]),
        ("0 0 29 feb *", "2025-01-01T00:00Z", "2028-03-01T00:00Z", ["28 23:00"]),
        ("every 6 h", "2026-05-01T00:00Z", "2026-05-01T12:00Z", ["01 06:00", "01 12:00"]),
        # spring: 02:30 does not exist on 29 March and is due at 03:00, the first valid instant
        ("30 2 * * *", "2026-03-28T12:00Z", "2026-03-30T12:00Z", ["29 01:00", "30 00:30"]),
        ("0,30 2,3 * * *", "2026-03-28T12:00Z", "2026-03-29T12:00Z", ["29 01:00", "29 01:30"]),
        # autumn: 02:30 comes twice on 25 October and is due the first time only
        ("30 2 * * *", "2026-10-24T12:00Z", "2026-10-26T12:00Z", ["25 00:30", "26 01:30"]),
        ("0 * * * *", "2026-10-24T23:30Z", "2026-10-25T03:30Z", "25 00:00,25 02:00,25 03:00"),
    ],
)
def test_due_times(clock, after, until, due):
    assert slots(clock, after, until) == (due.split(",") if isinstance(due, str) else due)


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "* 24 * * *", "5-1 * * * *", "*/0 * * * *", "a * * * *",
             "every 0 s", "every 5 weeks", "* * 0 * *"],
)  # fmt: skip
def test_a_clock_nobody_can_read_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_clock(text)


@given(
    st.sampled_from(["*/7 * * * *", "30 2 * * *", "15 */3 * * 1-5", "0 0 1 * *"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001 - naive by design
    st.integers(0, 72),
)
def test_due_times_are_within_the_window_each_once_the_latest_first(text, begin, hours):
    after = begin.replace(tzinfo=UTC)
    until = after + timedelta(hours=hours)
    found = list(due_times(parse_clock(text), BERLIN, after, until))
    assert found == sorted(set(found), reverse=True)
    assert all(after < slot <= until for slot in found)
