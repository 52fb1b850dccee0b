"""Many calls side by side: the same bounds and the same words as one call at a time."""

import gzip
import socket
import threading
import time
import zlib
from concurrent.futures import wait

import pytest
import requests
from werkzeug import Response

from jobly import http
from jobly.errors import Rejected, Unavailable, Unknown
from jobly.http.crowd import Call, Crowd

from .servers import raw_server, reset

pytestmark = pytest.mark.row(16)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MIB = 1 << 20


@pytest.fixture(scope="module")
def crowd():
    with Crowd(max_bytes=2 * MIB) as made:
        yield made


def outcome(crowd, port, method="POST", target="/", seconds=0.8, **options):
    """Return what a call came to."""
    call = Call(f"http://127.0.0.1:{port}", method, target, seconds, options)
    try:
        return crowd.ask(call).result(timeout=10)
    except requests.RequestException as problem:
        return problem


def sending(data):
    return lambda peer: peer.sendall(data)


def dribble(first):
    def serve(peer):
        peer.sendall(first)
        while True:
            peer.sendall(b" ")
            time.sleep(0.05)

    return serve


SLOW = {
    "silence": dribble(b""),
    "slow body": dribble(HEAD + b"Content-Length: 9999\r\n\r\n"),
    "body without length": dribble(HEAD + b"\r\n"),
}
DOUBTFUL = {
    **SLOW,
    "reset": reset,
    "closed at once": lambda _: None,
    "cut body": sending(HEAD + b"Content-Length: 99\r\n\r\n{"),
    "cut chunks": sending(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{"),
    "no HTTP": sending(b"\x00\x01\x02\r\n\r\n"),
    "endless head": sending(HEAD + b"X-A: " + b"a" * 200_000),
    "bad packing": sending(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"),
    "too large": sending(HEAD + b"\r\n" + b" " * (3 * MIB)),
    "bomb": sending(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b" " * (64 * MIB))),
}


@pytest.mark.parametrize("serve", DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_may_have_been_accepted_is_unknown_as_for_one_call(crowd, serve):
    with raw_server(serve) as port:
        began = time.monotonic()
        problem = outcome(crowd, port, json={"a": 1})
        assert time.monotonic() - began < 4
    assert isinstance(problem, requests.RequestException)
    assert isinstance(http.classify(problem, idempotent=False), Unknown)
    error = http.classify(problem, idempotent=True)
    assert isinstance(error, Unavailable)
    assert not isinstance(error, Unknown)


def test_what_never_left_is_surely_not_accepted(crowd):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    error = http.classify(outcome(crowd, port), idempotent=False)
    assert type(error) is Unavailable
    assert "127.0.0.1 could not be reached" in error.message


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/", "/../x", "/%2e%2e/x"])
def test_nothing_leaves_the_origin(crowd, httpserver, target):
    base = Call(f"http://127.0.0.1:{httpserver.port}/board", "GET", target, 1.0)
    with pytest.raises(http.AddressRefused) as caught:
        crowd.ask(base).result(timeout=5)
    assert isinstance(http.classify(caught.value, idempotent=False), Rejected)
    assert not httpserver.log


def test_a_redirect_is_an_answer_and_is_not_followed(crowd, httpserver):
    httpserver.expect_request("/a").respond_with_data("", 302, {"Location": "/b"})
    answer = outcome(crowd, httpserver.port, "GET", "/a")
    assert (answer.status_code, answer.headers["location"]) == (302, "/b")
    assert len(httpserver.log) == 1


def test_an_answer_reads_like_one_of_requests(crowd, httpserver):
    packed = Response(zlib.compress(b'{"a": [1, 2]}'), 429, {"Retry-After": "7"})
    packed.headers["Content-Encoding"] = "deflate"
    httpserver.expect_request("/a").respond_with_response(packed)
    answer = outcome(
        crowd,
        httpserver.port,
        target="/a",
        json={"ü": None},
        headers={"Authorization": "Bearer x"},
        params={"ids": ["one", "two"], "q": "a b&c"},
    )
    assert http.object_of(answer) == {"a": [1, 2]}
    assert http.retry_after(answer).total_seconds() == 7
    assert isinstance(http.classify(answer, idempotent=False), Unavailable)
    (request, _) = httpserver.log[0]
    assert request.get_json() == {"ü": None}
    assert request.content_type == "application/json"
    assert request.args.getlist("ids") == ["one", "two"]
    assert request.args["q"] == "a b&c"
    assert request.headers["Authorization"] == "Bearer x"
    assert request.headers["User-Agent"] == http.USER_AGENT


@pytest.mark.parametrize("options", [{"data": {"a": "b c"}}, {"auth": ("ü", "p:w")}, {"json": {}}])
def test_options_mean_what_they_mean_to_requests(crowd, httpserver, options):
    httpserver.expect_request("/a").respond_with_data("ok")
    outcome(crowd, httpserver.port, target="/a", **options)
    with http.configured(f"http://127.0.0.1:{httpserver.port}") as session:
        session.request("POST", "/a", **options)
    one, other = (request for request, _ in httpserver.log)
    assert one.get_data() == other.get_data()
    assert one.headers.get("Authorization") == other.headers.get("Authorization")
    if "auth" not in options:
        assert one.content_type == other.content_type


def test_calls_go_side_by_side_and_a_dead_board_holds_up_nobody(crowd):
    together = threading.Barrier(5)

    def meet(peer):
        together.wait(timeout=5)  # passes only when five calls are here at once
        peer.sendall(HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")

    with raw_server(meet) as port, raw_server(lambda _: time.sleep(1.5)) as dead:
        hanging = crowd.ask(Call(f"http://127.0.0.1:{dead}", "GET", "/", 1.0))
        calls = [crowd.ask(Call(f"http://127.0.0.1:{port}", "GET", "/", 8.0)) for _ in range(5)]
        done, _ = wait(calls, timeout=8)
        assert {one.result().status_code for one in done} == {200}
        assert len(done) == 5
        with pytest.raises(requests.ReadTimeout):
            hanging.result(timeout=5)


def test_what_is_in_the_air_at_the_end_is_broken_off():
    with raw_server(lambda _: time.sleep(2)) as port:
        with Crowd() as short:
            hanging = short.ask(Call(f"http://127.0.0.1:{port}", "GET", "/", 30.0))
            time.sleep(0.05)
            began = time.monotonic()
        assert time.monotonic() - began < 1.5
        assert hanging.done()
