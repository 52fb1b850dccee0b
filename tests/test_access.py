"""Who gets what at every address: a route without a row in the matrix fails."""

from dataclasses import dataclass
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from distribution.actions.endpoints import create_endpoint, ping
from distribution.models import (
    Applicant,
    Approval,
    Budget,
    Charge,
    Distribution,
    InboundHook,
    RoutingRule,
)
from ingestion.models import Job
from jobly.runs.actions import start, transaction
from jobly.runs.rules.streams import company_stream, user_stream
from jobly.users.actions import revoke_api_key
from jobly.users.models import ApiKey, principal_for
from tests.distribution.make import make_channel, make_distribution
from tests.make import make_company, make_job, make_key, make_member, make_upload, make_user

pytestmark = pytest.mark.django_db

SCOPES = ["jobs:read", "jobs:write", "distributions:read", "distributions:write", "runs"]
WHO = ("nobody", "seeker", "foreign", "viewer", "own", "staff", "foreign_key", "own_key")
# what a route answers, by who asks, in the order of WHO
PUBLIC = (200,) * 8
OURS = (401, 404, 404, 200, 200, 200, 404, 200)  # reading a row of the company
LISTS = (401, 200, 200, 200, 200, 200, 200, 200)  # lists: open to all, each sees the own rows
CHANGES = (401, 404, 404, 403, 202, 202, 404, 202)
OPERATORS = (401, 403, 403, 403, 403, 200, 403, 403)  # keys of a company are no operator's
PAGES = (302, 404, 404, 200, 200, 200, 302, 302)  # keys are for the API, pages want a session


@dataclass(frozen=True)
class Row:
    """One route: how it is called, and what each principal gets (one status, or several)."""

    answers: tuple
    method: str = "get"
    body: object = None
    kwargs: object = dict
    query: object = ""


def of(name):
    return lambda world: {"pk": world[name]}


def secret(_world):
    """Nobody's secret: who has one is the applicant, whoever that is signed in as."""
    return {"secret": "nobody-knows-this-one"}


def either(*statuses):
    return frozenset(statuses)


