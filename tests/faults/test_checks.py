"""The checkers are checked: a healthy world passes, and each thing that may go wrong turns red."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from tests.real import checks
from tests.real.checks import Evidence

pytestmark = pytest.mark.faults
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY, CHANNEL, JOB = "jobly-" + "a" * 32, "channel", 7


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def said(what, fence, seconds):
    return {"what": what, "fence": fence, "at": at(seconds).isoformat()}


@pytest.fixture
def healthy(tmp_path):
    """One job that was read, loaded and published by the second worker that tried."""
    (tmp_path / "raw").write_bytes(b"csv")
    history = [said("claimed", 1, 0), said("claimed", 2, 5), said("succeeded", 2, 7)]
    run = {
        "id": "r1", "kind": "distribution.publish", "status": "succeeded", "error_code": "",
        "error": "", "args": {"distribution_id": "d1"}, "history": history,
        "available_at": NOON, "lease_until": None,
    }  # fmt: skip
    row: dict[str, object] = {
        "id": "d1",
        "external_id": KEY,
        "slug": "linkedin",
        "kind": "linkedin",
    }
    row |= {"status": "published", "on_board": False, "channel_id": CHANNEL}
    attempt = {"distribution_id": "d1", "number": 1, "op": "create", "sent_at": at(1)}
    event = {"stream": "s", "run_id": "r1"}
    books = {"raw": 2, "processed": 1, "failed": 1, "loaded": 1, "updated": 0, "duplicates": 0}
    item = {"processing_id": "p1", "row": 1, "status": "loaded", "job_id": JOB}
    return Evidence(
        runs=[run],
        events=[
            {**event, "seq": 1, "type": "job.created"},
            {**event, "seq": 2, "type": "job.completed"},
        ],
        streams=[{"key": "s", "min_seq": 1, "last_seq": 2}],
        distributions=[row],
        attempts=[
            {**attempt, "fence": 1, "outcome": "unknown"},
            {**attempt, "fence": 2, "number": 2, "sent_at": at(6), "outcome": "published"},
        ],
        channels=[{"id": CHANNEL, "slug": "linkedin", "kind": "linkedin", "limit_per_minute": 2}],
        processings=[{"id": "p1", **books}],
        items=[item, {**item, "row": 2, "status": "failed", "job_id": None}],
        jobs=[{"id": JOB, "content_key": "c" * 64, "searchable": True, "status": "live"}],
        artifacts=[{"path": "raw", "sha256": hashlib.sha256(b"csv").hexdigest(), "size": 3}],
        ledger=[{"board": "linkedin", "op": "create", "external_id": KEY}],
        live=[{"external_id": KEY}],
        storage=tmp_path,
    )


def test_a_healthy_world_has_no_violations(healthy):
    assert checks.violations(healthy) == []


def change(rows, **columns):
    return lambda world: getattr(world, rows)[0].update(columns)


def repeat(rows, **columns):
    return lambda world: getattr(world, rows).append({**getattr(world, rows)[0], **columns})


def overtake(world):
    """What a worker without a fence does: it goes on writing after another has taken over."""
    world.attempts[0]["sent_at"] = at(6)


def end_under_the_old_fence(world):
    world.runs[0]["history"][2]["fence"] = 1


def spoil_the_bytes(world):
    (world.storage / "raw").write_bytes(b"cs")


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (change("runs", status="queued"), "i1"),
        (change("runs", status="running", lease_until=at(-5)), "i1"),
        (change("runs", status="failed", error_code="poison"), "i1"),
        (repeat("events", seq=3, type="job.completed"), "i2"),
        (lambda world: world.events.pop(), "i2"),
        (overtake, "i2"),
        (end_under_the_old_fence, "i2"),
        (repeat("ledger"), "i4"),
        (repeat("live"), "i4"),
        (repeat("live", external_id="jobly-" + "b" * 32), "i4"),
        (lambda world: world.live.clear(), "i4"),
        (change("distributions", status="closed"), "i4"),
        (change("distributions", status="needs_attention"), "i4"),
        (change("distributions", kind="internal"), "i4"),
        (change("attempts", outcome=None), "i4"),
        (repeat("items"), "i5"),
        (lambda world: world.items.pop(), "i5"),
        (change("processings", duplicates=1, loaded=0), "i5"),
        (repeat("jobs", id=8), "i5"),
        (lambda world: world.jobs.clear(), "i5"),
        (change("jobs", searchable=False), "i5"),
        (spoil_the_bytes, "i11"),
        (change("artifacts", path="gone"), "i11"),
        (repeat("attempts", sent_at=at(59)), "i12"),
        (change("streams", last_seq=3), "numbers"),
        (lambda world: world.events.pop(0), "numbers"),
    ],
)
def test_what_goes_wrong_turns_its_check_red(spoil, check, healthy):
    spoil(healthy)
    assert check in {line.split("_")[0] for line in checks.violations(healthy)}


def test_a_minute_later_the_quota_is_there_again(healthy):
    repeat("attempts", sent_at=at(61.1))(healthy)
    assert checks.i12_quota_is_kept(healthy) == []


def test_a_broker_that_forgot_refills_the_quota_once(healthy):
    for seconds in (11, 12):
        repeat("attempts", sent_at=at(seconds))(healthy)
    assert checks.i12_quota_is_kept(healthy)
    healthy.forgotten = [at(10)]
    assert checks.i12_quota_is_kept(healthy) == []
    repeat("attempts", sent_at=at(13))(healthy)
    assert checks.i12_quota_is_kept(healthy)


def test_what_was_promised_and_lost_or_refused_and_done_is_found(healthy):
    check = checks.i3_what_was_promised_was_done
    assert check(healthy, accepted=["r1"], refused=["r2"]) == []
    assert check(healthy, accepted=["r2"])
    assert check(healthy, accepted=[], refused=["r1"])
    change("runs", status="failed")(healthy)
    assert check(healthy, accepted=["r1"])


def stream(*numbers, **more):
    return [{"seq": n, "type": "job.progress", "data": {"n": n}, **more} for n in numbers]


@pytest.mark.parametrize(
    ("history", "is_whole"),
    [
        (stream(1, 2, 3), True),
        ([{"seq": 0, "type": "hello"}, *stream(1, 2, 3)], True),
        ([{"seq": 2, "type": "reset"}, *stream(3)], True),
        (stream(1, 3), False),  # `id > last` over a sequence loses what commits late
        (stream(1, 2), False),
        (stream(1, 2, 2, 3), False),
        (stream(1, 3, 2), False),
        (stream(1, 2, 3, data={}), False),
        ([*stream(1), {"seq": 2, "type": "reset"}], False),
    ],
)
def test_a_client_that_missed_or_repeated_something_is_found(history, is_whole):
    wrong = checks.i7_stream_is_whole(history, last=3, stored=stream(1, 2, 3))
    assert (wrong == []) is is_whole
