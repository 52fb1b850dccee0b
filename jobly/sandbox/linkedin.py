"""LinkedIn: OAuth, simpleJobPostings with its asynchronous tasks, and the live status."""

import re
import sqlite3
import uuid
from collections import Counter
from typing import Any, Final
from urllib.parse import quote

from jobly.sandbox import checks, faults, posts, store, tokens
from jobly.sandbox import linkedin_rules as rules
from jobly.sandbox.faults import Drawn, Fault
from jobly.sandbox.store import Call
from jobly.sandbox.wire import Refused, Request, Response, as_json

TOKEN_LIFETIME: Final = 1800
BATCH: Final = 100
QUERY_LIMIT: Final = 4096
BASIC_LIFE: Final = 180 * 86_400.0
RENEWAL: Final = 30 * 86_400.0
TASK_URN: Final = "urn:li:simpleJobPostingTask:"
VERSION: Final = re.compile(r"20\d{4}(\.\d{2})?")
FAILED: Final = "The job was taken down by our review: low quality content."
#: What the name of a contract makes of a call.
CONTRACTS: Final = (
    ("spent", 402, "No job slots left under this contract"),
    ("foreign", 403, "Not enough permissions to access: this contract is not yours"),
)
TOKEN_ERRORS: Final = {
    "expired": (65602, "The token used in the request has expired"),
    "revoked": (65600, "The token has been revoked by the user"),
}


def answer(call: Call) -> Response:
    """Answer one request to LinkedIn."""
    flavour, _, resource = call.path.partition("/")
    if call.path == "oauth/v2/accessToken" and call.request.method == "POST":
        return _token(call)
    routes = {
        ("POST", "simpleJobPostings"): _submit,
        ("GET", "simpleJobPostingTasks"): _tasks,
        ("GET", "jobPostingStatus"): _statuses,
    }
    route = routes.get((call.request.method, resource))
    if route is None or flavour not in {"rest", "v2"}:
        return _error(404, f"Resource {call.path} does not exist")
    grant = _grant(call)
    if flavour == "rest" and not VERSION.fullmatch(_header(call, "linkedin-version")):
        return _error(400, "A version must be present. Please specify a LinkedIn-Version header")
    if call.request.method == "GET" and len(call.request.raw_query) > QUERY_LIMIT:
        return _error(414, "Request-URI Too Long")
    return route(call, grant)


def _header(call: Call, name: str) -> str:
    return call.request.headers.get(name, "")


def _error(status: int, message: str, **more: Any) -> Response:
    return as_json(status, {**more, "message": message, "status": status})


def _token(call: Call) -> Response:
    fields = call.request.form()
    client, secret = fields.get("client_id", ""), fields.get("client_secret", "")
    if fields.get("grant_type") != "client_credentials" or not client or not secret:
        store.record(call, "auth", outcome="invalid_request")
        message = "grant_type, client_id and client_secret are required"
        return as_json(400, {"error": "invalid_request", "error_description": message})
    if not tokens.good(client, secret):
        store.record(call, "auth", outcome="invalid_client_id")
        message = "Client authentication failed"
        return as_json(401, {"error": "invalid_client_id", "error_description": message})
    token, seconds = tokens.issue(call, client, "", TOKEN_LIFETIME)
    return as_json(200, {"access_token": token, "expires_in": str(seconds)})


def _grant(call: Call) -> tokens.Grant:
    grant = tokens.grant(call)
    if grant.state != "good":
        code, message = TOKEN_ERRORS.get(grant.state, (65600, "Invalid access token"))
        if call.request.method == "POST":
            store.record(call, "refused", outcome=f"401 {code}")
        raise Refused(_error(401, message, serviceErrorCode=code))
    return grant


def _submit(call: Call, grant: tokens.Grant) -> Response:
    wait = faults.over_limit(call, grant.client)
    if wait:
        store.record(call, "refused", outcome="429 limit")
        return faults.too_many(_throttled(), wait)
    elements = _elements(call)
    _charge(call, elements)
    creating = [_name(e) for e in elements if _is_create(e)]
    drawn = faults.draw(call, list(dict.fromkeys(creating)))
    if drawn.call and drawn.call.kind in faults.BEFORE:
        return _refuse(call, grant, drawn.call, creating)
    results = _accept(call, grant.client, elements, drawn)
    statuses = [int(result["status"]) for result in results]
    if set(statuses) == {409}:
        return _error(409, results[0]["error"]["message"])
    if call.path.startswith("v2/"):
        # LinkedIn's own description of v2 types the status as a string.
        results = [{**result, "status": str(result["status"])} for result in results]
    error = _error(500, "Internal Server Error")
    return faults.spoil(as_json(200, {"elements": results}), drawn.call, error)


