"""Runs and their events by REST."""

import pytest
from django.test import Client

from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run, Stream
from jobly.runs.rules.streams import company_stream
from tests.make import make_company, make_key, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return make_company()


@pytest.fixture
def client(company):
    _, text = make_key(make_member(company), company=company, scopes=["runs"])
    return Client(headers={"Authorization": f"Bearer {text}"})


def begin(company, kind="runs.retention", **args):
    with transaction():
        return start(kind, args, actor=None, company=company)


def test_a_run_tells_how_far_it_is(client, company):
    run = begin(company)
    body = client.get(f"/api/v1/background-jobs/{run.pk}").json()

    assert (body["job_id"], body["type"], body["status"]) == (
        str(run.pk),
        "runs.retention",
        "queued",
    )
    assert body["run_url"] == f"/runs/{run.pk}/"
    drain()
    body = client.get(f"/api/v1/background-jobs/{run.pk}").json()
    assert (body["status"], body["progress"]) == ("succeeded", 100)
    assert [step["what"] for step in body["history"]] == ["claimed", "succeeded"]


def test_lists_are_narrowed_by_type_and_status(client, company):
    begin(company)
    assert client.get("/api/v1/background-jobs/?status=queued").json()["count"] == 1
    assert client.get("/api/v1/background-jobs/?type=ingestion.load").json()["count"] == 0


@pytest.mark.parametrize("count", [1, 20])
def test_a_list_costs_the_same_for_one_run_and_for_twenty(
    client, company, django_assert_num_queries, count
):
    for _ in range(count):
        begin(company)
    client.get("/api/v1/background-jobs/")  # notes that the key was used, once a minute
    with django_assert_num_queries(5):
        assert len(client.get("/api/v1/background-jobs/").json()["results"]) == count


def test_a_waiting_run_is_cancelled_at_once_and_can_be_done_again(client, company):
    run = begin(company)

    assert client.post(f"/api/v1/background-jobs/{run.pk}/cancel/").json()["status"] == "cancelled"
    again = client.post(f"/api/v1/background-jobs/{run.pk}/retry/")
    assert again.status_code == 202
    assert Run.objects.get(pk=again.json()["job_id"]).replay_of_id == run.pk


def test_an_ended_run_cannot_be_cancelled_and_the_answer_says_so(client, company):
    run = begin(company)
    drain()

    refused = client.post(f"/api/v1/background-jobs/{run.pk}/cancel/")
    assert refused.status_code == 409
    assert refused.json()["request_id"]


def test_only_operators_start_work_by_kind(client):
    refused = client.post(
        "/api/v1/background-jobs/", {"type": "runs.retention"}, content_type="application/json"
    )
    assert refused.status_code == 403


def test_the_log_is_read_in_order_from_any_number(client, company):
    begin(company)
    drain()

    stream = company_stream(company.pk)
    whole = client.get(f"/api/v1/events/?stream={stream}").json()
    numbers = [item["seq"] for item in whole["results"]]
    assert numbers == list(range(1, whole["last_seq"] + 1))
    assert whole["results"][0]["type"] == "job.created"
    rest = client.get(f"/api/v1/events/?stream={stream}&after=1").json()["results"]
    assert [item["seq"] for item in rest] == numbers[1:]


def test_a_place_that_is_gone_or_never_was_gives_a_reset_with_a_snapshot(client, company):
    run = begin(company)
    Stream.objects.update(min_seq=2)

    for after in ("0", "999999"):
        body = client.get(f"/api/v1/events/?after={after}").json()
        assert body["reset"] is True
        assert [r["run"] for r in body["snapshot"]] == [str(run.pk)]


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30, "1.5"])
def test_a_position_that_is_no_number_is_refused(client, after):
    assert client.get(f"/api/v1/events/?after={after}").status_code == 400
