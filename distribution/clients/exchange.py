"""One call to a board: sent through the configured way out, read as one JSON object.

What clients do with a board is a body that calls, reads and decides. `in_turns` performs such a
body without waiting: it says which call is to be made, and goes on when it is given the answer.
"""

from collections.abc import Callable, Generator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests

from distribution.errors import Throttled
from distribution.rules.channels import Connection
from jobly import http
from jobly.errors import Rejected, Unavailable
from jobly.http.crowd import Call

Answer = TypeVar("Answer")
Reply = requests.Response | requests.RequestException


class Interrupted(BaseException):
    """A body came to a call whose answer is not there yet."""

    def __init__(self, call: Call) -> None:
        super().__init__(call.target)
        self.call = call


@dataclass(slots=True)
class Turns:
    """The answers that a body has been given so far, and the call that it waits for."""

    replies: list[Reply] = field(default_factory=list)
    used: int = 0

    def make(self, call: Call) -> requests.Response:
        """Answer a call from what was given. Raises: Interrupted, and what was given."""
        if self.used == len(self.replies):
            raise Interrupted(call)
        reply = self.replies[self.used]
        self.used += 1
        if isinstance(reply, requests.RequestException):
            raise reply
        return reply


_turns: ContextVar[Turns | None] = ContextVar("turns", default=None)


def is_reply(came: object) -> bool:
    """Whether something is what a call may come to: an answer, or a failure to get one."""
    return isinstance(came, Reply)


def in_turns(body: Callable[[], Answer]) -> Generator[Call, Reply, Answer]:
    """Perform a body that calls a board: yield each call, and be sent what came of it.

    After each answer the body begins again and gets the answers so far, so it must only call, read
    and decide. Raises: what the body raises.
    """
    turns = Turns()
    while True:
        turns.used = 0
        token = _turns.set(turns)
        try:
            return body()
        except Interrupted as stop:
            call = stop.call
        finally:
            _turns.reset(token)
        turns.replies.append((yield call))


def call(
    connection: Connection, method: str, target: str, *, idempotent: bool, **kwargs: Any
) -> requests.Response:
    """Send one call; every status comes back, failures below HTTP become errors.

    `target` is a path under the channel's base URL, or a whole address an operator configured.
    Raises: Unavailable (surely not accepted) or Unknown (may have been), Rejected.
    """
    base = connection.base_url if target.startswith("/") else target
    if not base:
        raise Unavailable("The board's address is not known; are the practice boards running?")
    asked = Call(base, method, target, connection.call_timeout.total_seconds(), kwargs)
    try:
        # the crowd goes to operators' addresses only; a supplied one takes the guarded way out
        turns = None if connection.is_supplied else _turns.get()
        return turns.make(asked) if turns else _now(asked, supplied=connection.is_supplied)
    except requests.RequestException as exc:
        error = http.classify(exc, idempotent=idempotent)
        raise error or Rejected("This call cannot be sent as it is.") from exc


def _now(call: Call, *, supplied: bool) -> requests.Response:
    """Make a call and wait for its answer. Raises: what requests raises."""
    if not supplied:
        with http.configured(call.origin, timeout=call.timeout) as session:
            return session.request(call.method, call.target, allow_redirects=False, **call.options)
    is_path = call.target.startswith("/")
    url = call.origin.rstrip("/") + call.target if is_path else call.target
    with http.outside(timeout=call.timeout) as session:
        return session.request(call.method, url, allow_redirects=False, **call.options)


def check(response: requests.Response, *, idempotent: bool) -> None:
    """Raise the error a status stands for, unless it is a success.

    Raises: Throttled for 429; AuthExpired, Rejected, Unavailable or Unknown.
    """
    error = http.classify(response, idempotent=idempotent)
    if response.status_code == requests.codes.too_many_requests:
        raise Throttled(
            "The board asks for a pause (429).",
            retry_after=http.retry_after(response),
            status=response.status_code,
        )
    if error is not None:
        raise error


def json_of(response: requests.Response, *, idempotent: bool) -> dict[str, Any]:
    """Read an answer that must be a JSON object.

    Raises: Unknown, or Unavailable when the call may be repeated, for a cut or foreign body.
    """
    try:
        return http.object_of(response)
    except requests.RequestException as exc:
        error = http.classify(exc, idempotent=idempotent)
        raise error or Rejected("This answer cannot be read.") from exc


def message_of(response: requests.Response, path: str) -> str:
    """Return what a refusal says at a dotted path; empty where its body cannot be read."""
    try:
        return text_at(http.object_of(response), path)
    except requests.RequestException:
        return ""


def dig(value: Any, path: str) -> Any:
    """Follow a dotted path through objects; None where it ends early."""
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def text_at(value: Any, path: str) -> str:
    """Return what stands at a dotted path as text; empty where nothing does.

    Without NUL, which no column takes.
    """
    found = dig(value, path)
    return (
        "" if found is None or isinstance(found, Mapping | list) else str(found).replace("\0", "")
    )
