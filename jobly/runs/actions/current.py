"""Which run this thread is executing, so that what it starts and tells knows where it came from."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from jobly.runs.models import Run

_current: ContextVar[Run | None] = ContextVar("current_run", default=None)


def current_run() -> Run | None:
    """Return the run whose body is executing here, if any."""
    return _current.get()


@contextmanager
def executing(run: Run) -> Iterator[None]:
    """Make a run the current one for the block."""
    token = _current.set(run)
    try:
        yield
    finally:
        _current.reset(token)
