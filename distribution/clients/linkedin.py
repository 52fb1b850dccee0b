"""LinkedIn: simpleJobPostings, its tasks and the live status (contracts/linkedin.md)."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import requests

from distribution.errors import BoardRefused, CredentialsRefused, NoSlots, Throttled
from distribution.rules.answers import Order, Seen, Sent, Token
from distribution.rules.channels import Connection
from jobly.errors import JoblyError, Unavailable, Unknown

from . import exchange, oauth

TOKEN_LIFETIME = timedelta(minutes=30)
TASKS_A_CALL = 40  # so that the query stays under 4 KB (§6)
V2, REST = "v2", "rest"
EXISTING = re.compile(r"already exists.*?LinkedIn job id:\s*(\d+)", re.IGNORECASE | re.DOTALL)
# the one failure of a task that LinkedIn calls temporary (§6)
TEMPORARY = re.compile(r"unexpected error during ingestion", re.IGNORECASE)
PROBLEM = re.compile(r"ERROR\s*::\s*/?(\S*)\s*::\s*([^\n]*)")


def fetch_token(connection: Connection) -> Token:
    """Fetch a token for all calls of the next half hour (§2)."""
    target = str(connection.options["token_url"])
    return oauth.client_credentials(connection, target, lifetime=TOKEN_LIFETIME, extra={})


def send(connection: Connection, order: Order) -> Sent:
    """Submit one posting.

    Raises: BoardRefused, Throttled, AuthExpired, Unavailable, Unknown.
    """
    (outcome,) = submit(connection, [order])
    if isinstance(outcome, JoblyError):
        raise outcome
    return outcome


def submit(connection: Connection, orders: Sequence[Order]) -> list[Sent | JoblyError]:
    """Submit up to 100 postings in one call; what became of each, in order (§3, §5).

    Source: POST simpleJobPostings, X-Restli-Method batch_create.
    Raises: Throttled, AuthExpired, Rejected, Unavailable, Unknown for the call as a whole.
    """
    creating = any(order.op == "create" for order in orders)
    response = exchange.call(
        connection,
        "POST",
        _path(connection, "submit"),
        idempotent=not creating,
        json={"elements": [order.payload for order in orders]},
        headers={**_headers(connection), "X-Restli-Method": "batch_create"},
    )
    conflict = response.status_code == requests.codes.conflict
    if conflict and all(order.op == "close" for order in orders):
        return [Sent("closed") for _ in orders]
    _check(response, idempotent=not creating)
    answer = exchange.json_of(response, idempotent=not creating)
    elements = answer.get("elements")
    if not isinstance(elements, list) or len(elements) != len(orders):
        raise Unknown("LinkedIn answered with another number of elements than were sent.")
    return [_outcome(order, element) for order, element in zip(orders, elements, strict=True)]


def _check(response: requests.Response, *, idempotent: bool) -> None:
    """Raise what LinkedIn means by the status of a whole call (§8)."""
    message = exchange.message_of(response, "message")
    if found := _by_status(response.status_code, message):
        raise found
    exchange.check(response, idempotent=idempotent)


def _by_status(status: int, message: str) -> JoblyError | None:
    """Turn a refusal of a call or of one element into an error; None for what is none (§8)."""
    if status == requests.codes.payment_required:
        words = message or "no job slots are left, or the contract's budget is spent"
        return NoSlots(f"LinkedIn took no job: {words}", status=status)
    if status == requests.codes.forbidden:
        words = message or "check its permissions and the contract"
        return CredentialsRefused(f"LinkedIn does not let this app post: {words}", status=status)
    if status in (requests.codes.bad_request, requests.codes.unprocessable):
        return refusal(message, status=status)
    return None


def _outcome(order: Order, element: Any) -> Sent | JoblyError:
    """Read one element; its status may be a number or a text (§5)."""
    status = exchange.text_at(element, "status")
    message = exchange.text_at(element, "error.message") or exchange.text_at(element, "message")
    if status in ("200", "201", "202"):
        task_id = exchange.text_at(element, "id")
        return Sent("accepted", task_id=task_id, answer=dict(element))
    if status == "409" and order.op == "close":
        return Sent("closed", answer=dict(element))
    if status == "429":
        return Throttled("LinkedIn asks for a pause (429).", status=429)
    if found := EXISTING.search(message):
        return Sent("exists", post_id=found[1], answer=dict(element))
    if status.startswith("4") and status.isdecimal():
        return _by_status(int(status), message) or refusal(message, status=int(status))
    doubtful = Unknown if order.op == "create" else Unavailable
    return doubtful(f"LinkedIn could not say what became of the job ({status or 'no status'}).")


def refusal(message: str, *, status: int = 0) -> BoardRefused:
    """Turn LinkedIn's words into an error that names the field."""
    found = PROBLEM.search(message)
    field, words = (found[1], found[2]) if found else ("", message.strip())
    fields = {field: [words]} if field else None
    text = f"LinkedIn refused the job: {words or 'no reason given'}"
    return BoardRefused(text, fields=fields, status=status)


