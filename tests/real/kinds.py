"""A kind of run for real workers (`celery worker --include tests.real.kinds`): one late effect."""

import time
from dataclasses import dataclass
from typing import ClassVar

from jobly.runs.actions import emit
from jobly.runs.actions.kinds import run


@dataclass(frozen=True)
class Woken:
    """Somebody slept and then wrote."""

    name: ClassVar[str] = "proof.woken"


@run("proof.sleep", stepwise=True)
def sleep(progress, *, seconds: float):
    """Sleep without looking at anything, then write one thing."""
    time.sleep(seconds)
    with progress.transaction():
        emit(Woken(), company=progress.run.company_id)
