import json
import socket

import pytest

from tests.sandbox.running import make_job


@pytest.fixture
def line(boards):
    with socket.create_connection(("127.0.0.1", boards.port), timeout=5) as connection:
        yield connection


def send(line, *parts):
    line.sendall(b"".join(parts))


def read_answer(line):
    """Read exactly one answer: its status, headers and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = line.recv(1)
        if not piece:
            return 0, {}, b""
        data += piece
    head = data.decode().split("\r\n")
    headers = dict(field.lower().split(": ", 1) for field in head[1:] if field)
    body = b""
    while missing := int(headers.get("content-length", 0)) - len(body):
        body += line.recv(missing)
    return int(head[0].split()[1]), headers, body


def is_closed(line):
    return line.recv(1) == b""


POST = (
    b"POST /glassdoor/api/employer/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"X-Partner-Id: p\r\nX-API-Key: k\r\n"
)
GET = b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def test_one_connection_carries_many_requests(line):
    for _ in range(3):
        send(line, GET, b"\r\n")
        status, headers, body = read_answer(line)
        assert (status, headers["connection"], json.loads(body)) == (
            200,
            "keep-alive",
            {"posts": []},
        )


def test_requests_may_be_sent_before_the_answers_came(line):
    send(line, GET, b"\r\n", GET, b"\r\n")

    assert [read_answer(line)[0] for _ in range(2)] == [200, 200]


def test_a_client_that_wants_to_leave_is_let_go(line):
    send(line, GET, b"Connection: close\r\n\r\n")

    assert read_answer(line)[0] == 200
    assert is_closed(line)


def test_http_1_0_is_answered_and_closed(line):
    send(line, b"GET /live HTTP/1.0\r\nHost: localhost\r\n\r\n")

    assert read_answer(line)[0] == 200
    assert is_closed(line)


def test_a_body_may_come_in_chunks(line):
    body = json.dumps(make_job("a")).encode()
    chunks = b"%x;note=1\r\n%s\r\n%x\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (
        10,
        body[:10],
        len(body) - 10,
        body[10:],
    )
    send(line, POST, b"Transfer-Encoding: chunked\r\n\r\n", chunks, GET, b"\r\n")

    assert [read_answer(line)[0] for _ in range(2)] == [201, 200]


def test_a_careful_client_is_told_to_go_on(line):
    body = json.dumps(make_job("a")).encode()
    send(line, POST, b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
    assert read_answer(line)[0] == 100
    send(line, body)

    assert read_answer(line)[0] == 201


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET http://other.example/ HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (GET + b"no colon here\r\n\r\n", 400),
        (POST + b"Content-Length: many\r\n\r\n", 400),
        (POST + b"Content-Length: 99999999999\r\n\r\n", 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413),
        (GET + b"X: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_a_broken_request_is_answered_and_closed(line, request_, status):
    send(line, request_)

    assert read_answer(line)[0] == status


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"jobTitle": "\\ud800", "location": "Oslo", "salaryMin": 1, "salaryMax": 2}',
        b'{"jobTitle": "x", "location": "Oslo", "salaryMin": 1e999, "salaryMax": NaN}',
        b'{"externalReference": {"a": 1}}',
    ],
)
def test_odd_json_is_refused_and_the_connection_lives_on(line, body):
    send(line, POST, b"Content-Length: %d\r\n\r\n" % len(body), body)
    assert read_answer(line)[0] in {400, 422}
    send(line, GET, b"\r\n")

    assert json.loads(read_answer(line)[2]) == {"posts": []}


def test_a_head_request_gets_no_body(line):
    send(line, b"HEAD /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", GET, b"\r\n")
    data = b""
    while data.count(b"\r\n\r\n") < 2:
        data += line.recv(65536)

    first, second = data.split(b"\r\n\r\n")[:2]
    assert first.startswith(b"HTTP/1.1 404")
    assert second.startswith(b"HTTP/1.1 200")
