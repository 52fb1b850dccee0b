"""Which streams a page follows."""

from collections import Counter
from collections.abc import Iterable

from jobly.users.rules import Principal

from .streams import STAFF, streams_of

MOST = 4  # one connection each


def main_streams(told_on: Iterable[str], principal: Principal) -> list[str]:
    """Return the streams of what a page shows, the most frequent first, then the person's own."""
    shown = [stream for stream, _ in Counter(told_on).most_common(MOST)]
    own = [STAFF] if principal.is_staff else streams_of(principal)
    return list(dict.fromkeys([*shown, *own]))[:MOST]
