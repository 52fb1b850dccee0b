"""Repeat a run by hand and see it through, workers or no workers."""

import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from jobly.runs.models import Run
from jobly.users.models import User

from . import replay
from .execution import POLL_SECONDS, drain
from .sweep import sweep


def repeat_here(run: Run, *, actor: User | None, args: Mapping[str, Any] | None = None) -> Run:
    """Start a run again and execute it here with all that it starts; return it as it ended.

    A worker may take parts of it. One that puts itself off is left to the workers. Ctrl-C leaves
    it queued. Raises: RunMoved, WrongArguments.
    """
    again = replay(run, actor=actor, args=args)
    swept = time.monotonic()
    while True:
        drained = drain(root=again.root_id)
        again.refresh_from_db()
        waits_for_a_time = again.status == Run.Status.QUEUED and not drained
        if again.is_finished or waits_for_a_time:
            return again
        if time.monotonic() - swept >= settings.RUN_SWEEP_SECONDS:
            sweep()
            swept = time.monotonic()
        if not drained:
            time.sleep(POLL_SECONDS)