DONE = either(200, 202, 409)  # reached the row: done, or its state does not allow it
NEW = {"company": "b", "mode": "skip"}
MATRIX = {
    "health": Row(PUBLIC, query="/health"),
    "readyz": Row(PUBLIC, query="/readyz"),
    "metrics": Row(PUBLIC, query="/metrics"),
    "api:root": Row(PUBLIC),
    "api:schema": Row(PUBLIC),
    "docs": Row(PUBLIC),
    "api:jobs-list": Row(PUBLIC),
    "api:jobs-detail": Row((404, 404, 404, 200, 200, 200, 404, 200), kwargs=of("job")),
    "api:jobs-changes": Row(PUBLIC),
    "api:jobs-reprocess": Row(
        (401, 403, 400, 403, either(202, 400), either(202, 400), 400, either(202, 400)),
        "post",
        body=lambda _: {"failed": True},
    ),
    "api:jobs-collect": Row(
        (401, 400, 400, either(400, 403), 400, 400, 400, 400),
        "post",
        body=lambda _: {"source": "Nowhere Jobs"},
    ),
    "api:jobs-ingest": Row(
        (401, 400, 400, either(400, 403), 400, 400, 400, 400),
        "post",
        body=lambda _: {"sources": ["Nowhere Jobs"]},
    ),
    "api:jobs-processing-status": Row(LISTS),
    "api:uploads-list": Row(LISTS),
    "api:uploads-detail": Row(OURS, kwargs=of("upload")),
    "api:uploads-rejects": Row(OURS, kwargs=of("upload")),
    "api:uploads-rows": Row(OURS, kwargs=of("upload")),
    "api:uploads-check": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("upload")
    ),
    "api:uploads-let-in": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("upload")
    ),
    "api:uploads-discard": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("upload")
    ),
    "api:approvals-list": Row(LISTS),
    "api:approvals-detail": Row(OURS, kwargs=of("approval")),
    "api:approvals-approve": Row(
        (401, 404, 404, 403, 403, 403, 404, 403), "post", kwargs=of("approval")
    ),
    "api:approvals-reject": Row(
        (401, 404, 404, 403, 403, 403, 404, 403), "post", kwargs=of("approval")
    ),
    "api:approvals-decide": Row(
        (401, 200, 200, 403, 200, 200, 200, 200),
        "post",
        body=lambda w: {"ids": [str(w["approval"])], "decision": "approve"},
    ),
    "api:routing-rules-list": Row(LISTS),
    "api:routing-rules-detail": Row(OURS, kwargs=of("rule")),
    "api:routing-rules-try": Row(OURS, kwargs=of("rule")),
    "api:channels-list": Row(LISTS),
    "api:channels-detail": Row(OURS, kwargs=of("channel")),
    "api:channels-health": Row(OURS, kwargs=of("channel")),
    "api:channels-test": Row(
        (401, 404, 404, 403, 200, 200, 404, 200), "post", kwargs=of("channel")
    ),
    "api:channels-reset-breaker": Row(
        (401, 404, 404, 403, 200, 200, 404, 200), "post", kwargs=of("channel")
    ),
    "api:channels-hook-secret": Row(
        (401, 404, 404, 403, 201, 201, 404, 201), "post", kwargs=of("channel")
    ),
    "api:webhook": Row((401,) * 8, "post", kwargs=lambda w: {"channel": str(w["channel"])}),
    "api:webhook-inbox-list": Row(LISTS),
    "api:webhook-inbox-detail": Row(OURS, kwargs=of("hook")),
    "api:webhook-inbox-apply-again": Row(CHANGES, "post", kwargs=of("hook")),
    "api:webhook-endpoints-list": Row(LISTS),
    "api:webhook-endpoints-detail": Row(OURS, kwargs=of("endpoint")),
    "api:webhook-endpoints-deliveries": Row(OURS, kwargs=of("endpoint")),
    "api:webhook-endpoints-ping": Row(CHANGES, "post", kwargs=of("endpoint")),
    "api:webhook-endpoints-replay": Row(
        CHANGES, "post", kwargs=lambda w: {"pk": w["endpoint"], "delivery": str(w["delivery"])}
    ),
    "api:webhook-endpoints-replay-dead": Row(CHANGES, "post", kwargs=of("endpoint")),
    "api:webhook-endpoints-rotate-secret": Row(
        (401, 404, 404, 403, 201, 201, 404, 201), "post", kwargs=of("endpoint")
    ),
    "api:budgets-list": Row(LISTS),
    "api:budgets-detail": Row(OURS, kwargs=of("budget")),
    "api:charges-list": Row(LISTS),
    "api:charges-detail": Row(OURS, kwargs=of("charge")),
    "api:upkeep-overdue": Row(LISTS),
    "api:upkeep-unschedule": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("distribution")
    ),
    "api:upkeep-relist": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("distribution")
    ),
    "api:upkeep-close-everywhere": Row(
        (401, either(400, 404), either(400, 404), 403, 202, 202, either(400, 404), 202),
        "post",
        body=lambda w: {"jobs": [w["job"]], "why": "filled"},
    ),
    "api:distributions-list": Row(LISTS),
    "api:distributions-detail": Row(OURS, kwargs=of("distribution")),
    "api:distributions-attempts": Row(OURS, kwargs=of("distribution")),
    "api:distributions-bulk": Row(
        (401, either(400, 404), either(400, 404), 403, 202, 202, either(400, 404), 202),
        "post",
        body=lambda w: {"upload_id": str(w["upload"]), "channels": ["linkedin"]},
    ),
    "api:distributions-dashboard": Row(OURS, query=lambda w: f"?upload_id={w['upload']}"),
    "api:distributions-performance": Row(LISTS),
    "api:distributions-plan": Row(
        (401, either(400, 404), either(400, 404), 200, 200, 200, either(400, 404), 200),
        query=lambda w: f"?company=b&channels=linkedin&upload_id={w['upload']}",
    ),
    "api:distributions-preview": Row(
        (401, either(400, 404), either(400, 404), 200, 200, 200, either(400, 404), 200),
        query=lambda w: f"?job={w['job']}&channel={w['channel']}",
    ),
    "api:distributions-close": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("distribution")
    ),
    "api:distributions-confirm": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE),
        "post",
        body=lambda w: {"post_id": "1"},
        kwargs=of("distribution"),
    ),
    "api:distributions-metrics": Row(
        (401, 404, 404, 403, 200, 200, 404, 200),
        "post",
        body=lambda w: {"views_count": 1},
        kwargs=of("distribution"),
    ),
    "api:distributions-post-again": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("distribution")
    ),
    "api:distributions-renew": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("distribution")
    ),
    "api:distributions-reschedule": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE),
        "post",
        kwargs=of("distribution"),
        body=lambda _: {"scheduled_publish_at": "2030-01-01T00:00Z"},
    ),
    "api:distributions-retry": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("distribution")
    ),
    "api:proof-why": Row(
        (401, either(400, 404), either(400, 404), 200, 200, 200, either(400, 404), 200),
        query=lambda w: f"?job={w['job']}&channel={w['channel']}",
    ),
    "api:proof-ledger": Row(LISTS),
    "api:proof-history": Row(OURS, kwargs=of("distribution")),
    "api:proof-look": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("distribution")
    ),
    "api:applicants-list": Row(LISTS),
    "api:applicants-detail": Row(OURS, kwargs=of("applicant")),
    "api:applicants-move": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE),
        "post",
        body=lambda _: {"to": "screen"},
        kwargs=of("applicant"),
    ),
    "api:applicants-undo": Row(
        (401, 404, 404, 403, 200, 200, 404, 200), "post", kwargs=of("applicant")
    ),
    "api:applicants-notes": Row(
        (401, 404, 404, 403, 201, 201, 404, 201),
        "post",
        body=lambda _: {"text": "x"},
        kwargs=of("applicant"),
    ),
    "api:applicants-rating": Row(
        (401, 404, 404, 403, 200, 200, 404, 200),
        "post",
        body=lambda _: {"stars": 3},
        kwargs=of("applicant"),
    ),
    "api:background-jobs-list": Row(LISTS),
    "api:background-jobs-detail": Row(OURS, kwargs=of("run")),
    "api:background-jobs-cancel": Row(
        (401, 404, 404, 403, 200, 200, 404, 200), "post", kwargs=of("run")
    ),
    "api:background-jobs-retry": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("run")
    ),
    "api:background-jobs-start-now": Row(
        (401, 404, 404, 403, DONE, DONE, 404, DONE), "post", kwargs=of("run")
    ),
    "api:background-jobs-log": Row(OURS, kwargs=of("run")),
    "api:queues-list": Row(OPERATORS),
    "api:queues-detail": Row(OPERATORS, kwargs=lambda w: {"name": "boards"}),
    "api:queues-pause": Row(OPERATORS, "post", kwargs=lambda w: {"name": "boards"}),
    "api:queues-resume": Row(
        (401, 403, 403, 403, 403, 409, 403, 403), "post", kwargs=lambda w: {"name": "boards"}
    ),
    "api:events": Row(OURS, query=lambda w: f"?stream={w['stream']}"),
    "artifacts:download": Row((404,) * 8, kwargs=lambda w: {"token": "no-such-token"}),
    "run": Row(PAGES, kwargs=of("run")),
    "run-cancel": Row((302, 404, 404, 302, 302, 302, 302, 302), "post", kwargs=of("run")),
    "run-retry": Row((302, 404, 404, 302, 302, 302, 302, 302), "post", kwargs=of("run")),
    "run-start-now": Row((302, 404, 404, 302, 302, 302, 302, 302), "post", kwargs=of("run")),
    "run-history": Row(PAGES, kwargs=of("run")),
    "login": Row((200, 302, 302, 302, 302, 302, 200, 200)),
    "logout": Row((302,) * 8, "post"),
    "demo_login": Row((404,) * 8, "post", body=lambda w: {"who": "stranger"}),
    "password_reset": Row(PUBLIC),
    "password_reset_done": Row(PUBLIC),
    "password_reset_confirm": Row(PUBLIC, kwargs=lambda w: {"uidb64": "x", "token": "y"}),
    "password_reset_complete": Row(PUBLIC),
    "board": Row(PUBLIC, kwargs=lambda w: {"slug": "b"}),
    "robots": Row(PUBLIC),
    "sitemap": Row(PUBLIC),
    "sitemap_boards": Row(PUBLIC),
    "sitemap_jobs": Row((404,) * 8, kwargs=lambda w: {"number": 9_000}),
    "feed": Row(PUBLIC, query="/feeds/b/indeed.xml"),
    "search": Row(PUBLIC),
    "job": Row(
        (404, 404, 404, 200, 200, 200, 404, 404),
        kwargs=lambda w: {"pk": w["job"], "slug": w["slug"]},
    ),
    "apply": Row(
        (404, 404, 404, 200, 200, 200, 404, 404),
        kwargs=lambda w: {"pk": w["job"], "slug": w["slug"]},
    ),
    "application": Row((404,) * 8, kwargs=secret),
    "withdraw": Row((404,) * 8, "post", kwargs=secret),
    "erase_application": Row((404,) * 8, "post", kwargs=secret),
    "application_data": Row((404,) * 8, kwargs=secret),
    "job_by_number": Row((404, 404, 404, 301, 301, 301, 404, 404), kwargs=of("job")),
    "intranet": Row(PAGES, kwargs=lambda _: {"slug": "b"}),
    "go": Row((302,) * 8, kwargs=lambda w: {"token": w["token"]}),
}


