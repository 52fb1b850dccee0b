"""Glassdoor: no public API exists, so this is the generic REST contract our channel is made for."""

import sqlite3
from typing import Any, Final

from jobly.sandbox import checks, faults, posts, store, tokens
from jobly.sandbox.faults import Fault
from jobly.sandbox.store import Call
from jobly.sandbox.wire import Refused, Response, as_json

ROOT: Final = "api/employer/jobs"
TITLE_MAX: Final = 100
MESSAGES: Final = {
    "400": "bad request",
    "401": "unknown partner or key",
    "404": "no such job",
    "405": "method not allowed",
    "422": "validation failed",
    "429": "too many requests",
    "500": "internal error",
    "503": "down for maintenance",
}


def answer(call: Call) -> Response:
    """Answer one request to Glassdoor."""
    if call.path != ROOT and not call.path.startswith(f"{ROOT}/"):
        return _error("404")
    post_id = call.path.removeprefix(ROOT).strip("/")
    partner = _partner(call)
    routes = {
        ("POST", False): _create,
        ("GET", False): _search,
        ("GET", True): _read,
        ("PUT", True): _replace,
        ("DELETE", True): _delete,
    }
    route = routes.get((call.request.method, bool(post_id)))
    return route(call, partner, post_id) if route else _error("405")


def _error(status: str, **more: Any) -> Response:
    return as_json(int(status), {"error": MESSAGES[status], **more})


def _partner(call: Call) -> str:
    partner = call.request.headers.get("x-partner-id", "")
    if not tokens.good(partner, call.request.headers.get("x-api-key", "")):
        if call.request.method != "GET":
            store.record(call, "refused", outcome="401")
        raise Refused(_error("401"))
    return partner


def _create(call: Call, partner: str, _: str) -> Response:
    """Make a posting; a repeated Idempotency-Key gets the first answer again and makes none."""
    wait = faults.over_limit(call, partner)
    if wait:
        store.record(call, "refused", outcome="429 limit")
        return faults.too_many({"error": MESSAGES["429"]}, wait)
    body = checks.load(call.request.body)
    name = _reference(body)
    fault = faults.draw(call, [name] if name else []).on(name)
    if fault and fault.kind in faults.BEFORE:
        store.record(call, "refused", external_id=name, outcome=fault.kind)
        return _refuse(fault)
    _validate(call, body, name)
    post_id = _known(call, partner)
    if post_id:
        outcome = "replayed"
        store.record(call, "refused", external_id=name, post_id=post_id, outcome=outcome)
    else:
        post_id = _make(call, partner, _draft(body), fault)
    said = as_json(201, _said(call, posts.get(call.db, call.board, post_id)))
    return faults.spoil(said, fault, _error("500"))


def _refuse(fault: Fault) -> Response:
    if fault.kind == "429":
        return faults.too_many({"error": MESSAGES["429"]}, 1)
    return _error("401" if fault.kind == "revoke_token" else fault.kind)


def _known(call: Call, partner: str) -> str:
    """Return the posting an Idempotency-Key has made already, or ""."""
    key = call.request.headers.get("idempotency-key", "")
    row = call.db.execute(
        "SELECT post_id FROM replays WHERE client = ? AND key = ?", (partner, key)
    ).fetchone()
    return str(row["post_id"]) if row and key else ""


def _make(call: Call, partner: str, draft: posts.Draft, fault: Fault | None) -> str:
    row = posts.create(call, partner, draft, fault)
    key = call.request.headers.get("idempotency-key", "")
    if key:
        call.db.execute("INSERT INTO replays VALUES (?, ?, ?)", (partner, key, row["post_id"]))
    return str(row["post_id"])


def _validate(call: Call, body: Any, name: str) -> None:
    """Refuse a body that lacks something, naming every field."""
    if not isinstance(body, dict):
        store.record(call, "refused", external_id=name, outcome="400")
        raise Refused(_error("400"))
    fields = {path: "required" for path in ("jobTitle", "location") if not _filled(body, path)}
    if len(checks.text(body.get("jobTitle"))) > TITLE_MAX:
        fields["jobTitle"] = f"longer than {TITLE_MAX} characters"
    for path in ("salaryMin", "salaryMax"):
        if not checks.is_number(body.get(path)) or body[path] < 0:
            fields[path] = "required, a number"
    if not fields and body["salaryMax"] < body["salaryMin"]:
        fields["salaryMax"] = "less than salaryMin"
    if fields:
        outcome = f"422 {next(iter(fields))}"
        store.record(call, "refused", external_id=name, outcome=outcome)
        raise Refused(_error("422", fields=fields))


def _reference(body: Any) -> str:
    """Return the client's own id, by either name it goes by."""
    either = checks.at(body, "externalReference") or checks.at(body, "reference")
    return checks.text(either)


def _filled(body: dict[str, Any], path: str) -> bool:
    return bool(checks.text(body.get(path)))


def _draft(body: dict[str, Any]) -> posts.Draft:
    currency = checks.text(body.get("salaryCurrency"))
    return posts.Draft(
        external_id=_reference(body),
        title=body["jobTitle"],
        company=checks.text(body.get("employer") or body.get("company")),
        location=body["location"],
        description=checks.text(body.get("description")),
        apply_url=checks.text(body.get("applyUrl") or body.get("url")),
        pay=f"{body['salaryMin']} to {body['salaryMax']} {currency}".strip(),
    )


def _said(call: Call, row: sqlite3.Row | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {
        "id": row["post_id"],
        "externalReference": row["external_id"],
        "reference": row["external_id"],
        "jobTitle": row["title"],
        "status": "active" if row["state"] == "live" else row["state"],
        "url": posts.url(call.base_url, row),
    }


def _own(call: Call, partner: str, post_id: str) -> sqlite3.Row:
    """Return a posting of this partner that is not gone, or answer 404."""
    row = posts.get(call.db, call.board, post_id)
    if row is None or row["client"] != partner or row["state"] == "closed":
        raise Refused(_error("404"))
    return row


def _read(call: Call, partner: str, post_id: str) -> Response:
    row = _own(call, partner, post_id)
    return _error("404") if posts.is_late(row, call.now) else as_json(200, _said(call, row))


def _search(call: Call, partner: str, _: str) -> Response:
    """Return the partner's postings, or those of one reference: two if a blind retry made two."""
    wanted = call.request.query("reference")
    rows = posts.of_client(call, partner, wanted[-1] if wanted else "")
    return as_json(200, {"jobs": [_said(call, r) for r in rows if not posts.is_late(r, call.now)]})


def _replace(call: Call, partner: str, post_id: str) -> Response:
    row = _own(call, partner, post_id)
    body = checks.load(call.request.body)
    _validate(call, body, row["external_id"])
    draft = _draft({**body, "externalReference": row["external_id"]})
    return as_json(200, _said(call, posts.put(call, post_id, draft, None, op="update")))


def _delete(call: Call, partner: str, post_id: str) -> Response:
    posts.close(call, _own(call, partner, post_id))
    return Response(204)
