"""When a schedule is late, slow or silent: decisions on times."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

LONG_TIMES = 3  # a run that takes so many times as long as usual runs long
LONG_AT_LEAST = timedelta(minutes=10)
LONG_UNKNOWN = timedelta(hours=1)  # while nobody knows what is usual
SILENT_TIMES = 3  # so many due times without a success are silence
SILENT_AT_LEAST = timedelta(hours=1)
DEAD_TIMES = 3  # so many signs of life missed mean that nobody is there
DEAD_AT_LEAST = timedelta(seconds=30)
UNSERVED_AFTER = timedelta(seconds=30)  # so long may due work wait for a worker that just starts


def long_limit(own: timedelta | None, usual: timedelta | None) -> timedelta:
    """Return how long a run may take: its schedule's own limit, else by what is usual."""
    if own is not None:
        return own
    return LONG_UNKNOWN if usual is None else max(LONG_AT_LEAST, LONG_TIMES * usual)


def silence_limit(own: timedelta | None, due: Sequence[datetime], grace: timedelta) -> timedelta:
    """Return how long there may be no success: an own limit, else by the gaps between due times."""
    if own is not None:
        return own
    gaps = [later - earlier for earlier, later in pairwise(due)]
    return max(SILENT_AT_LEAST, SILENT_TIMES * max(gaps, default=timedelta(0))) + grace


def dead_after(every: timedelta) -> timedelta:
    """Return after what silence somebody who shows life every so often is taken for dead."""
    return max(DEAD_AT_LEAST, DEAD_TIMES * every)
