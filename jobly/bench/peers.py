"""The program whose workers `bench runs` measures: one empty body for each queue."""

import time

import django
import redis
from django.conf import settings

from jobly.celery import app

django.setup()  # Celery imports this before it sets Django up itself

from jobly.runs.actions.kinds import run  # noqa: E402 # needs loaded apps

COUNTER = "jobly:bench:done"
STEP_SECONDS = 0.01


def counter() -> redis.Redis:
    """Return the connection that peers count their finished tasks on."""
    return redis.Redis.from_url(settings.VALKEY_URL)


@run("bench.nothing", small=True)
def nothing() -> None:
    """Do nothing, as a durable run."""


@run("bench.step")
def step() -> None:
    """Take a moment, as a run of its own."""
    time.sleep(STEP_SECONDS)


@app.task(name="bench.nothing_task", ignore_result=True)
def nothing_task() -> None:
    """Do nothing but count, as one Celery task."""
    _connection().incr(COUNTER)


_held: list[redis.Redis] = []


def _connection() -> redis.Redis:
    """Return this process's connection."""
    if not _held:
        _held.append(counter())
    return _held[0]
