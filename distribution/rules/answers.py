"""What a board said, in our words: the small values that clients give back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from .payloads import Op

Taken = Literal["accepted", "published", "closed", "exists"]


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to ask of a board. `key` names the operation and the version of its content."""

    op: Op
    external_id: str
    payload: Mapping[str, Any]
    key: str = ""
    post_id: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and how long the board says it lives."""

    text: str = field(repr=False)
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Sent:
    """The board took an order: for good (published, closed) or to work on it (accepted).

    `exists` means: the board already had this external id; what it has is `post_id`, if known.
    """

    state: Taken
    post_id: str = ""
    post_url: str = ""
    task_id: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the board showed.

    `pending`: it is there and being worked on. `refused`: it was there and was turned down;
    `retryable` says that the same order may succeed later.
    """

    state: Literal["live", "pending", "refused", "absent"]
    post_id: str = ""
    post_url: str = ""
    task_id: str = ""
    message: str = ""
    retryable: bool = False
    answer: Mapping[str, Any] = field(default_factory=dict)
