"""Shared limits and breakers, against a real Valkey and several processes."""

import logging
import multiprocessing
import socket
import time
from datetime import timedelta
from functools import partial

import pytest

from jobly import limits

MINUTE = timedelta(minutes=1)
QUICK = limits.Breaker(
    failures=3,
    window=timedelta(seconds=10),
    opens_for=timedelta(milliseconds=600),
    probe_for=timedelta(milliseconds=600),
)


@pytest.fixture
def no_valkey(settings, tmp_path):
    """An address where nobody answers; returns a key that no other test used in this process."""
    settings.VALKEY_URL = f"unix://{tmp_path}/nobody.sock"
    settings.WORKER_PROCESSES = 4
    return str(tmp_path)


def test_a_limit_grants_what_it_allows_and_then_says_how_long_to_wait():
    window = timedelta(seconds=30)
    assert [limits.take("b", limit=3, window=window) for _ in range(3)] == [timedelta()] * 3
    wait = limits.take("b", limit=3, window=window)
    assert timedelta(seconds=29) < wait <= window
    assert limits.take("other", limit=3, window=window) == timedelta()


def test_after_the_wait_it_is_granted_and_not_before():
    window = timedelta(milliseconds=800)
    limits.take("b", limit=1, window=window)
    wait = limits.take("b", limit=1, window=window)
    time.sleep(wait.total_seconds() / 2)
    assert limits.take("b", limit=1, window=window) > timedelta()
    time.sleep(wait.total_seconds() / 2 + 0.002)
    assert limits.take("b", limit=1, window=window) == timedelta()


def test_a_cost_takes_several_and_waits_until_that_many_have_left():
    window = timedelta(seconds=10)
    limits.take("b", limit=5, window=window, cost=2)
    time.sleep(0.05)
    limits.take("b", limit=5, window=window, cost=3)
    first = limits.take("b", limit=5, window=window, cost=2)
    third = limits.take("b", limit=5, window=window, cost=3)
    assert first < third
    assert limits.peek("b", limit=5, window=window).used == 5  # refusals took nothing


@pytest.mark.parametrize("cost", [0, -1, 4])
def test_a_cost_that_never_fits_is_a_mistake(cost):
    with pytest.raises(ValueError, match="never fits"):
        limits.take("b", limit=3, window=MINUTE, cost=cost)


def test_peek_shows_what_is_left_and_takes_nothing():
    assert limits.peek("b", limit=3, window=MINUTE) == limits.Allowance(0, 3, timedelta())
    limits.take("b", limit=3, window=MINUTE)
    for _ in range(3):
        seen = limits.peek("b", limit=3, window=MINUTE)
    assert (seen.used, seen.left) == (1, 2)
    assert timedelta(seconds=59) < seen.resets_in <= MINUTE


def test_hit_says_yes_until_the_limit():
    assert [limits.hit("b", limit=2, window=MINUTE) for _ in range(4)] == [True, True, False, False]


def _grab(granted, until):
    while time.monotonic() < until:
        wait = limits.take("shared", limit=20, window=timedelta(milliseconds=500))
        if not wait:
            granted.append(time.monotonic())
        else:
            time.sleep(wait.total_seconds())


def _in_processes(count, target, *args):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=target, args=args) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * count


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_four_processes_together_stay_in_every_window_and_use_most_of_the_quota():
    with multiprocessing.Manager() as manager:
        granted = manager.list()
        _in_processes(4, _grab, granted, time.monotonic() + 2)
        times = sorted(granted)
    # half a millisecond is lost between Valkey's clock and ours
    worst = max(sum(t <= other < t + 0.48 for other in times) for t in times)
    assert worst <= 20
    assert len(times) >= 0.75 * 20 * 4


def test_failures_open_a_breaker_and_it_says_for_how_long():
    opened = [limits.record("b", ok=False) for _ in range(5)]
    assert opened == [False, False, False, False, True]
    wait = limits.breaker_open("b")
    assert timedelta(seconds=29) < wait <= timedelta(seconds=30)
    assert limits.breaker_state("b").state == "open"
    assert limits.breaker_open("other") is None


def test_failures_that_are_far_apart_open_nothing():
    rule = limits.Breaker(failures=3, window=timedelta(milliseconds=100))
    for _ in range(6):
        limits.record("b", ok=False, rule=rule)
        time.sleep(0.06)
    assert limits.breaker_open("b", rule=rule) is None


def _open(rule=QUICK):
    for _ in range(rule.failures):
        limits.record("b", ok=False, rule=rule)


def test_after_the_pause_one_caller_probes_and_the_others_wait():
    _open()
    time.sleep(0.61)
    assert limits.breaker_state("b", rule=QUICK).state == "half_open"
    assert limits.breaker_open("b", rule=QUICK) is None
    assert limits.breaker_open("b", rule=QUICK) > timedelta()


