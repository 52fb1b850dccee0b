"""Work as a worker does, until nothing moves."""

import time

from django.db.models.functions import Now

from distribution.actions.boards import reset_breaker
from distribution.models import Channel, Distribution
from jobly import limits
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run


def until_rest(seconds=20.0):
    """Execute runs until every distribution has come to rest."""
    end = time.monotonic() + seconds
    while True:
        drain()
        _mend()
        moving = Run.objects.unfinished().filter(kind__startswith="distribution.")
        if not moving.exists():
            return
        assert time.monotonic() < end, [(r.kind, r.error, r.available_at) for r in moving]
        time.sleep(0.02)


def _mend():
    """Reset breakers by hand, as an operator may, so that no test waits half a minute for one."""
    for channel in Channel.objects.all():
        if limits.breaker_state(channel.breaker_key).state == "open":
            reset_breaker(channel)
    held = Run.objects.filter(status="queued", error__contains="does not answer at the moment")
    held.update(available_at=Now())


def fresh(row):
    """Read a distribution again."""
    return Distribution.objects.select_related("channel", "job").get(pk=row.pk)
