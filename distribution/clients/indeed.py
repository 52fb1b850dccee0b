"""Indeed Job Sync: one GraphQL address, upsert by source id (contracts/indeed.md)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import requests

from distribution.errors import BoardRefused, CredentialsRefused
from distribution.rules.answers import Order, Seen, Sent, Token
from distribution.rules.channels import Connection
from jobly.errors import AuthExpired, Unavailable, Unknown

from . import exchange, oauth

TOKEN_LIFETIME = timedelta(hours=1)
UPSERT = """mutation CreateSourcedJobPostings($input: CreateSourcedJobPostingsInput) {
  jobsIngest { createSourcedJobPostings(input: $input) {
    results { jobPosting { sourcedPostingId employerJobId } } } } }"""
EXPIRE = """mutation Expire($input: ExpireSourcedJobsBySourcedPostingIdInput!) {
  jobsIngest { expireSourcedJobsBySourcedPostingId(input: $input) {
    results { trackingKey } } } }"""
STATUS = """query Status($ids: [ID!]!) { nodes(ids: $ids) { ... on EmployerJob { id
  managementUrls { viewJob }
  seatsConnection { seats { jobPost { id status {
    globalStatus { lifecycleStatus isIndeedApplyActive }
    surfaceStatuses { isRejected isSponsorshipRequired isMissingRequiredSponsorship }
  } } } } } } }"""
DISPOSITIONS = """mutation Send($input: SendPartnerDispositionInput!) {
  partnerDisposition { send(input: $input) { numberGoodDispositions failedDispositions {
    identifiedBy { alternateIdentifier { jobIdentifier jobSeekerIdentifier } } rationale } } } }"""
DISPOSITIONS_A_CALL = 25  # §8
REFRESH = {"UNAUTHENTICATED", "FORBIDDEN"}  # §7: refresh once, then alarm
INPUT = {
    "BAD_USER_INPUT",
    "BAD_REQUEST",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "NOT_FOUND",
}


def fetch_token(connection: Connection) -> Token:
    """Fetch an employer's token, good for an hour (§2)."""
    target = str(connection.options["token_url"]) or connection.path("token")
    extra = {"scope": str(connection.options["scope"])}
    return oauth.client_credentials(connection, target, lifetime=TOKEN_LIFETIME, extra=extra)


def send(connection: Connection, order: Order) -> Sent:
    """Upsert or expire one posting; an upsert was received, not published (§4.2).

    Raises: BoardRefused, Throttled, AuthExpired, Unavailable, Unknown.
    """
    if order.op == "close":
        return _expire(connection, order)
    variables = {"input": {"jobPostings": [order.payload]}}
    data = _ask(connection, UPSERT, variables, safe=False)
    results = exchange.dig(data, "jobsIngest.createSourcedJobPostings.results")
    posting = exchange.dig(results[0], "jobPosting") if isinstance(results, list) else None
    if not isinstance(posting, Mapping):
        raise Unknown("Indeed's answer does not say what became of the job.")
    return Sent(
        "accepted",
        post_id=exchange.text_at(posting, "sourcedPostingId"),
        task_id=exchange.text_at(posting, "employerJobId"),
        answer=dict(posting),
    )


def _expire(connection: Connection, order: Order) -> Sent:
    """Take a posting down; one that Indeed does not know is down already (§5)."""
    variables = {"input": {"jobs": [{"sourcedPostingId": order.post_id}]}}
    _ask(connection, EXPIRE, variables, safe=True)
    return Sent("closed")


def poll(connection: Connection, task_ids: Sequence[str]) -> dict[str, Seen]:
    """Ask how postings stand, by their employerJobId (§6)."""
    data = _ask(connection, STATUS, {"ids": list(task_ids)}, safe=True)
    nodes = data.get("nodes")
    known = (
        {exchange.text_at(node, "id"): node for node in nodes if isinstance(node, Mapping)}
        if isinstance(nodes, list)
        else {}
    )
    return {task_id: _state(connection, known.get(task_id)) for task_id in task_ids}


