import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.sandbox.running import DELAY, make_job, make_posting, until

SECRET = "whsec_" + base64.b64encode(b"a secret of ours, 24 bytes").decode()


class Receiver:
    """A client's webhook address that keeps what it heard."""

    def __init__(self, server: HTTPServer) -> None:
        self.requests: list[Request] = []
        self.statuses: list[int] = []
        self.server = server
        server.expect_request("/hook", method="POST").respond_with_handler(self.hear)

    def hear(self, request: Request) -> Response:
        request.get_data()
        self.requests.append(request)
        return Response(status=self.statuses.pop(0) if self.statuses else 204)

    @property
    def url(self) -> str:
        return self.server.url_for("/hook?from=sandbox")

    @property
    def states(self) -> list[str]:
        return [json.loads(request.data)["data"]["state"] for request in self.requests]


@pytest.fixture
def receiver(boards) -> Iterator[Receiver]:
    with HTTPServer() as server:
        yield Receiver(server)
        boards.reset()


def test_events_are_signed_and_say_what_became_of_a_posting(boards, indeed, receiver):
    boards.plan(webhooks={"url": receiver.url, "secret": SECRET})
    ids = indeed.created(make_posting("a"))
    until(lambda: receiver.states == ["accepted", "live"])
    indeed.expire(ids["sourcedPostingId"])
    until(lambda: receiver.states == ["accepted", "live", "closed"])

    request = receiver.requests[1]
    body = json.loads(request.data)
    assert body["type"] == "posting.live"
    assert body["data"]["external_id"] == "a"
    assert body["data"]["post_id"] == ids["sourcedPostingId"]
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode()
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, signed + request.data, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    versions = [json.loads(r.data)["data"]["version"] for r in receiver.requests]
    assert versions == sorted(set(versions))


def test_each_board_may_tell_its_own_address(boards, indeed, glassdoor, receiver):
    there = {"url": receiver.url, "secret": SECRET}
    boards.plan(webhooks={"boards": {"indeed": there}})
    glassdoor.create(make_job("g"))
    indeed.created(make_posting("i"))
    until(lambda: receiver.states == ["accepted", "live"])
    assert {json.loads(r.data)["data"]["board"] for r in receiver.requests} == {"indeed"}
    for wrong in ({"boards": {"none": there}}, {"boards": {"indeed": {"url": "x"}}}):
        assert boards.call("PUT", "/faults", json={"webhooks": wrong}).status_code == 400


def test_a_duplicate_has_the_id_of_the_first(boards, glassdoor, receiver):
    boards.plan(
        {"kind": "duplicate_webhook", "share": 1}, webhooks={"url": receiver.url, "secret": "s"}
    )
    glassdoor.create(make_job("a"))
    until(lambda: len(receiver.requests) == 4)

    assert sorted(receiver.states) == ["accepted", "accepted", "live", "live"]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 2


def test_reordered_events_arrive_last_first(boards, indeed, receiver):
    boards.plan(
        {"kind": "reorder_webhook", "share": 1}, webhooks={"url": receiver.url, "secret": "s"}
    )
    indeed.created(make_posting("a"))
    until(lambda: len(receiver.requests) == 2)

    assert receiver.states == ["live", "accepted"]
    versions = [json.loads(request.data)["data"]["version"] for request in receiver.requests]
    assert versions[0] > versions[1]


def test_a_review_that_rejects_is_told(boards, indeed, receiver):
    boards.plan({"kind": "async_fail", "share": 1}, webhooks={"url": receiver.url})
    indeed.created(make_posting("a"))

    until(lambda: receiver.states == ["accepted", "rejected"])


@pytest.mark.parametrize("status", [500, 302, 410])
def test_what_the_receiver_did_not_take_is_sent_again(boards, glassdoor, receiver, status):
    receiver.statuses = [status]
    boards.plan(webhooks={"url": receiver.url, "secret": "s"})
    glassdoor.create(make_job("a"))
    until(lambda: len(receiver.requests) == 3)

    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert (ids[0], receiver.states[2]) == (ids[2], "accepted")


def test_a_job_closed_in_review_is_never_told_live(boards, indeed, receiver):
    boards.plan(webhooks={"url": receiver.url}, delays={"indeed": 4 * DELAY})
    ids = indeed.created(make_posting("a"))
    until(lambda: receiver.states == ["accepted"])
    indeed.expire(ids["sourcedPostingId"])
    until(lambda: receiver.states == ["accepted", "closed"])

    until(lambda: indeed.stage(ids["employerJobId"]) == "INACTIVE")
    assert receiver.states == ["accepted", "closed"]


def test_the_end_of_the_faults_is_not_the_end_of_the_webhooks(boards, glassdoor, receiver):
    boards.plan({"kind": "500", "share": 1}, webhooks={"url": receiver.url, "secret": "s"})
    boards.call("DELETE", "/faults")
    glassdoor.create(make_job("a"))
    until(lambda: receiver.states == ["accepted", "live"])

    assert boards.call("PUT", "/faults", json={"webhooks": None}).json()["webhooks"] is None


def test_without_an_address_nothing_is_kept(boards, glassdoor, receiver):
    glassdoor.create(make_job("a"))
    boards.plan(webhooks={"url": receiver.url})
    glassdoor.create(make_job("b"))
    until(lambda: len(receiver.requests) == 2)

    assert {json.loads(r.data)["data"]["external_id"] for r in receiver.requests} == {"b"}
