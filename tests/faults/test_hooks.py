"""Webhooks, in and out, while everything about them goes wrong (rows 19 and 20)."""

from typing import Any

import pytest

from tests.real.checks import gather, violations
from tests.real.hooks import (
    DELIVERIES,
    HOOKS,
    TOLD_TWICE,
    Sink,
    Teller,
    i9_each_event_counts_once,
    i9_each_telling_arrives_or_is_given_up,
)

pytestmark = [pytest.mark.faults]
BOARD = "glassdoor"
FAILURES = (500, 503, "cut", 302)
FORGERIES: dict[str, dict[str, Any]] = {
    "forged": {"secret": "whsec_" + "A" * 43 + "="},
    "tampered": {"sent": b'{"type": "posting.closed", "data": {}}'},
    "stale": {"late": 400},
    "early": {"late": -400},
}


def incoming(world, forged=()):
    """Judge what came in and what it did."""
    return i9_each_event_counts_once(world.query(HOOKS), gather(world).events, forged)


@pytest.mark.row(19)
@pytest.mark.story
@pytest.mark.parametrize(
    "crash",
    [
        pytest.param("", id="nobody-dies", marks=pytest.mark.quick),
        pytest.param("dist.after_post:1", id="before-our-own-commit"),
        pytest.param("hook.before_applied:1", id="while-it-is-applied"),
        pytest.param("hook.before_applied:2", id="while-another-is-applied"),
    ],
)
def test_what_boards_tell_counts_once_and_never_goes_back(crash, world):
    died = world.var / "died"
    world.start_web()
    teller = Teller(world, BOARD)
    teller.connect("duplicate_webhook", "reorder_webhook")
    world.start_worker(JOBLY_CRASH=crash, JOBLY_CRASH_ONCE=str(died))
    world.act("apply", channels=[BOARD], job_ids=world.act("jobs", count=3))
    world.until_rest()
    world.until(lambda: len(world.query(TOLD_TWICE)) == 3, "each posting was told of twice")
    (first, *_) = [row["external_id"] for row in gather(world).distributions]

    refused = [teller.tell(name, first, "closed", 10**9, **how) for name, how in FORGERIES.items()]
    late = [teller.tell(f"late-{n}", first, "rejected", n) for n in (0, 1)]
    again = [teller.tell("again", first, "updated", 10**8) for _ in range(5)]
    world.until_rest()

    assert refused == [401] * len(FORGERIES)
    assert (late, again) == ([202, 202], [202, 200, 200, 200, 200])
    assert incoming(world, FORGERIES) == []
    assert violations(gather(world)) == []
    assert {row["status"] for row in gather(world).distributions} == {"published"}
    repeats = world.query(HOOKS + " WHERE event_id = 'again'")
    assert [row["repeats"] for row in repeats] == [4]
    assert not crash or died.exists()


def tell_until_the_end(world, sink):
    """Let the hours between tries pass until every telling has its end."""

    def ended():
        world.act("hooks_due")
        return not world.count("distribution_hookdelivery", "state = 'pending'")

    world.until(ended, "every telling has its end", 120)
    world.until_terminal()
    return i9_each_telling_arrives_or_is_given_up(world.query(DELIVERIES), sink.heard)


@pytest.mark.row(20)
@pytest.mark.story
@pytest.mark.parametrize(
    ("script", "crash", "ends"),
    [
        pytest.param(FAILURES, "", {"delivered"}, id="failures", marks=pytest.mark.quick),
        pytest.param(("hang", 200), "", {"delivered"}, id="silence"),
        pytest.param((500,) * 400, "", {"dead"}, id="never-takes-it"),
        pytest.param((410,), "", {"dead"}, id="gone"),
        pytest.param((), "hook.before_send:1", {"delivered"}, id="death-before"),
        pytest.param((), "hook.after_send:1", {"delivered"}, id="death-after"),
        pytest.param((500, 500), "hook.after_send:2", {"delivered"}, id="death-after-failure"),
    ],
)  # fmt: skip
def test_what_endpoints_are_told_arrives_or_is_given_up(script, crash, ends, world):
    died, sink = world.var / "died", Sink(*script)
    world.environment["HOOK_PRIVATE_ORIGINS"] = sink.origin
    world.act("endpoint", url=f"{sink.origin}/hook")
    world.start_worker(JOBLY_CRASH=crash, JOBLY_CRASH_ONCE=str(died))
    world.act("apply", channels=["internal"], job_ids=world.act("jobs", count=3))
    world.until_rest()

    wrong = tell_until_the_end(world, sink)
    found = world.query(DELIVERIES)
    sink.close()

    assert wrong == []
    assert len([row for row in found if row["type"] == "distribution.published"]) == 3
    assert {row["state"] for row in found} == ends
    assert sink.stolen == [], "a redirect was followed"
    assert len({row["event_id"] for row in found}) == len(found)
    assert not crash or died.exists()


@pytest.mark.row(20)
@pytest.mark.story
def test_a_name_that_leads_to_this_machine_is_never_told(world):
    sink = Sink()
    world.act("endpoint", url=f"{sink.origin}/hook")  # whoever made it: the worker does not agree
    world.start_worker()
    world.act("apply", channels=["internal"], job_ids=world.act("jobs", count=1))
    world.until_rest()

    wrong = tell_until_the_end(world, sink)
    sink.close()

    assert (wrong, sink.heard) == ([], [])
    assert {row["state"] for row in world.query(DELIVERIES)} == {"dead"}


ONE = {"event_id": "m1", "state": "applied", "why": "", "version": 1}
TOLD = {"event_id": "e1", "state": "delivered", "why": ""}


def fact(kind):
    return {"type": f"distribution.{kind}", "data": {"distribution_id": "d1"}}


@pytest.mark.row(19)
@pytest.mark.parametrize(
    ("hooks", "facts", "is_well"),
    [
        ([ONE], ["accepted", "published", "closed"], True),
        ([ONE, ONE], [], False),
        ([{**ONE, "state": "received"}], [], False),
        ([{**ONE, "event_id": "forged"}], [], False),
        ([ONE], ["published", "accepted"], False),
        ([ONE], ["closed", "published"], False),
        ([ONE], ["published", "published"], False),
    ],
)
def test_what_goes_wrong_with_incoming_events_turns_the_check_red(hooks, facts, is_well):
    wrong = i9_each_event_counts_once(hooks, [fact(kind) for kind in facts], ["forged"])
    assert (wrong == []) is is_well


@pytest.mark.row(20)
@pytest.mark.parametrize(
    ("rows", "heard", "is_well"),
    [
        ([TOLD], [("e1", 500), ("e1", 204)], True),
        ([{**TOLD, "state": "dead", "why": "410"}], [("e1", 410)], True),
        ([TOLD], [("e1", 500)], False),
        ([TOLD], [("e1", "hang")], False),
        ([{**TOLD, "state": "pending"}], [("e1", 204)], False),
        ([{**TOLD, "state": "dead"}], [], False),
        ([TOLD], [("e1", 204), ("other", 204)], False),
    ],
)
def test_what_goes_wrong_with_tellings_turns_the_check_red(rows, heard, is_well):
    assert (i9_each_telling_arrives_or_is_given_up(rows, heard) == []) is is_well
