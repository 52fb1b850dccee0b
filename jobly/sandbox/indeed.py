"""Indeed: OAuth and the Job Sync API, as far as GraphQL field names and variables go.

A request is told by the names of the fields it asks for. Answers carry every field the contract
names, asked for or not.
"""

import json
import re
import sqlite3
from typing import Any, Final

from jobly.sandbox import checks, faults, posts, store, tokens
from jobly.sandbox import indeed_rules as rules
from jobly.sandbox.faults import Drawn, Fault
from jobly.sandbox.store import Call
from jobly.sandbox.wire import Refused, Response, as_json

TOKEN_LIFETIME: Final = 3600
BATCH: Final = 100
DISPOSITIONS: Final = 25
SCOPE: Final = "employer_access"
EMPLOYER_JOB: Final = "iri://apis.indeed.com/EmployerJob/"
JOB_POST: Final = "iri://apis.indeed.com/JobPost/"
CREATE: Final = "createSourcedJobPostings"
TELL: Final = "partnerDisposition"
EXPIRE: Final = "expireSourcedJobsBySourcedPostingId"
#: A field with its first argument: `field(name: $variable` or `field(name: literal`.
ARGUMENT: Final = r"\b%s\s*\(\s*%s\s*:\s*(?:\$(?P<variable>\w+)|(?P<literal>\"[^\"]*\"|\[[^\]]*\]))"
TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
#: What an unescaped quote leaves behind once every text is emptied.
BROKEN: Final = re.compile(r'\w""|""\w')
Error = dict[str, Any]


def answer(call: Call) -> Response:
    """Answer one request to Indeed."""
    if call.path not in {"oauth/v2/tokens", "graphql"}:
        return as_json(404, {"message": "no Route matched with those values"})
    if call.request.method != "POST":
        return as_json(405, {"message": "only POST is supported"}, ("Allow", "POST"))
    return _token(call) if call.path == "oauth/v2/tokens" else _graphql(call)


