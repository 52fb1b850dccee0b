"""One call to a board: sent through the configured way out, read as one JSON object."""

from collections.abc import Mapping
from typing import Any

import requests

from distribution.errors import Throttled
from distribution.rules.channels import Connection
from jobly import http
from jobly.errors import Rejected, Unavailable


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
    seconds = connection.call_timeout.total_seconds()
    with http.configured(base, timeout=seconds) as session:
        try:
            return session.request(method, target, allow_redirects=False, **kwargs)
        except requests.RequestException as exc:
            error = http.classify(exc, idempotent=idempotent)
            raise error or Rejected("This call cannot be sent as it is.") from exc


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


def dig(value: Any, path: str) -> Any:
    """Follow a dotted path through objects; None where it ends early."""
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def text_at(value: Any, path: str) -> str:
    """Return what stands at a dotted path as text; empty where nothing does."""
    found = dig(value, path)
    return "" if found is None or isinstance(found, Mapping | list) else str(found)
