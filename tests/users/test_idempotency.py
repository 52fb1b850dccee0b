"""The same write with the same key is done once and answered alike."""

import hashlib

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import path

from jobly.users.actions import CALL_LOCK
from jobly.users.models import Company, IdempotentCall
from tests.make import make_company, make_key, make_user

pytestmark = pytest.mark.django_db
URL = "/api/v1/background-jobs/"


@pytest.fixture
def call():
    _, text = make_key(make_user(is_staff=True), scopes=["runs"])

    def post(key, body, url=URL):
        headers = {"Authorization": f"Bearer {text}", "Idempotency-Key": key}
        client = Client(raise_request_exception=False)
        return client.post(url, body, content_type="application/json", headers=headers)

    post.caller = hashlib.sha256(f"Bearer {text}".encode()).hexdigest()
    return post


def test_a_repeated_write_gets_the_first_answer(call):
    first = call("k1", {"type": "runs.retention"})
    again = call("k1", {"type": "runs.retention"})

    assert first.status_code == again.status_code == 202
    assert first.json()["job_id"] == again.json()["job_id"]
    assert again["Idempotent-Replayed"] == "true"
    assert again["X-Request-ID"]


def test_a_refusal_is_repeated_too(call):
    assert call("k2", {"type": "no.such"}).status_code == 400
    assert call("k2", {"type": "no.such"})["Idempotent-Replayed"] == "true"


def test_another_request_under_the_same_key_is_refused(call):
    call("k3", {"type": "runs.retention"})

    other = call("k3", {"type": "runs.retention", "args": {"x": 1}})
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def test_a_request_under_way_is_not_done_twice(call):
    call("k4", {"type": "runs.retention"})
    IdempotentCall.objects.update(status=None)

    assert call("k4", {"type": "runs.retention"}).json()["code"] == "in_flight"


def test_what_another_server_is_doing_at_this_moment_is_not_done_here(call):
    at = connection.get_connection_params()
    line = {name: at[name] for name in ("host", "user", "dbname")}
    with psycopg.connect(**line) as other:
        lock = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"
        other.execute(lock, [CALL_LOCK, f"{call.caller} k5"])
        assert call("k5", {"type": "runs.retention"}).json()["code"] == "in_flight"
    assert call("k5", {"type": "runs.retention"}).status_code == 202


def half_done(request):
    make_company("half-done")
    raise OperationalError("the line was lost")


urlpatterns = [path("api/half/", half_done)]
handler500 = "jobly.errorpages.server_error"


def test_what_broke_left_nothing_and_its_key_is_free(call, settings):
    settings.ROOT_URLCONF = __name__
    assert call("k6", {}, url="/api/half/").status_code == 503
    assert not Company.objects.filter(slug="half-done").exists()
    assert not IdempotentCall.objects.exists()


def test_kept_answers_cannot_be_read_in_the_database(call):
    first = call("k9", {"type": "runs.retention"})
    kept = bytes(IdempotentCall.objects.get(key="k9").body)
    assert first.json()["job_id"].encode() not in kept
    assert call("k9", {"type": "runs.retention"}).content == first.content