def _elements(call: Call) -> list[Any]:
    """Return the elements of a batch, or refuse the whole call."""
    if _header(call, "x-restli-method").lower() != "batch_create":
        message = "Not enough permissions to access: POST /simpleJobPostings"
        raise Refused(_error(403, message, serviceErrorCode=100))
    elements = checks.at(checks.load(call.request.body), "elements")
    if not isinstance(elements, list) or not elements:
        raise Refused(_error(400, "elements must be a non-empty array"))
    if len(elements) > BATCH:
        raise Refused(_error(400, f"batch size {len(elements)} exceeds {BATCH}"))
    if any(checks.is_number(checks.at(element, "externalJobPostingId")) for element in elements):
        raise Refused(_error(500, "Internal Server Error"))  # as LinkedIn does for a number there
    return elements


def _charge(call: Call, elements: list[Any]) -> None:
    """Refuse a call whose contract is spent or somebody else's, told by its name."""
    contracts = [checks.text(checks.at(element, "contract")) for element in elements]
    for word, status, message in CONTRACTS:
        if any(word in contract for contract in contracts):
            store.record(call, "refused", external_id=_name(elements[0]), outcome=str(status))
            raise Refused(_error(status, message))


def _is_create(element: Any) -> bool:
    return bool(_name(element)) and element.get("jobPostingOperationType") == "CREATE"


def _name(element: Any) -> str:
    return checks.text(checks.at(element, "externalJobPostingId"))


def _throttled() -> dict[str, Any]:
    message = "Resource level throttle APPLICATION DAY limit for calls to this resource is reached."
    return {"message": message, "status": 429}


def _refuse(call: Call, grant: tokens.Grant, fault: Fault, creating: list[str]) -> Response:
    """Fail a call before anything of it is accepted."""
    for external_id in creating:
        store.record(call, "refused", external_id=external_id, outcome=fault.kind)
    if fault.kind == "revoke_token":
        tokens.revoke(call, grant.token)
        code, message = TOKEN_ERRORS["revoked"]
        return _error(401, message, serviceErrorCode=code)
    if fault.kind == "429":
        return faults.too_many(_throttled(), 1)
    return _error(int(fault.kind), "Internal Server Error")


def _accept(call: Call, client: str, elements: list[Any], drawn: Drawn) -> list[dict[str, Any]]:
    """Walk a batch: a refusal or a task for every element, in order."""
    names = Counter(_name(e) for e in elements)
    results = []
    for element in elements:
        found = rules.problems(element, call.now)
        name = _name(element)
        if name and names[name] > 1:
            message = "more than one update of the same job in a batch"
            found.append(rules.Problem(400, "/externalJobPostingId", message))
        if found:
            status, message = rules.status_of(found), rules.message_of(found)
            outcome = f"{status} {found[0].path}"
            store.record(call, "refused", external_id=name, outcome=outcome)
            results.append(_refused(status, message))
        else:
            results.append(_operate(call, client, element, drawn.on(name)))
    return results


def _refused(status: int, message: str) -> dict[str, Any]:
    return {"status": status, "error": {"status": status, "message": message}}


def _operate(
    call: Call, client: str, element: dict[str, Any], fault: Fault | None
) -> dict[str, Any]:
    """Carry out one valid element; the client hears of it by the task only."""
    operation, name = element["jobPostingOperationType"], _name(element)
    row = posts.find(call, client, name)
    if operation == "CREATE":
        return _create(call, client, element, fault)
    if operation == "CLOSE":
        if row is None or not posts.is_live(row, call.now):
            store.record(call, "refused", external_id=name, outcome="409 not open")
            return _refused(409, "Cannot close job which is already closed or does not exist")
        posts.close(call, row)
        return _task(call, client, name, post_id=row["post_id"])
    if row is None or (operation == "UPDATE" and not posts.is_live(row, call.now)):
        error = f"Operation type {operation} is not allowed for a non-existing job"
        store.record(call, "refused", external_id=name, outcome="not existing")
        return _task(call, client, name, error=error)
    ends = call.now + RENEWAL if operation == "RENEW" else row["expires_at"]
    again = "update" if posts.is_live(row, call.now) and operation == "UPDATE" else "renew"
    posts.put(call, row["post_id"], _draft(element, ends), None, op=again)
    return _task(call, client, name, post_id=row["post_id"])


