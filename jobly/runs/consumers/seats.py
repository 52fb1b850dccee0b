"""How many live connections there may be: of one caller, and of all."""

import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from jobly.errors import TooMany
from jobly.users.rules import Principal

from .callers import Caller

MOST_OF_ONE = 50  # one for each page that is open, and a good many pages
SPARE_FILES = 100  # of those the process may open: for the database, Valkey and refusals
RETRY = timedelta(seconds=30)

_taken: Counter[object] = Counter()


@contextmanager
def seat(principal: Principal, caller: Caller) -> Iterator[None]:
    """Hold a place for one connection. Raises: TooMany, and nothing is held."""
    who = principal.user_id or caller.bearer
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _taken[who] >= MOST_OF_ONE:
        raise TooMany(f"{MOST_OF_ONE} live connections of yours are open.", retry_after=RETRY)
    if _taken.total() >= most - SPARE_FILES:
        raise TooMany("All live connections of this server are taken.", retry_after=RETRY)
    _taken[who] += 1
    try:
        yield
    finally:
        _taken[who] -= 1
        if not _taken[who]:
            del _taken[who]
