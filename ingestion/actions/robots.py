"""The copies of robots.txt: asked for once a day at most, whoever wants to know."""

from ingestion.clients import robots
from ingestion.models import RobotsCopy
from ingestion.rules.robots import KEPT, KEPT_CLOSED, Robots, State
from jobly.runs.actions.claims import clock


def rules_at(origin: str, send: robots.Send) -> Robots:
    """Return what an origin lets us do; `send` asks for its file when no copy is fresh.

    A site that was unwell is asked again sooner. Raises: what `send` raises but requests' errors.
    """
    now = clock()
    copy = RobotsCopy.objects.filter(origin=origin, keep_until__gt=now).first()
    if copy is not None:
        return copy.rules
    found = robots.fetch(origin, send)
    row, _ = RobotsCopy.objects.update_or_create(
        origin=origin,
        defaults={
            "state": found.state,
            "status": found.status,
            "text": found.text,
            "fetched_at": now,
            "keep_until": now + (KEPT_CLOSED if found.state is State.CLOSED else KEPT),
        },
    )
    return row.rules
