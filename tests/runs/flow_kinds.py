"""Run kinds for real workers: `celery worker --include tests.runs.flow_kinds` knows them."""

import os
import signal
import time
from dataclasses import dataclass
from typing import ClassVar

from jobly.runs.actions import emit
from jobly.runs.actions.kinds import run


@run("flow.add")
def add(*, left: int, right: int):
    return {"sum": left + right, "pid": os.getpid()}


@dataclass(frozen=True, slots=True)
class Told:
    """A run told its number."""

    name: ClassVar[str] = "flow.told"
    n: int


@run("flow.tell")
def tell(*, n: int):
    emit(Told(n=n))


@run("flow.nap", stepwise=True)
def nap(progress, *, seconds: float, deaf: bool = False):
    for n in range(int(seconds * 10)):
        if not deaf:
            progress.checkpoint()
        progress.tell(done=n, total=int(seconds * 10))
        time.sleep(0.1)
    return {"attempt": progress.run.attempt, "crashes": progress.run.crash_count}


@run("flow.die_small", small=True)
def die_small():
    os.kill(os.getpid(), signal.SIGKILL)


@run("flow.small", small=True)
def small(*, n: int):
    emit(Told(n=n))


@run("flow.die", stepwise=True)
def die(progress):
    os.kill(os.getpid(), signal.SIGKILL)


@run("flow.family", stepwise=True, waits=True)
def family(progress, *, children: int):
    for n in range(children):
        progress.start("flow.add", {"left": n, "right": n}, key=f"{progress.run.pk}/{n}")
