"""Boards that nobody calls: a feed that is fetched, a job that is expected through Indeed."""

from collections.abc import Mapping, Sequence

from distribution.rules.answers import Order, Seen, Sent, Taken
from distribution.rules.channels import Connection

# a change is in the next fetch by itself, so nobody waits for an answer to it
TAKEN: Mapping[str, Taken] = {"create": "accepted", "close": "closed"}


def send(_connection: Connection, order: Order) -> Sent:
    """Offer a job, or stop offering it; it counts as published once it was seen to be there."""
    return Sent(TAKEN.get(order.op, "published"))


def poll(_connection: Connection, task_ids: Sequence[str]) -> dict[str, Seen]:
    """Say that nothing is known yet."""
    return {task_id: Seen("pending") for task_id in task_ids}


def look(_connection: Connection, _external_id: str, _post_id: str = "") -> Seen:
    """Say that nothing is known yet."""
    return Seen("pending")