def tell(connection: Connection, stages: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """Tell how applications go on, 25 a call and oldest first; how many were taken, and why not.

    Each is one item of `partnerDisposition.send` (§8). A repeat does no harm.
    Raises: AuthExpired, BoardRefused, Throttled, Unavailable.
    """
    taken, refused = 0, []
    items = sorted(stages, key=lambda item: str(item["statusChangeDateTime"]))
    for start in range(0, len(items), DISPOSITIONS_A_CALL):
        some = [dict(item) for item in items[start : start + DISPOSITIONS_A_CALL]]
        data = _ask(connection, DISPOSITIONS, {"input": {"dispositions": some}}, safe=True)
        said = exchange.dig(data, "partnerDisposition.send")
        good = exchange.text_at(said, "numberGoodDispositions")
        if not good.isdecimal():
            raise Unavailable("Indeed did not say what it took of the applicants' stages.")
        taken += int(good)
        failed = exchange.dig(said, "failedDispositions")
        refused += [exchange.text_at(one, "rationale") for one in failed or ()]
    return taken, refused


def probe(connection: Connection) -> str:
    """Ask for a job that is surely not there; that it is unknown shows that we are known."""
    _ask(connection, STATUS, {"ids": ["iri://apis.indeed.com/EmployerJob/none"]}, safe=True)
    return "Indeed answers and takes the token."


def look(_connection: Connection, _external_id: str, _post_id: str = "") -> Seen:
    """Find nothing: Indeed has no query by our own id. A repeated upsert finds its posting."""
    return Seen("absent")


def _state(connection: Connection, node: Any) -> Seen:
    if node is None:
        return Seen("absent")
    seats = exchange.dig(node, "seatsConnection.seats") or exchange.dig(node, "seats")
    seat = seats[0] if isinstance(seats, list) and seats else {}
    status = exchange.dig(seat, "jobPost.status") or {}
    surfaces = exchange.dig(status, "surfaceStatuses")
    if isinstance(surfaces, Mapping):
        surfaces = [surfaces]
    said = dict(node)
    if any(exchange.dig(surface, "isRejected") for surface in surfaces or ()):
        return Seen("refused", message="Indeed's review turned the job down.", answer=said)
    cycle = exchange.text_at(status, "globalStatus.lifecycleStatus")
    if cycle == "ACTIVE":
        url = exchange.text_at(node, "managementUrls.viewJob")
        return Seen("live", post_url=url or str(connection.options["view_url"]), answer=said)
    return Seen("absent" if cycle == "INACTIVE" else "pending", answer=said)


def _ask(
    connection: Connection, query: str, variables: Mapping[str, Any], *, safe: bool
) -> dict[str, Any]:
    """Ask GraphQL and return `data`; HTTP 200 says nothing before `errors` is read (§7)."""
    response = exchange.call(
        connection,
        "POST",
        connection.path("graphql"),
        idempotent=safe,
        json={"query": query, "variables": variables},
        headers={
            "Authorization": f"Bearer {connection.token}",
            "indeed-client-id": connection.credentials.get("client_id", ""),
        },
    )
    if response.status_code == requests.codes.forbidden:
        raise AuthExpired("Indeed's gateway refused the token (403).")
    exchange.check(response, idempotent=safe)
    answer = exchange.json_of(response, idempotent=safe)
    data, found = answer.get("data"), answer.get("errors")
    if isinstance(found, list) and found and not (safe and _only_unknown(found, data)):
        raise _error(found[0], safe=safe)
    if not isinstance(data, dict):
        raise (Unavailable if safe else Unknown)("Indeed answered without data.")
    return data


def _only_unknown(errors: list[Any], data: Any) -> bool:
    """Whether some ids were unknown and the answer holds null for them, and nothing else failed."""
    codes = {exchange.text_at(error, "extensions.code") for error in errors}
    return codes == {"NOT_FOUND"} and isinstance(data, dict)


def _error(error: Any, *, safe: bool) -> Exception:
    """Turn GraphQL's first error into ours, by its code (§7)."""
    code = exchange.text_at(error, "extensions.code")
    message = exchange.text_at(error, "message") or "no reason given"
    if code in REFRESH:
        return AuthExpired(f"Indeed refused the token: {message}", code=code)
    if code in INPUT:
        path = exchange.text_at(error, "extensions.classification.validatedPath")
        fields = {path: [message]} if path else None
        return BoardRefused(f"Indeed refused the job: {message}", fields=fields, code=code)
    if code == "ACCOUNT_RESTRICTED":
        return CredentialsRefused(f"Indeed restricted the account: {message}", code=code)
    doubtful = Unavailable if safe else Unknown
    return doubtful(f"Indeed failed to answer ({code or 'no code'}): {message}", code=code)