def poll(connection: Connection, task_ids: Sequence[str]) -> dict[str, Seen]:
    """Ask how far tasks are, 40 a call; their query must stay under 4 KB (§6)."""
    found: dict[str, Seen] = {}
    for start in range(0, len(task_ids), TASKS_A_CALL):
        some = task_ids[start : start + TASKS_A_CALL]
        results = _get(connection, "tasks", some).get("results")
        known = results if isinstance(results, Mapping) else {}
        found |= {task_id: _task(connection, known.get(task_id)) for task_id in some}
    return found


def _task(connection: Connection, task: Any) -> Seen:
    state, message = exchange.text_at(task, "status"), exchange.text_at(task, "errorMessage")
    post_id = _number(exchange.text_at(task, "jobPosting"))
    said = dict(task) if isinstance(task, Mapping) else {}
    if state == "SUCCEEDED":
        return Seen("live", post_id, view_url(connection, post_id), answer=said)
    if state == "FAILED":
        if found := EXISTING.search(message):
            return Seen("live", found[1], view_url(connection, found[1]), answer=said)
        retryable = bool(TEMPORARY.search(message))
        return Seen("refused", message=message, retryable=retryable, answer=said)
    if state in ("IN_PROGRESS", "PROCESSED"):
        return Seen("pending", message=message, answer=said)
    return Seen("absent", answer=said)


def look(connection: Connection, external_id: str, _post_id: str = "") -> Seen:
    """Ask for a posting by our id (§7)."""
    answer = _get(connection, "status", [external_id])
    results = answer.get("results")
    found = results.get(external_id) if isinstance(results, Mapping) else None
    if not isinstance(found, Mapping):
        return Seen("absent")
    post_id = _number(exchange.text_at(found, "jobPostingInfo.urn"))
    detail = exchange.text_at(found, "listingStatusDetail")
    said, state = dict(found), exchange.text_at(found, "listingStatus")
    if state == "LISTED":
        url = exchange.text_at(found, "jobPostingUrl") or view_url(connection, post_id)
        return Seen("live", post_id, url, answer=said)
    return Seen(
        "pending" if state == "IN_PROGRESS" else "refused", post_id, message=detail, answer=said
    )


def probe(connection: Connection) -> str:
    """Ask for a posting that is surely not there (§7)."""
    response = exchange.call(
        connection,
        "GET",
        _path(connection, "status"),
        idempotent=True,
        params={"ids": ["jobly-connection-test"]},
        headers=_headers(connection),
    )
    if response.status_code == requests.codes.forbidden:
        raise CredentialsRefused("LinkedIn does not let this app ask for postings (403).")
    if response.status_code != requests.codes.not_found:
        exchange.check(response, idempotent=True)
    return f"LinkedIn answers and takes the token ({response.status_code})."


def view_url(connection: Connection, post_id: str) -> str:
    """Return the public address of a posting."""
    return str(connection.options["view_url"]).replace("{id}", post_id) if post_id else ""


def _get(connection: Connection, path: str, ids: Sequence[str]) -> dict[str, Any]:
    response = exchange.call(
        connection,
        "GET",
        _path(connection, path),
        idempotent=True,
        params={"ids": list(ids)},
        headers=_headers(connection),
    )
    exchange.check(response, idempotent=True)
    return exchange.json_of(response, idempotent=True)


def _headers(connection: Connection) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {connection.token}"}
    if connection.options["flavour"] != V2:
        headers["LinkedIn-Version"] = str(connection.options["version"])
    return headers


def _path(connection: Connection, name: str) -> str:
    """Return a path in the flavour the app was given: versioned below /rest/, older below /v2/."""
    path = connection.path(name)
    if connection.options["flavour"] == V2 and path.startswith(f"/{REST}/"):
        return f"/{V2}/{path.removeprefix(f'/{REST}/')}"
    return path


def _number(urn: str) -> str:
    return urn.rpartition(":")[2]
