"""A receiver of webhooks: takes jobs that are signed as Standard Webhooks are, and shows them.

Source: https://github.com/standard-webhooks/standard-webhooks
"""

import hmac
from collections.abc import Callable
from typing import Any, Final

from jobly.sandbox import checks, faults, hooks, posts, store
from jobly.sandbox.faults import Fault
from jobly.sandbox.store import Call
from jobly.sandbox.wire import Refused, Response, as_json

#: The secret that this receiver shares with whoever practises.
SECRET: Final = "whsec_cHJhY3RpY2UtYm9hcmQtc2lnbmluZy1rZXk="  # noqa: S105 # no secret: it is told
#: Seconds by which the clock of a sender may differ.
SKEW: Final = 300
TITLE_MAX: Final = 200
#: Texts of a job that must be there.
REQUIRED: Final = ("title", "description", "location", "apply_url")
CLIENT: Final = "hook"


def answer(call: Call) -> Response:
    """Answer one request to the receiver; a path that ends in `gone` is gone for good."""
    if call.path.endswith("gone"):
        store.record(call, "refused", outcome="410")
        return as_json(410, {"error": "gone"})
    if call.request.method != "POST":
        return as_json(405, {"error": "only POST is supported"}, ("Allow", "POST"))
    event_id = _event_id(call)
    body = checks.load(call.request.body)
    kind, name = checks.text(checks.at(body, "type")), checks.text(checks.at(body, "data.id"))
    if kind == "ping":
        return as_json(200, {"status": "pong"})
    route = ROUTES.get(kind)
    if route is None or not name:
        store.record(call, "refused", external_id=name, outcome="400")
        return as_json(400, {"error": "type must be job.published, updated, renewed or closed"})
    return route(call, event_id, body["data"])


def _event_id(call: Call) -> str:
    """Return the id of an event whose signature holds, or answer 401."""
    headers = call.request.headers
    event_id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    fresh = moment.isdecimal() and abs(call.now - int(moment)) <= SKEW
    known = hooks.sign(SECRET, event_id, int(moment), call.request.body) if fresh else ""
    given = headers.get("webhook-signature", "").split()
    if not event_id or not any(known and hmac.compare_digest(known, text) for text in given):
        store.record(call, "refused", outcome="401 signature")
        raise Refused(as_json(401, {"error": "the signature does not hold"}))
    return event_id


def _publish(call: Call, event_id: str, job: dict[str, Any]) -> Response:
    """Show a job; the same event again gets the first answer and makes no second posting."""
    name = str(job["id"])
    wait = faults.over_limit(call, CLIENT)
    fault = None if wait else faults.draw(call, [name]).on(name)
    if wait or (fault and fault.kind in faults.BEFORE):
        outcome = fault.kind if fault else "429 limit"
        store.record(call, "refused", external_id=name, outcome=outcome)
        return _refuse(fault, wait)
    _validate(call, job)
    row = call.db.execute(
        "SELECT post_id FROM replays WHERE client = ? AND key = ?", (CLIENT, event_id)
    ).fetchone()
    if row:
        post_id = str(row["post_id"])
        store.record(call, "refused", external_id=name, post_id=post_id, outcome="replayed")
    else:
        post_id = str(posts.create(call, CLIENT, _draft(job), fault)["post_id"])
        call.db.execute("INSERT INTO replays VALUES (?, ?, ?)", (CLIENT, event_id, post_id))
    error = as_json(500, {"error": "internal error"})
    return faults.spoil(_said(call, post_id), fault, error)


def _refuse(fault: Fault | None, wait: int) -> Response:
    """Fail a call before anything of it is taken."""
    if wait or fault is None or fault.kind == "429":
        return faults.too_many({"error": "too many requests"}, wait or 1)
    status = 401 if fault.kind == "revoke_token" else int(fault.kind)
    return as_json(status, {"error": "try later"})


def _change(call: Call, event_id: str, job: dict[str, Any]) -> Response:
    return _put(call, event_id, job, "update")


def _renew(call: Call, event_id: str, job: dict[str, Any]) -> Response:
    return _put(call, event_id, job, "renew")


def _put(call: Call, event_id: str, job: dict[str, Any], op: str) -> Response:
    """Replace what is shown; an event that was seen before changes nothing."""
    row = posts.find(call, CLIENT, str(job["id"]))
    if row is None or row["state"] == "closed":
        store.record(call, "refused", external_id=str(job["id"]), outcome="404")
        return as_json(404, {"error": "no such job"})
    _validate(call, job)
    seen = "SELECT 1 FROM replays WHERE client = ? AND key = ?"
    if not call.db.execute(seen, (CLIENT, event_id)).fetchone():
        posts.put(call, row["post_id"], _draft(job), None, op=op)
        call.db.execute("INSERT INTO replays VALUES (?, ?, ?)", (CLIENT, event_id, row["post_id"]))
    return _said(call, str(row["post_id"]))


def _close(call: Call, _: str, job: dict[str, Any]) -> Response:
    """Take a job down; one that is not there is down already."""
    row = posts.find(call, CLIENT, str(job["id"]))
    if row is not None and row["state"] != "closed":
        posts.close(call, row)
    return as_json(200, {"status": "closed"})


def _validate(call: Call, job: dict[str, Any]) -> None:
    """Refuse a job that lacks something, naming every field."""
    fields = {name: "required" for name in REQUIRED if not checks.text(job.get(name))}
    if len(checks.text(job.get("title"))) > TITLE_MAX:
        fields["title"] = f"longer than {TITLE_MAX} characters"
    if "apply_url" not in fields and not checks.is_url(job["apply_url"]):
        fields["apply_url"] = "not a web address"
    if fields:
        outcome = f"422 {next(iter(fields))}"
        store.record(call, "refused", external_id=str(job["id"]), outcome=outcome)
        raise Refused(as_json(422, {"error": "validation failed", "fields": fields}))


def _draft(job: dict[str, Any]) -> posts.Draft:
    pay = job.get("salary") or {}
    ends = " to ".join(str(pay[end]) for end in ("min", "max") if pay.get(end))
    return posts.Draft(
        external_id=str(job["id"]),
        title=job["title"],
        company=checks.text(job.get("company")),
        location=job["location"],
        description=job["description"],
        apply_url=job["apply_url"],
        pay=f"{ends} {pay.get('currency', '')}".strip(),
    )


def _said(call: Call, post_id: str) -> Response:
    row = posts.get(call.db, call.board, post_id)
    address = posts.url(call.base_url, row) if row is not None else ""
    return as_json(200, {"id": post_id, "url": address, "status": "published"})


ROUTES: Final[dict[str, Callable[[Call, str, dict[str, Any]], Response]]] = {
    "job.published": _publish,
    "job.updated": _change,
    "job.renewed": _renew,
    "job.closed": _close,
}
