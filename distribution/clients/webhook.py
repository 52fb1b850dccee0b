"""A webhook that a company named: the job, signed as Standard Webhooks are.

Source: https://github.com/standard-webhooks/standard-webhooks
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import requests
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from distribution.errors import BoardGone, CredentialsRefused
from distribution.rules.answers import Order, Seen, Sent
from distribution.rules.channels import Connection

from . import exchange

WAITING = {"pending", "queued", "accepted", "in_review", "processing"}
PREFIX = "whsec_"


def send(connection: Connection, order: Order) -> Sent:
    """Post one order; `webhook-id` is the order's key, so a receiver knows a repeat by it.

    An answer may be a JSON object with the posting's id, url and status; any 2xx means taken.
    Raises: BoardGone for 410, AuthExpired, CredentialsRefused, Throttled, Rejected, Unavailable.
    """
    body = orjson.dumps(order.payload, option=orjson.OPT_SORT_KEYS)
    headers = {"Content-Type": "application/json", **_signed(connection, order.key, body)}
    response = exchange.call(
        connection, "POST", connection.base_url, idempotent=True, data=body, headers=headers
    )
    _check(response)
    said = _said(response)
    if order.op == "close":
        return Sent("closed", answer=said)
    waits = exchange.text_at(said, "status").lower() in WAITING or connection.options["confirms"]
    post_id = exchange.text_at(said, str(connection.options["id_path"]))
    return Sent(
        "accepted" if waits else "published",
        post_id=post_id or order.post_id or order.external_id,
        post_url=exchange.text_at(said, str(connection.options["url_path"])),
        answer=said,
    )


def _check(response: requests.Response) -> None:
    """Raise what a status stands for."""
    if response.status_code == requests.codes.gone:
        raise BoardGone("The receiver says that this address is gone for good (410).")
    if response.is_redirect or response.is_permanent_redirect:
        raise BoardGone("The receiver moved; webhooks do not follow, so enter its new address.")
    if response.status_code == requests.codes.forbidden:
        raise CredentialsRefused("The receiver refused our signature (403).", status=403)
    exchange.check(response, idempotent=True)


def poll(_connection: Connection, task_ids: Sequence[str]) -> dict[str, Seen]:
    """Say that nothing is known yet: a receiver tells by our inbound hook, it is not asked."""
    return {task_id: Seen("pending") for task_id in task_ids}


def look(_connection: Connection, _external_id: str, _post_id: str = "") -> Seen:
    """Find nothing: a receiver cannot be asked; a repeat under the same webhook-id is harmless."""
    return Seen("absent")


def probe(connection: Connection) -> str:
    """Post a signed `ping`, which receivers are asked to answer and otherwise ignore."""
    now = datetime.now(UTC)
    body = orjson.dumps({"type": "ping", "timestamp": now.isoformat(), "data": {}})
    headers = _signed(connection, f"ping-{int(now.timestamp())}", body)
    headers["Content-Type"] = "application/json"
    response = exchange.call(
        connection, "POST", connection.base_url, idempotent=True, data=body, headers=headers
    )
    _check(response)
    return f"The receiver took a signed ping ({response.status_code})."


def _signed(connection: Connection, key: str, body: bytes) -> dict[str, str]:
    """Return the three headers of Standard Webhooks. Raises: CredentialsRefused."""
    secret = connection.credentials.get("signing_secret", "")
    moment = datetime.now(UTC)
    try:
        signature = Webhook(secret).sign(key, moment, body.decode())
    except (EmptyWebhookSecretError, ValueError) as exc:  # none, or not base64
        raise CredentialsRefused(
            f"The channel has no usable signing secret; enter one like {PREFIX}… in base64."
        ) from exc
    return {
        "webhook-id": key,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature,
    }


def _said(response: requests.Response) -> dict[str, Any]:
    """Read an answer that may say something; whatever else it is says nothing."""
    try:
        found = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