def _token(call: Call) -> Response:
    fields = call.request.form()
    client, secret = fields.get("client_id", ""), fields.get("client_secret", "")
    scopes, refusal = fields.get("scope", "").split(), ""
    if fields.get("grant_type") != "client_credentials":
        refusal = "invalid_request" if "grant_type" not in fields else "unsupported_grant_type"
    elif not tokens.good(client, secret):
        refusal = "invalid_client"
    elif SCOPE not in scopes:
        refusal = "invalid_scope"
    if refusal:
        store.record(call, "auth", outcome=refusal)
        status = 401 if refusal == "invalid_client" else 400
        return as_json(status, {"error": refusal, "error_description": f"{refusal} refused"})
    scope = " ".join(scopes)
    token, seconds = tokens.issue(call, client, scope, TOKEN_LIFETIME)
    said = {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": scope}
    return as_json(200, said)


def _error(code: str, message: str, path: list[Any] | None = None) -> Error:
    kind = "ValidationError" if code == "BAD_USER_INPUT" else "ExecutionAborted"
    return {
        "message": message,
        "path": path or [],
        "extensions": {"code": code, "classification": kind},
    }


def _errors(*errors: Error, data: Any = None, status: int = 200) -> Response:
    return as_json(status, {"data": data, "errors": list(errors)})


def _graphql(call: Call) -> Response:
    grant = _grant(call)
    body = checks.load(call.request.body)
    query, variables = checks.at(body, "query"), checks.at(body, "variables") or {}
    if not isinstance(query, str) or not isinstance(variables, dict):
        return _errors(_error("BAD_REQUEST", "a JSON object with a query is required"))
    bare = TEXT.sub('""', query)
    if bare.count('"') % 2 or BROKEN.search(bare) or not _balanced(bare):
        return _errors(_error("GRAPHQL_PARSE_FAILED", "Syntax Error: unexpected token"))
    for name, take in ((CREATE, _create_all), (EXPIRE, _expire_all), (TELL, _dispositions)):
        if re.search(rf"\b{name}\b", bare):
            return take(call, grant, query, variables)
    for field, argument in (("nodes", "ids"), ("node", "id")):
        if re.search(rf"\b{field}\s*\(", bare):
            return _nodes(call, grant, query, _argument(query, variables, field, argument))
    return _errors(_error("GRAPHQL_VALIDATION_FAILED", "Cannot query a field of that name"))


def _grant(call: Call) -> tokens.Grant:
    grant = tokens.grant(call)
    if grant.state != "good":
        known = grant.state in {"missing", "expired"}
        code = "FORBIDDEN" if known else "UNAUTHENTICATED"
        store.record(call, "refused", outcome=code)
        message = "Client is not authorized" if known else "The token is not valid"
        raise Refused(_errors(_error(code, message)))
    return grant


def _balanced(query: str) -> bool:
    """Tell whether every bracket closes, which an unescaped text inside a query breaks."""
    pairs, opened = {")": "(", "}": "{", "]": "["}, []
    for letter in query:
        if letter in "({[":
            opened.append(letter)
        elif letter in pairs and (not opened or opened.pop() != pairs[letter]):
            return False
    return not opened and "{" in query


def _dispositions(call: Call, _: tokens.Grant, __: str, variables: dict[str, Any]) -> Response:
    """Take how applications went on, at most 25 at once; a wrong one is named, the others count."""
    items = checks.at(variables, "input.dispositions")
    if not isinstance(items, list) or not 0 < len(items) <= DISPOSITIONS:
        message = f"dispositions must be 1 to {DISPOSITIONS}, given as a variable"
        return _errors(_error("BAD_USER_INPUT", message))
    failed = [
        {"identifiedBy": checks.at(item, "identifiedBy"), "rationale": why}
        for item in items
        if (why := rules.wrong_disposition(item))
    ]
    for item in items:
        name = checks.text(checks.at(item, "identifiedBy.alternateIdentifier.jobIdentifier"))
        outcome = rules.wrong_disposition(item) or checks.text(item.get("dispositionStatus"))
        store.record(call, "disposition", external_id=name, outcome=outcome)
    said = {"numberGoodDispositions": len(items) - len(failed), "failedDispositions": failed}
    return as_json(200, {"data": {"partnerDisposition": {"send": said}}})


def _argument(query: str, variables: dict[str, Any], field: str, argument: str) -> Any:
    """Return the value of a field's first argument, from the variables or the query itself."""
    found = re.search(ARGUMENT % (field, argument), query)
    if not found:
        return None
    name = found["variable"]
    return variables.get(name) if name else checks.load(found["literal"].encode())


def _wrap(query: str, field: str, results: list[Any]) -> dict[str, Any]:
    """Answer in the shape of the question: below jobsIngest, or at the top as older clients ask."""
    said = {field: {"results": results}}
    return {"jobsIngest": said} if "jobsIngest" in query else said


def _create_all(call: Call, grant: tokens.Grant, query: str, variables: dict[str, Any]) -> Response:
    """Upsert postings: the result of each, and an error for each that was refused."""
    wait = faults.over_limit(call, grant.client)
    if wait:
        store.record(call, "refused", outcome="429 limit")
        return faults.too_many({"errors": [_error("RATE_LIMITED", "Too many requests")]}, wait)
    rows = checks.at(_argument(query, variables, CREATE, "input"), "jobPostings")
    if not isinstance(rows, list) or not 0 < len(rows) <= BATCH:
        message = f"input.jobPostings must be a list of 1 to {BATCH}, given as a variable"
        return _errors(_error("BAD_USER_INPUT", message))
    names = [checks.text(checks.at(row, "metadata.jobPostingId")) for row in rows]
    sources = [checks.at(row, "metadata.jobSource.sourceName") for row in rows]
    keys = list(zip(names, sources, strict=True))
    if len({json.dumps(key) for key in keys}) < len(keys):
        return _errors(_error("BAD_USER_INPUT", "duplicate entries in one request"))
    drawn = faults.draw(call, [name for name in dict.fromkeys(names) if name])
    if drawn.call and drawn.call.kind in faults.BEFORE:
        return _refuse(call, grant, drawn.call, names)
    return _upsert_all(call, grant, query, rows, drawn)


def _refuse(call: Call, grant: tokens.Grant, fault: Fault, names: list[str]) -> Response:
    """Fail a call before anything of it is accepted."""
    for name in names:
        store.record(call, "refused", external_id=name, outcome=fault.kind)
    if fault.kind == "revoke_token":
        tokens.revoke(call, grant.token)
        return _errors(_error("UNAUTHENTICATED", "The token is not valid"))
    if fault.kind == "429":
        return faults.too_many({"errors": [_error("RATE_LIMITED", "Too many requests")]}, 1)
    return _errors(_error("INTERNAL_SERVER_ERROR", "try later"), status=int(fault.kind))


def _upsert_all(
    call: Call, grant: tokens.Grant, query: str, rows: list[Any], drawn: Drawn
) -> Response:
    results: list[Any] = []
    errors: list[Error] = []
    for place, row in enumerate(rows):
        name = checks.text(checks.at(row, "metadata.jobPostingId"))
        found = rules.problems(row)
        for path, message in found:
            at = ["jobsIngest", CREATE, "results", place, "jobPosting"]
            errors.append(_error("BAD_USER_INPUT", f"jobPostings[{place}].{path} {message}", at))
        if found:
            outcome = f"BAD_USER_INPUT {found[0][0]}"
            store.record(call, "refused", external_id=name, outcome=outcome)
            results.append({"jobPosting": None})
        else:
            post_id = _upsert(call, grant.client, row, drawn.on(name))
            ids = {"sourcedPostingId": post_id, "employerJobId": EMPLOYER_JOB + post_id}
            results.append({"jobPosting": ids})
    data = _wrap(query, CREATE, results)
    said = _errors(*errors, data=data) if errors else as_json(200, {"data": data})
    broken = _errors(_error("INTERNAL_SERVER_ERROR", "try later"), status=500)
    return faults.spoil(said, drawn.call, broken)


def _upsert(call: Call, client: str, posting: dict[str, Any], fault: Fault | None) -> str:
    """Create, update or bring back one posting; the key keeps its id."""
    draft = _draft(posting)
    row = posts.find(call, client, draft.external_id, draft.scope)
    if row is None:
        return str(posts.create(call, client, draft, fault)["post_id"])
    live = posts.is_live(row, call.now)
    op = "update" if live else "create" if row["state"] == "rejected" else "renew"
    return str(posts.put(call, row["post_id"], draft, fault, op=op)["post_id"])


def _draft(posting: dict[str, Any]) -> posts.Draft:
    body, metadata = posting["body"], posting["metadata"]
    place = (checks.at(body, "location.cityRegionPostal"), checks.at(body, "location.country"))
    return posts.Draft(
        external_id=checks.text(metadata["jobPostingId"]),
        title=body["title"],
        company=metadata["jobSource"]["companyName"],
        location=", ".join(str(part) for part in place if part),
        description=body["description"],
        apply_url=metadata["url"],
        pay=_pay(body.get("salary")),
        scope=metadata["jobSource"]["sourceName"],
    )


def _pay(salary: Any) -> str:
    if not salary:
        return ""
    ends = [salary["minimumMinor"], salary.get("maximumMinor")]
    numbers = " to ".join(str(end) for end in ends if end)
    return f"{numbers} minor units of {salary['currency']} a {salary['period'].lower()}"


def _expire_all(call: Call, grant: tokens.Grant, query: str, variables: dict[str, Any]) -> Response:
    """Take postings down by sourcedPostingId."""
    rows = checks.at(_argument(query, variables, EXPIRE, "input"), "jobs")
    if not isinstance(rows, list) or not rows:
        return _errors(_error("BAD_USER_INPUT", "input.jobs must be a list, given as a variable"))
    results: list[Any] = []
    errors: list[Error] = []
    for place, job in enumerate(rows):
        post_id = checks.text(checks.at(job, "sourcedPostingId"))
        row = posts.get(call.db, call.board, post_id)
        if row is None or row["client"] != grant.client:
            at = ["jobsIngest", EXPIRE, "results", place]
            errors.append(_error("NOT_FOUND", f"no sourced posting {post_id}", at))
            store.record(call, "refused", post_id=post_id, outcome="NOT_FOUND")
            results.append(None)
            continue
        if posts.is_live(row, call.now):
            posts.close(call, row)
        given = {"sourcedPostingId": post_id}
        results.append({"trackingKey": f"expire-{post_id}", "inputData": given})
    data = _wrap(query, EXPIRE, results)
    return _errors(*errors, data=data) if errors else as_json(200, {"data": data})


def _nodes(call: Call, grant: tokens.Grant, query: str, ids: Any) -> Response:
    """Say how postings stand, by employerJobId."""
    several = isinstance(ids, list)
    found = [_node(call, grant, query, node_id) for node_id in (ids if several else [ids])]
    data = {"nodes": found} if several else {"node": found[0]}
    if None in found:
        return _errors(_error("NOT_FOUND", "no such node", list(data)), data=data)
    return as_json(200, {"data": data})


def _node(call: Call, grant: tokens.Grant, query: str, node_id: Any) -> dict[str, Any] | None:
    post_id = str(node_id).removeprefix(EMPLOYER_JOB)
    row = posts.get(call.db, call.board, post_id) if post_id != node_id else None
    if row is None or row["client"] != grant.client:
        return None
    job_post = {"id": JOB_POST + post_id, "status": _status(call, row)}
    seats = {"seats": [{"jobPost": job_post}]}
    said = {
        "id": node_id,
        "__typename": "EmployerJob",
        "managementUrls": {"viewJob": posts.url(call.base_url, row)},
    }
    return said | ({"seatsConnection": seats} if "seatsConnection" in query else seats)


def _status(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    """Return a posting's status; review hides for a while what it will reject."""
    pending = call.now < row["visible_at"] and row["state"] != "closed"
    stage = "ACTIVE" if posts.is_live(row, call.now) else "INACTIVE"
    surface = {
        "isRejected": not pending and row["state"] == "rejected",
        "isSponsorshipRequired": False,
        "isMissingRequiredSponsorship": False,
    }
    stage = "PENDING" if pending else stage
    return {
        "globalStatus": {"lifecycleStatus": stage, "isIndeedApplyActive": False},
        "surfaceStatuses": [surface],
    }