def routes():
    """Yield every named route of ours outside the admin, as reverse() knows it."""
    yield from _walk(get_resolver().url_patterns, "")


def _walk(patterns, prefix):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}" if pattern.name else ""
        elif pattern.namespace != "admin":
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from _walk(pattern.url_patterns, inner)


def test_every_route_has_a_row_and_every_row_a_route():
    known = {name for name in routes() if name}
    assert known - MATRIX.keys() == set(), "routes without a row"
    assert MATRIX.keys() - known == set(), "rows without a route"


@pytest.fixture
def world():
    """Company B with one row of each kind, and everybody who may knock."""
    a, b = make_company("a"), make_company("b")
    own = make_member(b)
    job = make_job("Night Welder", company=b)
    channel = make_channel(b)
    distribution = make_distribution(job, channel)
    make_member(b, "owner")  # who may decide; none of those who knock may
    applicant = Applicant.objects.create(
        company=b, job=job, name="Night Welder", email="night@example.org", form_key=uuid4()
    )
    with transaction():
        run = start("runs.retention", {}, actor=None, company=b)
    return {
        "nobody": None,
        "seeker": make_user(),
        "foreign": make_member(a),
        "viewer": make_member(b, role="viewer"),
        "own": own,
        "staff": make_user(is_staff=True, is_superuser=True),
        "foreign_key": make_key(make_member(a), company=a, scopes=SCOPES)[1],
        "own_key": make_key(own, company=b, scopes=SCOPES)[1],
        "company": b,
        "job": job.pk,
        "slug": job.slug,
        "upload": make_upload(b).pk,
        **hooks_of(channel),
        "channel": channel.pk,
        "distribution": distribution.pk,
        "token": distribution.token,
        "budget": Budget.objects.create(company=b, cap_minor=100).pk,
        "charge": Charge.objects.create(
            company=b,
            channel=channel,
            distribution=distribution,
            kind="flat",
            amount_minor=1,
            key="a",
        ).pk,
        "applicant": applicant.pk,
        "run": run.pk,
        "rule": RoutingRule.objects.create(company=b, name="All").pk,
        "approval": Approval.objects.create(company=b, distribution=distribution).pk,
        "stream": company_stream(b.pk),
        "people": own,
    }


