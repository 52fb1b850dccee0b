"""What becomes of open slots, by every rule."""

from datetime import UTC, datetime, timedelta

import pytest

from jobly.runs.rules.misfire import CATCH_UP, Rules, Span, decide

HOUR = timedelta(hours=1)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOW = NOON + timedelta(minutes=10)


def hours(*numbers):
    return [NOON + number * HOUR for number in numbers]


def fates(slots, spans=(), *, misfire="run_once", overlap="skip", grace=15):
    rules = Rules(misfire, overlap, timedelta(minutes=grace))
    found = decide(slots, spans, rules, NOW)
    return [fate.outcome + (f" {fate.why}" if fate.why else "") for fate in found]


MISSED = ["coalesced missed", "coalesced missed"]


@pytest.mark.parametrize(
    ("misfire", "grace", "found"),
    [
        ("run_once", 15, [*MISSED, "run"]),
        ("run_once", 5, [*MISSED, "run"]),
        ("skip", 15, [*MISSED, "run"]),
        ("skip", 5, ["skipped late"] * 3),
        ("run_all", 5, ["run"]),  # the others follow when it has ended
    ],
)
def test_slots_that_nobody_fired(misfire, grace, found):
    assert fates(hours(-2, -1, 0), misfire=misfire, grace=grace) == found


def test_run_all_starts_them_together_where_runs_may_overlap():
    assert fates(hours(-2, -1, 0), misfire="run_all", overlap="allow") == ["run"] * 3


@pytest.mark.parametrize("overlap", ["skip", "queue", "allow"])
def test_run_all_makes_good_no_more_than_a_day_of_hours(overlap):
    found = fates(hours(*range(-29, 1)), misfire="run_all", overlap=overlap)
    runs = CATCH_UP if overlap == "allow" else 1
    assert found == ["skipped too_many"] * 6 + ["run"] * runs


@pytest.mark.parametrize(
    ("misfire", "overlap", "found"),
    [
        ("run_once", "skip", ["skipped busy"]),
        ("run_once", "queue", []),
        ("run_once", "allow", ["run"]),
        ("skip", "skip", ["skipped busy"]),
        ("run_all", "skip", ["skipped busy"]),
        ("run_all", "queue", []),
    ],
)
def test_a_slot_while_the_run_before_it_goes_on(misfire, overlap, found):
    running = [Span(NOON - HOUR, None)]
    assert fates(hours(0), running, misfire=misfire, overlap=overlap) == found


def test_what_is_still_to_be_made_good_waits_for_the_run_that_makes_good_another():
    running = [Span(NOW - timedelta(minutes=1), None)]
    assert fates(hours(-1, 0), running, misfire="run_all", overlap="skip") == []


def test_a_slot_that_came_while_another_was_made_good_is_left_out_if_runs_may_not_wait():
    made_good = [Span(NOON - timedelta(minutes=5), NOON + timedelta(minutes=5))]
    left_out = fates(hours(-1, 0), made_good, misfire="run_all", overlap="skip")
    assert left_out == ["run"], "the earlier one first"
    assert fates(hours(0), made_good, misfire="run_all", overlap="skip") == ["skipped busy"]
    assert fates(hours(0), made_good, misfire="run_all", overlap="queue") == ["run"]


def test_a_slot_that_waited_for_the_run_before_it_is_not_late():
    before = [Span(NOON - HOUR, NOW - timedelta(minutes=1))]
    assert fates(hours(0), before, misfire="skip", overlap="queue", grace=5) == ["run"]
    assert fates(hours(0), (), misfire="skip", overlap="queue", grace=5) == ["skipped late"]


def test_slots_that_waited_together_become_one_run():
    before = [Span(NOON - 3 * HOUR, NOW - timedelta(minutes=1))]
    found = fates(hours(-2, -1, 0), before, overlap="queue")
    assert found == ["coalesced busy", "coalesced busy", "run"]


def test_without_slots_there_is_nothing_to_decide():
    assert fates([]) == []