def _create(
    call: Call, client: str, element: dict[str, Any], fault: Fault | None
) -> dict[str, Any]:
    name = _name(element)
    outcome, error = _objection(call, client, element, fault)
    if error:
        store.record(call, "refused", external_id=name, outcome=outcome)
        return _task(call, client, name, error=error)
    ends = element.get("expireAt")
    draft = _draft(element, ends / 1000 if ends else call.now + BASIC_LIFE)
    row = posts.create(call, client, draft, fault)
    return _task(call, client, name, post_id=row["post_id"])


def _objection(
    call: Call, client: str, element: dict[str, Any], fault: Fault | None
) -> tuple[str, str]:
    """Return why a CREATE will fail, as the ledger says it and as the task does; "" if it won't."""
    row = posts.find(call, client, _name(element))
    if row is not None:
        known = "A job with the same partnerIdentifier already exists."
        return "duplicate", f"{known} LinkedIn job id: {row['post_id']}"
    if not rules.location_fits(element):
        block = "[JOB_FIELD_PROCESSOR_STANDARDIZED_LOCATION]"
        return "location", f"{block} The location cannot be standardized"
    if fault and fault.kind == "async_fail":
        return fault.kind, fault.message or FAILED
    return "", ""


def _draft(element: dict[str, Any], expires_at: float) -> posts.Draft:
    company = element.get("companyName") or element.get("integrationContext")
    return posts.Draft(
        external_id=_name(element),
        title=element["title"],
        company=str(company or element.get("companyPageUrl")),
        location=element["location"],
        description=element["description"],
        apply_url=element["companyApplyUrl"],
        expires_at=expires_at,
    )


def _task(
    call: Call, client: str, external_id: str, *, post_id: str = "", error: str = ""
) -> dict[str, Any]:
    urn = f"{TASK_URN}{uuid.uuid4()}"
    call.db.execute(
        "INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?)",
        (urn, client, external_id, post_id, call.now + call.delay, error),
    )
    return {"id": urn, "status": 202, "location": f"/simpleJobPostings/{quote(urn, safe='')}"}


def _batch(request: Request) -> list[str]:
    return [name for name in request.query("ids") if name]


def _tasks(call: Call, grant: tokens.Grant) -> Response:
    """Say how far tasks are."""
    names = _batch(call.request)
    if not names or not all(name.startswith(TASK_URN) for name in names):
        return _error(400, "Batch key parameter value is invalid")
    found = {}
    for name in names:
        row = call.db.execute(
            "SELECT * FROM tasks WHERE urn = ? AND client = ?", (name, grant.client)
        ).fetchone()
        if row:
            found[name] = _task_state(call, row)
    return _batch_answer(names, found)


def _task_state(call: Call, task: sqlite3.Row) -> dict[str, Any]:
    said = {"id": task["urn"], "externalJobPostingId": task["external_id"]}
    post = posts.get(call.db, call.board, task["post_id"])
    if call.now < task["ready_at"] or (post and posts.is_late(post, call.now)):
        return {**said, "status": "IN_PROGRESS"}
    if task["error"]:
        return {**said, "status": "FAILED", "errorMessage": task["error"]}
    return {**said, "status": "SUCCEEDED", "jobPosting": f"urn:li:jobPosting:{task['post_id']}"}


def _statuses(call: Call, grant: tokens.Grant) -> Response:
    """Say what is live, by the client's own ids."""
    names = _batch(call.request)
    if not names:
        return _error(400, "Batch key parameter value is invalid")
    found = {}
    for name in names:
        row = posts.find(call, grant.client, name)
        if row is not None and not posts.is_late(row, call.now):
            found[name] = _listing(call, row)
    return _batch_answer(names, found)


def _listing(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    said = {
        "externalJobPostingId": row["external_id"],
        "jobPostingInfo": {"urn": f"urn:li:jobPosting:{row['post_id']}"},
        "linkedInApplyStatus": "NOT_ENABLED",
        "promotionStatus": "NOT_PROMOTED",
    }
    if not posts.is_live(row, call.now):
        return {**said, "listingStatus": "NOT_LISTED", "listingStatusDetail": "Closed or expired"}
    if not posts.is_visible(row, call.now):
        return {**said, "listingStatus": "IN_PROGRESS"}
    return {**said, "listingStatus": "LISTED", "jobPostingUrl": posts.url(call.base_url, row)}


def _batch_answer(names: list[str], found: dict[str, Any]) -> Response:
    missing = {n: {"status": 404, "message": f"{n} not found"} for n in names if n not in found}
    statuses = dict.fromkeys(found, 200) | dict.fromkeys(missing, 404)
    return as_json(200, {"results": found, "statuses": statuses, "errors": missing})
