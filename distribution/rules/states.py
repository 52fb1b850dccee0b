"""The life of a distribution: its moves, what follows an unknown outcome, what is planned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

Status = Literal[
    "pending",
    "scheduled",
    "sending",
    "unknown",
    "accepted",
    "published",
    "failed",
    "rejected",
    "needs_attention",
    "closed",
    "expired",
]

MOVES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "pending": frozenset(
            {"scheduled", "sending", "rejected", "failed", "needs_attention", "closed"}
        ),
        "scheduled": frozenset({"pending", "sending", "rejected", "failed", "closed"}),
        "sending": frozenset(
            {
                "accepted",
                "published",
                "pending",
                "unknown",
                "rejected",
                "failed",
                "needs_attention",
            }
        ),
        "unknown": frozenset(
            {"sending", "accepted", "published", "rejected", "failed", "needs_attention"}
        ),
        "accepted": frozenset(
            {"published", "pending", "rejected", "failed", "needs_attention", "closed", "expired"}
        ),
        "published": frozenset({"pending", "rejected", "needs_attention", "closed", "expired"}),
        "failed": frozenset({"pending", "closed"}),
        "rejected": frozenset({"pending", "closed"}),
        "needs_attention": frozenset({"published", "pending", "closed"}),
        "closed": frozenset(),
        "expired": frozenset(),
    }
)
ENDED = frozenset({"closed", "expired"})  # a new distribution of the pair may start
ON_BOARD = frozenset({"accepted", "published"})
MAY_SEND = frozenset({"pending", "scheduled", "sending", "unknown"})
MAY_RETRY = frozenset({"failed", "rejected"})
ON_THE_WAY = frozenset({"pending", "sending", "unknown"})
BAD_ENDS = frozenset({"failed", "rejected", "needs_attention"})

MAX_RETRIES = 3  # S1.18, by hand
MAX_CREATES = 6  # exchanges of one publication before a person is asked
FIRST_LOOK_SHARE = 1 / 20  # of the settle window
POLL_CAP = timedelta(hours=1)  # between two looks at a slow task


@dataclass(frozen=True, slots=True)
class Decision:
    """What a plan wants for one job on one channel, and why."""

    action: Literal["create", "update", "close", "none"]
    reason: str


def next_step(
    *, idempotent: bool, lookup: bool, elapsed: timedelta, settle: timedelta
) -> Literal["send", "look", "ask"]:
    """Say how to go on after a create whose outcome is unknown.

    `send` repeats it with the same id; `look` asks the board; `ask` asks a person. A board that
    can be asked is asked until its settle window is over: what it accepted may show late.
    """
    if idempotent:
        return "send"
    if not lookup:
        return "ask"
    return "send" if elapsed >= settle else "look"


def next_look(elapsed: timedelta, settle: timedelta) -> timedelta:
    """Say how long after the unknown outcome the next look is due: doubling, last at the end."""
    first = settle * FIRST_LOOK_SHARE
    return min(max(first, elapsed * 2), settle)


def next_poll(elapsed: timedelta, delay: timedelta) -> timedelta:
    """Say how long to wait before a task is looked at again: as long as it has taken, capped."""
    return min(max(delay, elapsed), max(POLL_CAP, delay))


def decide(
    *, job_is_live: bool, status: str | None, sent: str, wanted: str, stopped: bool = False
) -> Decision:
    """Compare what a channel should hold of a job with what it holds.

    `status` is that of the pair's distribution that has not ended, or None; `sent` and `wanted`
    are content digests. `stopped`: it is on its way, but the run that was to bring it has ended.
    """
    if not job_is_live:
        there = status is not None and status in ON_BOARD | {"scheduled"}
        return CLOSE if there else Decision("none", "the job is not live")
    if status is None:
        return CREATE
    if stopped:
        return RESUME
    if sent and sent != wanted and status in CHANGES:
        return CHANGES[status]
    return Decision("none", WAITING.get(status, "on its way"))


CREATE = Decision("create", "the board does not have it")
RESUME = Decision("create", "it was stopped on its way")
CLOSE = Decision("close", "the job is not live any more")
CHANGES: Mapping[str, Decision] = {
    "published": Decision("update", "the job changed since it was sent"),
    "failed": Decision("create", "the job changed since it failed"),
    "rejected": Decision("create", "the job changed since the board refused it"),
}
WAITING: Mapping[str, str] = {
    "accepted": "the board has it",
    "published": "the board has it",
    "failed": "it failed: change the job or retry it",
    "rejected": "it was refused: change the job or retry it",
    "needs_attention": "a person has to decide",
    "scheduled": "scheduled",
}
