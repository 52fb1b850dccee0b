"""A distribution's exchanges with its board, as people read them."""

import json
import re
from dataclasses import dataclass
from typing import Any

from distribution.models import Attempt, Distribution

SECRET_NAME = re.compile(r"secret|token|password|api.?key|authorization|cookie", re.IGNORECASE)
ASKED = {
    "create": "Send the job",
    "update": "Send what changed",
    "renew": "Keep it longer",
    "close": "Take it down",
    "lookup": "Look for it",
    "poll": "Ask how it stands",
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One line of a distribution's timeline: the attempt, and both messages as text."""

    attempt: Attempt
    name: str
    sent: str
    answer: str


def timeline(distribution: Distribution) -> list[Exchange]:
    """Return every exchange with the board, oldest first, without anything that is a secret."""
    rows = distribution.attempts.order_by("number")
    return [Exchange(row, ASKED[row.op], _told(row.request), _told(row.response)) for row in rows]


def _told(message: Any) -> str:
    """Lay a message out as text; empty when there is none."""
    return json.dumps(veiled(message), indent=2, ensure_ascii=False) if message else ""


def veiled(value: Any) -> Any:
    """Hide what has the name of a secret, however deep it lies."""
    if isinstance(value, dict):
        return {
            name: "•••" if SECRET_NAME.search(str(name)) else veiled(inner)
            for name, inner in value.items()
        }
    return [veiled(inner) for inner in value] if isinstance(value, list) else value