def hooks_of(channel):
    """One endpoint of the company, told of something, and one event of its board."""
    endpoint, _ = create_endpoint(channel.company, url="https://hooks.example/b")
    hook = InboundHook.objects.create(channel=channel, event_id="msg_1", body=b"{}")
    return {"endpoint": endpoint.pk, "delivery": ping(endpoint).pk, "hook": hook.pk}


def knock(world, who, name, row):
    client = Client()
    asks = world[who]
    if isinstance(asks, str):
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {asks}"
    elif asks is not None:
        client.force_login(asks, backend="django.contrib.auth.backends.ModelBackend")
    query = row.query(world) if callable(row.query) else row.query
    kwargs = row.kwargs(world) if row.kwargs is not dict else {}
    url = query if query.startswith("/") else reverse(name, kwargs=kwargs) + query
    if row.method == "get":
        return client.get(url)
    body = row.body(world) if row.body else {}
    if name.startswith("api:"):
        return client.post(url, body, content_type="application/json")
    return client.post(url, body)


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_each_principal_gets_what_the_matrix_says(world, name):
    row = MATRIX[name]
    got, wanted = {}, {}
    for who, answer in zip(WHO, row.answers, strict=True):
        response = knock(world, who, name, row)
        allowed = answer if isinstance(answer, frozenset) else {answer}
        got[who], wanted[who] = response.status_code, sorted(allowed)
        assert b"Night Welder" not in response.getvalue() or 200 in allowed or 202 in allowed
    assert {w: s for w, s in got.items() if s not in wanted[w]} == {}, wanted


