"""Whether a board that fetches has stayed away longer than it usually does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

FIRST = timedelta(days=2)  # in which a board that was given a feed should have come once
LEAST = timedelta(hours=24)  # nobody is late before; boards fetch once to four times a day
OFTEN = 3  # times its usual gap


def late_since(fetches: Sequence[datetime], began: datetime, now: datetime) -> datetime | None:
    """Return when a board should have come again and did not; None while it is not late.

    `fetches`: its last ones, in any order. Its usual gap is the median between them; three of it
    may pass, and a day at least. One that never came is late two days after `began`.
    """
    times = sorted(fetches)
    if not times:
        due = began + FIRST
    else:
        gaps = [later - earlier for earlier, later in pairwise(times)]
        usual = timedelta(seconds=median(gap.total_seconds() for gap in gaps)) if gaps else LEAST
        due = times[-1] + max(LEAST, usual * OFTEN)
    return due if due <= now else None
