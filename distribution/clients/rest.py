"""A generic REST job board: Glassdoor's private contract (contracts/glassdoor.md §3)."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import requests

from distribution.errors import BoardRefused, CredentialsRefused
from distribution.rules.answers import Order, Seen, Sent
from distribution.rules.channels import Connection
from jobly.errors import Unknown

from . import exchange

PENDING = {"pending", "queued", "in_review", "processing"}
REJECTED = "rejected"
GONE = {"closed", "expired", "deleted", "removed"}


def send(connection: Connection, order: Order) -> Sent:
    """Create, replace or delete one posting.

    A repeated create is told apart by Idempotency-Key, where the board heeds it; 409 means that
    the board has the posting.
    Raises: BoardRefused, CredentialsRefused, AuthExpired, Throttled, Rejected, Unavailable,
    Unknown.
    """
    if order.op == "close":
        return _delete(connection, order)
    creating = order.op == "create"
    target = connection.path("create" if creating else "update")
    response = _call(
        connection,
        "POST" if creating else "PUT",
        target.replace("{id}", quote(order.post_id, safe="")),
        idempotent=not creating,
        json=order.payload,
        headers={"Idempotency-Key": order.key},
    )
    if response.status_code == requests.codes.conflict and creating:
        found = _soft_json(response)
        return Sent("exists", post_id=_id(connection, found), answer=found)
    exchange.check(response, idempotent=not creating)
    answer = exchange.json_of(response, idempotent=not creating)
    post_id = _id(connection, answer) or order.post_id
    if response.status_code not in connection.options["success_statuses"] or not post_id:
        raise Unknown("The board's answer does not say what became of the job.")
    return _sent(connection, answer, post_id)


def _sent(connection: Connection, answer: dict[str, Any], post_id: str) -> Sent:
    state = exchange.text_at(answer, "status").lower()
    if state == REJECTED:
        raise BoardRefused(f"The board refused the job: {_why(answer)}")
    waits = state in PENDING
    return Sent(
        "accepted" if waits else "published",
        post_id=post_id,
        post_url=exchange.text_at(answer, str(connection.options["url_path"])),
        task_id=post_id,
        answer=answer,
    )


def _delete(connection: Connection, order: Order) -> Sent:
    """Take a posting down; one that is gone is down already."""
    target = connection.path("delete").replace("{id}", quote(order.post_id, safe=""))
    response = _call(
        connection, "DELETE", target, idempotent=True, headers={"Idempotency-Key": order.key}
    )
    if response.status_code not in (requests.codes.not_found, requests.codes.gone):
        exchange.check(response, idempotent=True)
    return Sent("closed")


def poll(connection: Connection, task_ids: Sequence[str]) -> dict[str, Seen]:
    """Read postings by the board's ids."""
    return {task_id: _read(connection, task_id) for task_id in task_ids}


def look(connection: Connection, external_id: str, post_id: str = "") -> Seen:
    """Ask for a posting by its id, or by our reference where the board can be asked so."""
    if post_id:
        return _read(connection, post_id)
    target = connection.path("lookup").replace("{reference}", quote(external_id, safe=""))
    response = _call(connection, "GET", target, idempotent=True)
    if response.status_code == requests.codes.not_found:
        return Seen("absent")
    exchange.check(response, idempotent=True)
    answer = exchange.json_of(response, idempotent=True)
    rows = answer.get(str(connection.options["list_path"]))
    first = next(iter(rows), None) if isinstance(rows, list) else answer
    return _seen(connection, first)


def probe(connection: Connection) -> str:
    """Ask for a posting that is surely not there; every answer but a refusal shows we are known."""
    target = connection.path("lookup").replace("{reference}", "jobly-connection-test")
    response = _call(connection, "GET", target, idempotent=True)
    if response.status_code >= requests.codes.internal_server_error:
        exchange.check(response, idempotent=True)
    if response.status_code == requests.codes.unauthorized:
        exchange.check(response, idempotent=True)
    return f"The board answers and takes our credentials ({response.status_code})."


def _read(connection: Connection, post_id: str) -> Seen:
    target = connection.path("read").replace("{id}", quote(post_id, safe=""))
    response = _call(connection, "GET", target, idempotent=True)
    if response.status_code in (requests.codes.not_found, requests.codes.gone):
        return Seen("absent", post_id)
    exchange.check(response, idempotent=True)
    return _seen(connection, exchange.json_of(response, idempotent=True))


def _seen(connection: Connection, found: Any) -> Seen:
    if not isinstance(found, dict) or not (post_id := _id(connection, found)):
        return Seen("absent")
    state = exchange.text_at(found, "status").lower()
    url = exchange.text_at(found, str(connection.options["url_path"]))
    if state == REJECTED:
        return Seen("refused", post_id, message=_why(found), answer=found)
    if state in GONE:
        return Seen("absent", post_id, answer=found)
    return Seen("pending" if state in PENDING else "live", post_id, url, post_id, answer=found)


def _why(answer: Any) -> str:
    """Return the board's words for turning a job down."""
    return exchange.text_at(answer, "message") or "no reason given"


def _call(
    connection: Connection, method: str, target: str, *, idempotent: bool, **kwargs: Any
) -> requests.Response:
    """Send one call with the channel's way of signing in.

    Raises: CredentialsRefused for 403; a 401 is AuthExpired, as `check` says it.
    """
    headers, params, auth = _signature(connection)
    headers.update(kwargs.pop("headers", {}))
    response = exchange.call(
        connection,
        method,
        target,
        idempotent=idempotent,
        headers=headers,
        params=params,
        auth=auth,
        **kwargs,
    )
    if response.status_code == requests.codes.forbidden:
        raise CredentialsRefused(
            "The board refused the channel's credentials.",
            status=response.status_code,
        )
    return response


def _signature(
    connection: Connection,
) -> tuple[dict[str, str], dict[str, str], tuple[str, str] | None]:
    """Return headers, query parameters and Basic pair for the configured auth style."""
    style, secrets = connection.options["auth_style"], connection.credentials
    names = connection.options["auth_names"]
    pairs = {names[key]: value for key, value in secrets.items() if key in names}
    if style == "query":
        return {}, pairs, None
    if style == "basic":
        return {}, {}, (secrets.get("partner_id", ""), secrets.get("api_key", ""))
    if style == "bearer":
        return {"Authorization": f"Bearer {secrets.get('api_key', '')}"}, {}, None
    return pairs, {}, None


def _id(connection: Connection, answer: Any) -> str:
    return exchange.text_at(answer, str(connection.options["id_path"]))


def _soft_json(response: requests.Response) -> dict[str, Any]:
    """Read a body whose meaning the status already gave; empty when it is no object."""
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
