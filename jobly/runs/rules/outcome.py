"""What a run does after an error: one table, decided by the error's type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from jobly.errors import AuthExpired, Deferred, JoblyError, Unavailable

from .policy import RetryPolicy, retry_delay

RETRY_AFTER_CAP = timedelta(hours=1)
AUTH_REFRESHES_IN_A_ROW = 3
MESSAGE_LIMIT = 500  # characters of an error as shown to people
POISON_CRASHES = 3
POISON_WINDOW = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a run: it fails, tries again, or waits without using an attempt."""

    action: Literal["fail", "retry", "defer"]
    code: str
    message: str
    error_class: str
    delay: timedelta = timedelta(0)
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """How often a run was tried, by which policy, and its timeline so far."""

    attempt: int
    max_attempts: int
    policy: RetryPolicy
    history: Sequence[Mapping[str, Any]] = ()
    scale: float = 1.0  # of the jitter, never of what the other side asked for


def judge(error: JoblyError, tried: Tried, draw: float) -> Verdict:
    """Decide by the error's type; `draw` is a random number of [0, 1) for the jitter."""
    said = Verdict("fail", error.code, one_line(error.message), type(error).__name__)
    if isinstance(error, Deferred):
        return replace(said, action="defer", until=error.until)
    if isinstance(error, AuthExpired) and auth_refreshes(tried.history) < AUTH_REFRESHES_IN_A_ROW:
        return replace(said, action="defer")
    if not isinstance(error, Unavailable) or tried.attempt >= tried.max_attempts:
        return said
    asked = min(error.retry_after or timedelta(0), RETRY_AFTER_CAP)
    delay = max(asked, retry_delay(tried.policy, tried.attempt, draw) * tried.scale)
    return replace(said, action="retry", delay=delay)


def one_line(text: str) -> str:
    """Make a message fit a column and a log line; PostgreSQL has no room for NUL."""
    return " ".join(text.replace("\0", "").split())[:MESSAGE_LIMIT]


def auth_refreshes(history: Sequence[Mapping[str, Any]]) -> int:
    """Count how many of the latest tries ended at a refused token, without another end between."""
    ends = [entry for entry in history if entry.get("what") != "claimed"]
    count = 0
    for entry in reversed(ends):
        if entry.get("what") != "deferred" or entry.get("error") != AuthExpired.code:
            break
        count += 1
    return count


def is_poison(crashes: Sequence[datetime], now: datetime) -> bool:
    """Whether a run took its worker down too often lately to be given to another."""
    return len([at for at in crashes if now - at <= POISON_WINDOW]) >= POISON_CRASHES
