"""A worker after a death: for a while it claims each run instead of letting small ones ride.

Runs that ride leave no trace of who executed them, so one that kills its process is found by
claiming it like any other: then its crashes are counted, and the third one buries it.
"""

import mmap
import struct
import time

AFTER_START_SECONDS = 5.0  # whatever ended the worker before may be the next run in the queue
AFTER_DEATH_SECONDS = 60.0  # of one of this worker's processes

_until = mmap.mmap(-1, 8)  # shared with the pool's processes, like the flag of `stopping`
_TIME = struct.Struct("d")


def be_careful(seconds: float) -> None:
    """Let no run ride in any process of this worker for some time."""
    _TIME.pack_into(_until, 0, max(_TIME.unpack_from(_until, 0)[0], time.monotonic() + seconds))


def is_careful() -> bool:
    """Whether each run has to be claimed at this moment."""
    until: float = _TIME.unpack_from(_until, 0)[0]
    return time.monotonic() < until


def trust_again() -> None:
    """Undo `be_careful`."""
    _TIME.pack_into(_until, 0, 0.0)
