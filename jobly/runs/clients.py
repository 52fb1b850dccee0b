"""Valkey as a doorbell: hints to workers, pokes to live pages. It may be away."""

import json
import logging
import time
from collections.abc import Iterable, Mapping
from functools import cache

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from jobly import limits

POKE_TOPIC = "jobly:poke"
TIMEOUT_SECONDS = 1  # a request may wait this long, once, and is to be answered in three
#: after a failure nobody in this process waits for Valkey again before this much time has passed
SILENCE_SECONDS = 5.0
HINT_SECONDS = 600  # a worker that comes later finds the rows without the hint

log = logging.getLogger(__name__)
_silent_until = 0.0


@cache
def valkey() -> redis.Redis:
    """Return this process's connection pool, with short timeouts and no second try."""
    return redis.Redis.from_url(
        settings.VALKEY_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def send_hints(queues: Iterable[str]) -> bool:
    """Tell a worker of each of these queues that there is work; True if they were told."""
    told = [_send("hint", queue) for queue in sorted(queues)]
    return all(told)


def send_pokes(numbers: Mapping[str, int]) -> bool:
    """Tell live pages the latest number of each stream; True if they were told."""
    told = [
        _send("poke", json.dumps({"stream": stream, "seq": seq}))
        for stream, seq in sorted(numbers.items())
    ]
    return all(told)


def is_silent() -> bool:
    """Whether Valkey failed a moment ago, here or for a limit, so that nothing is being sent."""
    return time.monotonic() < _silent_until or limits.is_away()


def _send(what: str, text: str) -> bool:
    """Send one thing unless Valkey failed a moment ago; a failure is logged and forgotten."""
    global _silent_until  # noqa: PLW0603 - one process, one memory of the last failure
    if is_silent():
        return False
    try:
        _DOORBELLS[what](text)
    except (redis.RedisError, OperationalError, OSError) as exc:
        _silent_until = time.monotonic() + SILENCE_SECONDS
        log.warning("valkey is away, %s not sent: %s", what, exc)
        return False
    return True


def _hint(queue: str) -> None:
    valkey().ping()  # kombu takes two seconds to find out that nobody listens, this takes none
    current_app.send_task(
        "runs.drain",
        args=[queue],
        queue=queue,
        retry=False,
        ignore_result=True,
        expires=HINT_SECONDS,
    )


def _poke(message: str) -> None:
    valkey().publish(POKE_TOPIC, message)


_DOORBELLS = {"hint": _hint, "poke": _poke}
