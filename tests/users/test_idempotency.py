"""The same write with the same key is done once and answered alike."""

import pytest
from django.test import Client

from jobly.users.models import IdempotentCall
from tests.make import make_key, make_user

pytestmark = pytest.mark.django_db
URL = "/api/v1/background-jobs/"


@pytest.fixture
def call():
    _, text = make_key(make_user(is_staff=True), scopes=["runs"])

    def post(key, body, url=URL):
        headers = {"Authorization": f"Bearer {text}", "Idempotency-Key": key}
        return Client().post(url, body, content_type="application/json", headers=headers)

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
