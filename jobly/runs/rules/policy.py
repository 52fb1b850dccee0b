"""Named retry policies: how often and how late a run is tried again."""

from dataclasses import dataclass
from datetime import timedelta

CRASH_BACKOFF = timedelta(seconds=2)
CRASH_BACKOFF_CAP = timedelta(seconds=60)
MOST_DOUBLINGS = 20  # any base is above every cap by then
UNKNOWN_KIND_DELAY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Full jitter U(0, min(cap, base·2^n)), or a ladder of fixed steps times U(0.5, 1.5).

    `max_attempts` counts every try, the first one too.
    """

    max_attempts: int
    base: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(seconds=300)
    ladder: tuple[timedelta, ...] = ()


# The figures are those of REQUIREMENTS C5 and C6: S1.15, S2.2 and S5.21 name three retries each.
POLICIES = {
    "default": RetryPolicy(max_attempts=5),
    "never": RetryPolicy(max_attempts=1),
    "distribution": RetryPolicy(max_attempts=4, base=timedelta(seconds=2)),
    "notifications": RetryPolicy(
        max_attempts=4,
        ladder=(timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=60)),
    ),
    "mail": RetryPolicy(max_attempts=24, base=timedelta(seconds=10)),  # an hour without a server
    "etl": RetryPolicy(max_attempts=4, base=timedelta(seconds=2), cap=timedelta(seconds=300)),
}


def crash_delay(crashes: int, draw: float) -> timedelta:
    """Return how long a run rests after its worker died for the `crashes`-th time."""
    doublings: int = 2 ** min(max(crashes, 1) - 1, MOST_DOUBLINGS)
    return min(CRASH_BACKOFF_CAP, CRASH_BACKOFF * doublings) * draw


def retry_delay(policy: RetryPolicy, attempt: int, draw: float) -> timedelta:
    """Return how long to wait after try number `attempt` (from 1); `draw` is of [0, 1)."""
    tries = max(attempt, 1) - 1
    if policy.ladder:
        step = policy.ladder[min(tries, len(policy.ladder) - 1)]
        return step * (0.5 + draw)
    doublings: int = 2 ** min(tries, MOST_DOUBLINGS)
    return min(policy.cap, policy.base * doublings) * draw