def test_a_probe_that_succeeds_closes():
    _open()
    time.sleep(0.61)
    limits.breaker_open("b", rule=QUICK)
    limits.record("b", ok=True, rule=QUICK)
    assert limits.breaker_state("b") == limits.BreakerState("closed", 0, timedelta())
    assert [limits.breaker_open("b", rule=QUICK) for _ in range(3)] == [None] * 3


def test_a_probe_that_fails_opens_again_at_once():
    _open()
    time.sleep(0.61)
    limits.breaker_open("b", rule=QUICK)
    assert limits.record("b", ok=False, rule=QUICK) is True
    assert limits.breaker_open("b", rule=QUICK) > timedelta(milliseconds=200)


def test_a_probe_that_dies_is_followed_by_another():
    _open()
    time.sleep(0.61)
    limits.breaker_open("b", rule=QUICK)
    time.sleep(0.61)
    assert limits.breaker_open("b", rule=QUICK) is None


def test_a_late_failure_does_not_prolong_an_open_breaker():
    _open()
    time.sleep(0.3)
    limits.record("b", ok=False, rule=QUICK)
    assert limits.breaker_open("b", rule=QUICK) <= timedelta(milliseconds=310)


def test_a_hand_closes_it():
    _open()
    limits.reset("b")
    assert limits.breaker_open("b", rule=QUICK) is None


def _call_dead_board(calls, until):
    while time.monotonic() < until:
        wait = limits.breaker_open("b", rule=QUICK)
        if wait is None:
            calls.append(1)
            limits.record("b", ok=False, rule=QUICK)
        else:
            time.sleep(wait.total_seconds())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_six_processes_hardly_call_a_dead_board():
    with multiprocessing.Manager() as manager:
        calls = manager.list()
        _in_processes(6, _call_dead_board, calls, time.monotonic() + 3)
        assert len(calls) <= QUICK.failures + 6 + 3 / 0.6


def test_signs_of_life_are_found_by_prefix_and_fade():
    limits.seen("worker:a", ttl=MINUTE)
    limits.seen("worker:b", ttl=timedelta(milliseconds=50))
    limits.seen("beat", ttl=MINUTE)
    assert set(limits.last_seen("worker:")) == {"worker:a", "worker:b"}
    time.sleep(0.06)
    assert set(limits.last_seen()) == {"worker:a", "beat"}


def test_without_valkey_each_process_keeps_to_its_share(no_valkey):
    granted = [limits.take(no_valkey, limit=40, window=MINUTE) for _ in range(12)]
    assert granted.count(timedelta()) == 10
    assert timedelta(seconds=59) < granted[-1] <= MINUTE


def test_without_valkey_a_small_quota_is_shared_in_a_longer_window(no_valkey):
    assert limits.take(no_valkey, limit=1, window=MINUTE) == timedelta()
    assert limits.take(no_valkey, limit=1, window=MINUTE) > timedelta(minutes=3)


def test_without_valkey_breakers_are_closed_and_the_log_says_so_once(no_valkey, caplog):
    with caplog.at_level(logging.WARNING, "jobly.limits"):
        for _ in range(8):
            limits.record(no_valkey, ok=False)
            assert limits.breaker_open(no_valkey) is None
        assert limits.breaker_state(no_valkey).state == "closed"
        assert limits.last_seen() == {}
        limits.reset(no_valkey)
    assert sum("degraded" in record.getMessage() for record in caplog.records) == 1
    assert limits.ping() is False


def test_a_valkey_that_swallows_everything_costs_two_seconds_once(settings):
    with socket.create_server(("127.0.0.1", 0)) as hole:
        settings.VALKEY_URL = f"redis://127.0.0.1:{hole.getsockname()[1]}"
        began = time.monotonic()
        for _ in range(5):
            assert limits.breaker_open("b") is None
        assert time.monotonic() - began < 3


def test_a_restarted_valkey_is_used_at_once(valkey):
    limits.take("b", limit=3, window=MINUTE)
    valkey.client_kill_filter(_type="normal", skipme=True)
    limits.take("b", limit=3, window=MINUTE)
    assert limits.peek("b", limit=3, window=MINUTE).used == 2


def test_the_place_of_a_further_use_says_when_it_may_go():
    key, window = "slots", MINUTE
    places = partial(limits.slot, key, limit=3, window=window)
    assert [places(place=n) for n in range(3)] == [timedelta()] * 3
    assert timedelta(seconds=59) < places(place=3) <= window
    assert timedelta(seconds=119) < places(place=7) <= 2 * window
    for _ in range(2):
        limits.take(key, limit=3, window=window)
    assert places(place=0) == timedelta()
    assert timedelta(seconds=59) < places(place=1) <= window
    assert timedelta(seconds=59) < places(place=3) <= window
    assert timedelta(seconds=119) < places(place=4) <= 2 * window


def test_without_valkey_places_keep_an_even_pace(no_valkey):
    found = limits.slot(no_valkey, limit=60, window=MINUTE, place=4)
    assert found == timedelta(seconds=5)
