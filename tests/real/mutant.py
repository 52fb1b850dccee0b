"""A program of ours that lacks one safeguard, in its memory only: it must turn a check red.

`python -m tests.real.mutant no_fence celery -A jobly worker …`
"""

import runpy
import sys
from collections.abc import Callable

import django

django.setup()

from distribution.actions import publish  # noqa: E402 # the apps come first
from jobly.runs.actions import claims  # noqa: E402
from jobly.runs.actions.progress import Progress  # noqa: E402


def no_clock() -> None:
    """Let a worker not notice by its own clock that it slept: only the fence is left."""
    Progress.checkpoint = lambda _progress: None  # type: ignore[method-assign,assignment] # on purpose


def no_fence() -> None:
    """Let a worker that lost its lease go on writing."""
    for name in ("END", "REQUEUE", "VERIFY"):
        statement = getattr(claims, name)
        for condition in (" AND fence = %(fence)s", " AND fence = %s"):
            unfenced = condition.replace("fence =", "0 <")
            statement = statement.replace(condition, unfenced)
        setattr(claims, name, statement)
    claims.VERIFY = claims.VERIFY.replace(" AND status = 'running'", "")
    no_clock()


def no_reconciling() -> None:
    """Send again without a look whenever an outcome is unknown."""
    publish.reconcile = lambda _progress, _distribution: True  # type: ignore[assignment] # on purpose


MUTATIONS: dict[str, Callable[[], None]] = {
    "no_clock": no_clock,
    "no_fence": no_fence,
    "no_reconciling": no_reconciling,
}

if __name__ == "__main__":
    MUTATIONS[sys.argv[1]]()
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
