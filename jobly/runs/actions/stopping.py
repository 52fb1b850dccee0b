"""One byte that a worker and its pool processes share: set when the worker has to leave."""

import mmap

_flag = mmap.mmap(-1, 1)  # anonymous shared memory outlives fork; no lock to be held by a dead one


def begin_stop() -> None:
    """Make every process of this worker stop claiming and release what it holds."""
    _flag[0] = 1


def is_stopping() -> bool:
    """Whether this worker has been told to leave."""
    return _flag[0] == 1


def allow_work() -> None:
    """Undo `begin_stop`, for a process that goes on."""
    _flag[0] = 0