LISTED = tuple(
    f"api:{noun}-list"
    for noun in (
        "jobs",
        "uploads",
        "channels",
        "distributions",
        "background-jobs",
        "webhook-inbox",
        "webhook-endpoints",
        "budgets",
        "charges",
    )
)


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize("who", ["seeker", "foreign", "foreign_key"])
def test_no_list_shows_a_row_of_another_company(world, name, who):
    response = knock(world, who, name, MATRIX[name])
    assert response.json()["results"] == []


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/api/v1/distributions/", lambda w: {"job": w["job"], "channel": "linkedin"}),
        ("/api/v1/distributions/", lambda w: {"job": w["job"], "channel": str(w["channel"])}),
    ],
)
@pytest.mark.parametrize("who", ["seeker", "foreign", "foreign_key"])
def test_related_ids_in_a_body_are_checked_against_the_caller(world, who, url, body):
    row = Row((), "post", body=body)
    before = Distribution.objects.count()
    response = knock(world, who, "api:distributions-list", row)
    assert response.status_code in {400, 403, 404}
    assert Distribution.objects.count() == before


def test_a_key_without_the_scope_is_refused_and_says_which(world):
    _, text = make_key(world["own"], company=world["company"], scopes=["jobs:read"])
    client = Client(headers={"Authorization": f"Bearer {text}"})

    refused = client.get("/api/v1/distributions/")
    assert refused.status_code == 403
    assert "distributions:read" in refused.json()["detail"]
    assert client.get("/api/v1/jobs/").status_code == 200


def test_a_company_key_does_not_read_its_persons_own_stream(world):
    client = Client(headers={"Authorization": f"Bearer {world['own_key']}"})

    assert client.get(f"/api/v1/events/?stream={user_stream(world['own'].pk)}").status_code == 404
    assert client.get("/api/v1/events/?stream=staff").status_code == 404


def test_a_revoked_key_and_a_deactivated_person_are_nobody(world):
    revoke_api_key(ApiKey.objects.get(user=world["own"]))
    client = Client(headers={"Authorization": f"Bearer {world['own_key']}"})
    assert client.get("/api/v1/uploads/").status_code == 401

    person = world["own"]
    person.is_active = False
    assert principal_for(person).is_known is False
    assert AnonymousUser().is_authenticated is False


def test_a_key_in_the_query_string_opens_nothing(world):
    assert Client().get(f"/api/v1/uploads/?key={world['own_key']}").status_code == 401


def test_the_public_catalogue_shows_what_is_on_our_board(world):
    assert Client().get("/api/v1/jobs/").json()["count"] == 0
    Job.objects.filter(pk=world["job"]).update(on_board=True)
    assert Client().get("/api/v1/jobs/").json()["count"] == 1
