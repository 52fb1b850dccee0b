"""The dramatiq side of `bench runs`; needs the bench lock file."""

import dramatiq
import redis
from django.conf import settings
from dramatiq.brokers.redis import RedisBroker

COUNTER = "jobly:bench:dramatiq"

dramatiq.set_broker(RedisBroker(url=settings.VALKEY_URL, namespace="jobly-bench"))
connection = redis.Redis.from_url(settings.VALKEY_URL)


@dramatiq.actor  # type: ignore[untyped-decorator] # ships no types
def nothing() -> None:
    """Do nothing but count."""
    connection.incr(COUNTER)
