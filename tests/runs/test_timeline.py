"""A run's history becomes tries with bars; arguments become names and values."""

from datetime import UTC, datetime, timedelta

import pytest

from jobly.runs.rules.selection import Selection
from jobly.runs.rules.timeline import Lifetime, compact, tries
from jobly.runs.rules.values import MOST_ITEMS, MOST_PAIRS, pairs

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def at(seconds):
    return START + timedelta(seconds=seconds)


def entry(seconds, what, attempt=1, owner="host:1:1", error=""):
    return {
        "at": at(seconds).isoformat(),
        "what": what,
        "attempt": attempt,
        "owner": owner,
        "error": error,
    }


def life(finished=None, now=100, started=None, waits=False):
    return Lifetime(START, started and at(started), finished and at(finished), at(now), waits)


def test_each_claim_is_paired_with_what_ended_it():
    history = [
        entry(10, "claimed"),
        entry(20, "retried", error="unavailable"),
        entry(60, "claimed", 2, "host:2:2"),
        entry(100, "succeeded", 2),
    ]
    first, second = tries(history, life(finished=100))
    assert (first.number, first.what, first.error, first.by) == (
        1, "retried", "unavailable", "host:1:1",
    )  # fmt: skip
    assert (first.waited, first.lasted) == (timedelta(seconds=10), timedelta(seconds=10))
    assert (first.offset, first.width) == (10.0, 10.0)
    assert (second.waited, second.lasted) == (timedelta(seconds=40), timedelta(seconds=40))
    assert (second.offset, second.width) == (60.0, 40.0)


@pytest.mark.parametrize(("waits", "what"), [(False, "running"), (True, "children")])
def test_a_try_that_goes_on_reaches_to_now(waits, what):
    (only,) = tries([entry(50, "claimed")], life(now=100, waits=waits))
    assert (only.what, only.ended, only.offset, only.width) == (what, None, 50.0, 50.0)


def test_what_befalls_a_run_beside_its_tries_has_no_bar_and_ends_none():
    history = [
        entry(5, "hurried", 0, "user:1"),
        entry(10, "claimed"),
        entry(20, "asked", owner="user:1"),
        entry(30, "cancelled"),
    ]
    found = tries(history, life(finished=40))
    assert [(one.what, one.width) for one in found] == [
        ("hurried", 0.0), ("asked", 0.0), ("cancelled", 50.0),
    ]  # fmt: skip


def test_a_run_cancelled_while_it_waited_has_one_line_and_no_bar():
    (only,) = tries([entry(30, "cancelled", 0, "user:1")], life(finished=30))
    assert (only.began, only.number, only.width) == (None, 0, 0.0)


def test_what_a_command_did_itself_began_when_it_was_started():
    (only,) = tries([entry(30, "succeeded")], life(finished=30, started=0.001))
    assert only.began == at(0.001)
    assert only.lasted.total_seconds() == pytest.approx(30, abs=0.01)


def test_a_long_history_that_lost_an_end_still_reads():
    found = tries([entry(1, "claimed"), entry(9, "claimed", 7), entry(10, "failed", 7)], life(10))
    assert [(one.number, one.what) for one in found] == [(1, "…"), (7, "failed")]


def test_what_was_put_off_again_and_again_is_one_line():
    history = []
    for n in range(3):
        history += [entry(10 * n, "claimed"), entry(10 * n + 5, "deferred", error="busy")]
    history += [entry(80, "claimed"), entry(85, "deferred", error="other")]
    history += [entry(90, "claimed"), entry(100, "succeeded")]
    put_off, other, done = compact(tries(history, life(finished=100)))
    assert (put_off.times, put_off.offset, put_off.width) == (3, 0.0, 25.0)
    assert (put_off.ended, put_off.by) == (at(25), "host:1:1")
    assert (other.times, other.error, done.times, done.what) == (1, "other", 1, "succeeded")


def test_failures_are_never_folded():
    history = [entry(1, "claimed"), entry(2, "retried"), entry(3, "claimed"), entry(4, "retried")]
    assert len(compact(tries(history, life()))) == 2


def test_a_run_of_no_length_divides_by_nothing():
    assert tries([entry(0, "cancelled", 0)], life(finished=0, now=0))[0].offset == 0.0


def test_values_are_flattened_named_and_bounded():
    value = {
        "wish": {"channels": ["linkedin", "indeed"], "at": None, "skip": True},
        "ids": list(range(MOST_ITEMS + 3)),
        "rows": [{"n": 1}, {"n": 2}],
        "text": "x" * 600,
    }
    found = dict(pairs(value))
    assert found["wish · channels"] == "linkedin, indeed"
    assert (found["wish · at"], found["wish · skip"]) == ("none", "yes")
    assert found["ids"].endswith("18, 19 … and 3 more")
    assert (found["rows 1 · n"], found["rows 2 · n"]) == ("1", "2")
    assert len(found["text"]) == 501


def test_more_than_a_page_of_values_is_said_to_be_more():
    found = pairs({str(n): n for n in range(MOST_PAIRS + 1)})
    assert (len(found), found[-1][0]) == (MOST_PAIRS + 1, "…")


def test_a_selection_comes_back_from_what_was_written_down():
    asked = {"status": "failed", "q": "disk", "page": "3", "since": "24h", "kind": ""}
    wanted = Selection.of(asked)
    assert wanted.to_dict() == {"status": "failed", "q": "disk", "since": "24h"}
    fixed = wanted.fixed(START)
    assert fixed.since == "2026-11-21T09:00:00+00:00"
    assert Selection.of(fixed.to_dict()).starting(at(9999)) == START - timedelta(days=1)
