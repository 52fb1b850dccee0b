"""Work as a worker does, until nothing moves."""

import time

from distribution.models import Distribution
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run


def until_rest(seconds=20.0):
    """Execute runs until every distribution has come to rest."""
    end = time.monotonic() + seconds
    while True:
        drain()
        moving = Run.objects.unfinished().filter(kind__startswith="distribution.")
        if not moving.exists():
            return
        assert time.monotonic() < end, [(r.kind, r.error, r.available_at) for r in moving]
        time.sleep(0.02)


def fresh(row):
    """Read a distribution again."""
    return Distribution.objects.select_related("channel", "job").get(pk=row.pk)
