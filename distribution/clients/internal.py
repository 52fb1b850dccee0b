"""Our own board: nothing is called, a job is there as soon as it is said to be (S1.9)."""

from collections.abc import Sequence

from distribution.rules.answers import Order, Seen, Sent
from distribution.rules.channels import Connection


def send(_connection: Connection, order: Order) -> Sent:
    """Show a job on our board, or take it off."""
    if order.op == "close":
        return Sent("closed")
    return Sent("published", post_id=str(order.payload["id"]), post_url=str(order.payload["url"]))


def poll(_connection: Connection, task_ids: Sequence[str]) -> dict[str, Seen]:
    """Say that what was shown is shown."""
    return {task_id: Seen("live", task_id) for task_id in task_ids}


def look(_connection: Connection, _external_id: str, post_id: str = "") -> Seen:
    """Say that what was shown is shown."""
    return Seen("live", post_id) if post_id else Seen("absent")
