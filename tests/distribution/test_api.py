"""Channels and distributions by REST, as a recruiter's program sees them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from distribution.actions import changes
from distribution.models import Channel, Distribution
from ingestion.models import ProcessedJob
from jobly.runs.actions.execution import drain
from tests.make import make_company, make_key, make_member, make_processing, make_upload

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)
READ, WRITE = "distributions:read", "distributions:write"


def client_of(company, *scopes, role="recruiter"):
    _, text = make_key(make_member(company, role), scopes=scopes or (READ, WRITE))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


@pytest.fixture
def acme():
    return make_company("acme")


@pytest.fixture
def api(acme):
    return client_of(acme)


def test_putting_a_job_on_a_channel_answers_202_with_where_to_watch(api, acme, boards):
    channel = make_channel(acme, "glassdoor")
    job = make_posting(acme)

    said = api.post("/api/v1/distributions/", {"job": job.pk, "channel": "glassdoor"})

    body = said.json()
    assert said.status_code == 202, body
    assert {"job_id", "type", "status", "message", "run_url"} <= set(body)
    assert (body["status"], body["channel"], body["job"]) == ("pending", "glassdoor", job.pk)
    until_rest()
    found = api.get(f"/api/v1/distributions/{body['id']}/").json()
    assert (found["status"], found["channel_id"]) == ("published", str(channel.pk))
    assert found["external_post_url"] == boards.live("glassdoor")[0]["url"]


def test_the_same_job_twice_on_a_channel_is_a_conflict(api, acme, boards):
    row = make_distribution(channel=make_channel(acme, "internal"))

    said = api.post("/api/v1/distributions/", {"job": row.job_id, "channel": "internal"})

    assert (said.status_code, said.json()["code"]) == (409, "already_distributed")


def test_a_future_moment_makes_it_scheduled(api, acme, boards):
    make_channel(acme, "internal")
    at = timezone.now() + timedelta(days=7)
    body = {"job": make_posting(acme).pk, "channel": "internal", "scheduled_publish_at": at}

    said = api.post("/api/v1/distributions/", body)

    drain()
    assert said.json()["status"] == "scheduled"
    assert Distribution.objects.get().status == "scheduled"


def test_wait_answers_200_when_the_end_was_seen(api, acme, boards):
    make_channel(acme, "internal")
    job = make_posting(acme)

    said = api.post("/api/v1/distributions/?wait=0.2", {"job": job.pk, "channel": "internal"})

    assert said.status_code == 202  # nobody works in this test
    drain()
    assert api.get("/api/v1/distributions/").json()["results"][0]["status"] == "published"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("status=published", 2),
        ("status=published,rejected", 3),
        ("status=failed", 0),
        ("channel=internal", 3),
        ("company=acme", 3),
        ("company=other", 0),
        ("page=1&limit=2", 2),
    ],
)
def test_lists_are_narrowed_and_paged(query, count, api, acme, boards):
    channel = make_channel(acme, "internal")
    for title in ("Welder", "Fitter", "W" * 501):
        make_distribution(make_posting(acme, title=title), channel)
    drain()

    said = api.get(f"/api/v1/distributions/?{query}").json()

    assert len(said["results"]) == count
    assert {"count", "next", "previous"} <= set(said)


def test_a_list_takes_as_many_queries_for_thirty_rows_as_for_three(
    api, acme, boards, django_assert_max_num_queries
):
    channel = make_channel(acme, "internal")
    for _ in range(30):
        make_distribution(channel=channel)
    api.get("/api/v1/distributions/?limit=3")

    with django_assert_max_num_queries(6):
        said = api.get("/api/v1/distributions/?limit=30").json()

    assert len(said["results"]) == 30


def test_foreign_rows_do_not_exist(acme, boards):
    row = make_distribution(channel=make_channel(acme, "internal"))
    other = client_of(make_company("other"))
    mine = f"/api/v1/distributions/{row.pk}/"

    answers = [
        other.get(mine),
        other.get(mine + "attempts/"),
        other.post(mine + "retry/"),
        other.post(mine + "close/"),
        other.post(mine + "renew/"),
        other.post(mine + "metrics/", {"views_count": 1}),
        other.get(f"/api/v1/channels/{row.channel_id}/"),
        other.get(f"/api/v1/channels/{row.channel_id}/health/"),
        other.patch(f"/api/v1/channels/{row.channel_id}/", {"enabled": False}),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert other.get("/api/v1/distributions/").json()["count"] == 0
    told = other.post("/api/v1/distributions/", {"job": row.job_id, "channel": "internal"})
    assert told.status_code == 400


def test_scopes_and_roles_decide_who_writes(acme, boards):
    row = make_distribution(channel=make_channel(acme, "internal"))
    close = f"/api/v1/distributions/{row.pk}/close/"

    assert client_of(acme, READ).post(close).status_code == 403
    assert client_of(acme, READ).get("/api/v1/distributions/").status_code == 200
    assert client_of(acme, "jobs:read").get("/api/v1/distributions/").status_code == 403
    assert client_of(acme, role="viewer").post(close).status_code == 403
    assert APIClient().get("/api/v1/distributions/").status_code == 401


def test_retry_close_renew_and_attempts(api, acme, boards):
    row = make_distribution(channel=make_channel(acme, "linkedin", id_max=10))
    drain()
    mine = f"/api/v1/distributions/{row.pk}"
    assert api.get(mine).json()["failure"]["code"] == "not_distributable"
    api.patch(f"/api/v1/channels/{row.channel_id}/", {"id_max": 75})

    assert api.post(f"{mine}/retry/").status_code == 202
    until_rest()
    assert fresh(row).retry_count == 1
    assert api.post(f"{mine}/renew/").status_code == 202
    until_rest()
    assert api.post(f"{mine}/close/").status_code == 202
    until_rest()

    assert api.get(mine).json()["status"] == "closed"
    assert boards.live("linkedin") == []
    ops = [entry["op"] for entry in api.get(f"{mine}/attempts/").json()["results"]]
    assert [op for op in ops if op != "poll"] == ["create", "renew", "close"]


def test_metrics_and_the_dashboard_of_an_upload(api, acme, boards):
    upload = make_upload(acme)
    processing = make_processing(upload.collection)
    channels = [make_channel(acme, slug) for slug in ("internal", "glassdoor")]
    for number in range(3):
        job = make_posting(acme)
        ProcessedJob.objects.create(
            processing=processing, row=number, status="loaded", data={}, job_id=job.pk
        )
        for channel in channels:
            changes.create_distribution(job, channel, actor=None, upload_id=upload.pk)
    until_rest()
    rows = api.get(f"/api/v1/distributions/?upload={upload.pk}").json()["results"]
    numbers = {"views_count": 150, "applications_count": 12, "clicks_count": 45}
    for row in rows[:2]:
        said = api.post(f"/api/v1/distributions/{row['id']}/metrics/", numbers).json()
        assert said["views_count"] == 150

    board = api.get(f"/api/v1/distributions/dashboard/?upload_id={upload.pk}").json()

    assert (board["upload_id"], board["total_jobs"]) == (str(upload.pk), 3)
    assert len(board["distributions"]) == 6
    assert board["metrics"] == {
        "total_distributions": 6,
        "by_channel": {"internal": 3, "glassdoor": 3},
        "by_status": {"published": 6},
        "total_views": 300,
        "total_applications": 24,
        "total_clicks": 90,
    }


def test_bulk_publishes_an_upload_and_the_plan_is_empty_then(api, acme, boards):
    jobs = [make_posting(acme) for _ in range(3)]
    for slug in ("internal", "glassdoor"):
        make_channel(acme, slug)
    wish = {"jobs": [job.pk for job in jobs], "channels": ["internal", "glassdoor"]}
    plan = api.post("/api/v1/distributions/plan/", wish).json()["plan"]
    assert [step["action"] for step in plan] == ["create"] * 6

    said = api.post("/api/v1/distributions/bulk/", wish)

    assert said.status_code == 202, said.json()
    until_rest()
    assert Distribution.objects.filter(status="published").count() == 6
    plan = api.post("/api/v1/distributions/plan/", wish).json()["plan"]
    assert {step["action"] for step in plan} == {"none"}


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"channels": ["internal"]}, "jobs"),
        ({"jobs": [999_999], "channels": ["internal"]}, "job"),
        ({"upload_id": "018f3b1c-0000-7000-8000-000000000000", "channels": ["x"]}, "upload_id"),
        ({"jobs": [1], "channels": []}, "channels"),
    ],
)
def test_a_bulk_that_names_nothing_is_refused_by_field(wish, field, api, acme):
    said = api.post("/api/v1/distributions/bulk/", wish)

    assert said.status_code == 400
    assert field in said.json()["fields"]


def test_a_preview_shows_payload_and_lint(api, acme):
    make_channel(acme, "glassdoor")
    job = make_posting(acme, salary_min=None)

    said = api.get(f"/api/v1/distributions/preview/?job={job.pk}&channel=glassdoor").json()

    assert said["publishable"] is False
    assert said["payload"]["jobTitle"] == job.title
    assert said["lint"][0]["field"] == "salary_min"
    keys = {"code", "level", "field", "message", "source", "fix", "span"}
    assert keys == set(said["lint"][0])


def test_secrets_go_in_and_never_come_out(api, acme):
    said = api.post(
        "/api/v1/channels/",
        {
            "company": "acme",
            "slug": "linkedin",
            "kind": "linkedin",
            "credentials": {"client_id": "app", "client_secret": "canary-7"},
        },
    )

    assert said.status_code == 201, said.json()
    assert (said.json()["limit_per_minute"], said.json()["has_credentials"]) == (50, True)
    assert "canary-7" not in said.content.decode()
    assert "canary-7" not in api.get("/api/v1/channels/").content.decode()
    assert Channel.objects.get().credentials["client_secret"] == "canary-7"


def test_health_says_allowance_and_breaker(api, acme, boards):
    channel = make_channel(acme, "glassdoor")
    make_distribution(channel=channel)
    drain()

    said = api.get(f"/api/v1/channels/{channel.pk}/health").json()

    assert (said["ok"], said["breaker"], said["allowance_left"]) == (True, "closed", 39)
