"""Bounds of time and size, broken answers and TLS, against servers that misbehave."""

import gzip
import ipaddress
import itertools
import resource
import socket
import ssl
import time
import zlib
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jobly import http
from jobly.errors import Unavailable, Unknown

from .servers import raw_server, reset

pytestmark = pytest.mark.row(16)
MIB = 1 << 20
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def _dribble(first, forever):
    def serve(peer):
        peer.sendall(first)
        while True:
            peer.sendall(forever)
            time.sleep(0.05)

    return serve


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(_dribble(b"H", b""), id="silence"),
        pytest.param(_dribble(HEAD, b"X-A: b\r\n"), id="endless headers"),
        pytest.param(_dribble(HEAD + b"X-A: ", b"b"), id="endless header"),
        pytest.param(_dribble(HEAD + b"Content-Length: 9999\r\n\r\n", b" "), id="slow body"),
        pytest.param(_dribble(HEAD + b"\r\n", b" "), id="body without length"),
        pytest.param(
            _dribble(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), id="slow chunks"
        ),
    ],
)
def test_a_call_ends_at_its_deadline_however_slowly_it_is_fed(serve):
    with raw_server(serve) as port, http.configured(f"http://127.0.0.1:{port}") as session:
        began = time.monotonic()
        with pytest.raises(requests.RequestException) as caught:
            session.post("/", timeout=0.6)
        assert 0.4 < time.monotonic() - began < 2
    assert isinstance(http.classify(caught.value, idempotent=False), Unknown)
    assert not isinstance(http.classify(caught.value, idempotent=True), Unknown)


def test_a_peer_that_takes_nothing_meets_the_deadline_too():
    def deaf(peer):
        time.sleep(3)

    with raw_server(deaf) as port, http.configured(f"http://127.0.0.1:{port}") as session:
        began = time.monotonic()
        with pytest.raises(requests.RequestException):
            session.post("/", data=b"x" * 64 * MIB, timeout=0.5)
        assert time.monotonic() - began < 2


def test_redirects_share_one_deadline():
    def again(peer):
        time.sleep(0.25)
        peer.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    with raw_server(again) as port, http.configured(f"http://127.0.0.1:{port}") as session:
        began = time.monotonic()
        with pytest.raises(requests.RequestException):
            session.get("/", timeout=0.5)
        assert time.monotonic() - began < 1.5


def test_a_slow_look_up_meets_the_deadline():
    def slow(*_):
        time.sleep(4)
        return ["127.0.0.1"]

    with http.outside(timeout=0.3, resolve=slow) as session:
        began = time.monotonic()
        with pytest.raises(requests.ConnectTimeout):
            session.get("http://feed.test/")
        assert time.monotonic() - began < 1.5


def _endless(peer):
    peer.sendall(HEAD + b"\r\n")
    while True:
        peer.sendall(b" " * 65536)


def test_an_endless_body_is_left_at_the_cap():
    with (
        raw_server(_endless) as port,
        http.configured(f"http://127.0.0.1:{port}", max_bytes=MIB) as session,
        pytest.raises(http.AnswerTooLarge) as caught,
    ):
        session.get("/")
    assert isinstance(http.classify(caught.value, idempotent=False), Unknown)


def _endless_wrapping(peer):
    peer.sendall(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"", 1)[:10])
    while True:
        peer.sendall(b"\x00\x00\x00\xff\xff" * 10_000)  # stored blocks of nothing


def _endless_interim(peer):
    while True:
        peer.sendall(b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n" * 1000)


@pytest.mark.parametrize("serve", [_endless_wrapping, _endless_interim])
def test_what_never_becomes_a_body_is_left_too(serve):
    with (
        raw_server(serve) as port,
        http.configured(f"http://127.0.0.1:{port}", max_bytes=MIB) as session,
    ):
        began = time.monotonic()
        with pytest.raises(http.AnswerTooLarge):
            session.get("/")
        assert time.monotonic() - began < 5


def _bomb(layers):
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(pack.compress(bytes(MIB)) for _ in range(300)) + pack.flush()
    for _ in range(layers - 1):
        body = gzip.compress(body)
    return body


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_is_left_at_the_cap_and_memory_stays_flat(httpserver, layers):
    httpserver.expect_request("/").respond_with_data(
        _bomb(layers), headers={"Content-Encoding": ", ".join(["gzip"] * layers)}
    )
    with http.configured(httpserver.url_for("/"), max_bytes=4 * MIB) as session:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(http.AnswerTooLarge):
            session.get("/")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


def test_a_body_of_exactly_the_cap_is_taken(httpserver):
    httpserver.expect_request("/").respond_with_data(
        gzip.compress(b"x" * MIB), headers={"Content-Encoding": "gzip"}
    )
    with http.configured(httpserver.url_for("/"), max_bytes=MIB) as session:
        assert session.get("/").content == b"x" * MIB


def _cut(peer):
    peer.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"id": 1')


def _cut_chunk(peer):
    peer.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\n{")


def _reset_after_head(peer):
    peer.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
    time.sleep(0.05)
    reset(peer)


def _not_gzip(peer):
    peer.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")


def _not_http(peer):
    peer.sendall(b"\x15\x03\x01\x00\x02\x02\x28")


@pytest.mark.parametrize(
    "serve", [_cut, _cut_chunk, _reset_after_head, _not_gzip, _not_http, reset, lambda _: None]
)
def test_a_broken_answer_is_unknown_unless_the_call_may_be_repeated(serve):
    with (
        raw_server(serve) as port,
        http.configured(f"http://127.0.0.1:{port}") as session,
        pytest.raises(requests.RequestException) as caught,
    ):
        session.post("/", json={"a": 1})
    assert type(http.classify(caught.value, idempotent=False)) is Unknown
    assert type(http.classify(caught.value, idempotent=True)) is Unavailable


@pytest.mark.parametrize(
    "body", ["", "{", '{"id": 1', "[]", "null", "<html>", "[" * 100_000, '{"a":' * 100_000]
)
def test_json_that_is_no_object_counts_as_a_cut_body(httpserver, body):
    httpserver.expect_request("/").respond_with_data(body, content_type="application/json")
    with (
        http.configured(httpserver.url_for("/")) as session,
        pytest.raises(requests.JSONDecodeError) as caught,
    ):
        http.object_of(session.get("/"))
    assert type(http.classify(caught.value, idempotent=False)) is Unknown


def test_what_never_left_is_unavailable_even_for_a_create():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
    session = http.configured(f"http://127.0.0.1:{port}")  # where nobody listens any more
    with session, pytest.raises(requests.ConnectionError) as caught:
        session.post("/")
    assert type(http.classify(caught.value, idempotent=False)) is Unavailable


def test_a_name_nobody_knows_is_unavailable():
    def nobody(*_):
        raise socket.gaierror(socket.EAI_NONAME, "no")

    with http.outside(resolve=nobody) as session:
        for url in ("http://feed.test/", f"http://{'a' * 64}.test/"):
            with pytest.raises(requests.RequestException) as caught:
                session.post(url)
    assert type(http.classify(caught.value, idempotent=False)) is not Unknown


def test_a_connection_that_is_not_taken_is_unavailable():
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # fill the backlog: further SYNs are dropped
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        session = stack.enter_context(http.configured(f"http://127.0.0.1:{full.getsockname()[1]}"))
        with pytest.raises(requests.ConnectTimeout) as caught:
            session.post("/", timeout=0.4)
    assert type(http.classify(caught.value, idempotent=False)) is Unavailable


def test_a_session_is_used_again_after_a_failure():
    turns = itertools.count()

    def serve(peer):
        if next(turns) % 2:
            peer.sendall(HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
        else:
            _cut(peer)

    with raw_server(serve) as port, http.configured(f"http://127.0.0.1:{port}") as session:
        for _ in range(3):
            with pytest.raises(requests.RequestException):
                session.get("/")
            assert http.object_of(session.get("/")) == {}


def _certificate(folder, name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "cert.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return str(file)


@pytest.fixture
def board(tmp_path):
    """A TLS server of the name board.test; yields its port, its certificate and the names asked."""
    file = _certificate(tmp_path, "board.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    asked = []
    context.sni_callback = lambda _, name, __: asked.append(name)

    def serve(peer):
        peer.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")

    with raw_server(serve, context) as port:
        yield port, file, asked


def _to(port):
    return http.outside(
        timeout=5,
        ports=(port,),
        resolve=lambda *_: ["127.0.0.1"],
        allow=lambda address: address == ipaddress.ip_address("127.0.0.1"),
    )


def test_the_certificate_is_the_names_though_the_connection_goes_to_an_address(board):
    port, file, asked = board
    with _to(port) as session:
        session.verify = file
        assert http.object_of(session.get(f"https://board.test:{port}/")) == {}
    assert asked == ["board.test"]


@pytest.mark.parametrize(("name", "trusted"), [("other.test", True), ("board.test", False)])
def test_a_certificate_of_another_or_of_nobody_is_refused_before_anything_is_sent(
    board, name, trusted
):
    port, file, _ = board
    with _to(port) as session, pytest.raises(requests.exceptions.SSLError) as caught:
        session.post(f"https://{name}:{port}/", verify=file if trusted else True)
    assert type(http.classify(caught.value, idempotent=False)) is Unavailable


def test_a_handshake_that_never_ends_meets_the_deadline():
    def silent(peer):
        time.sleep(3)

    with raw_server(silent, greet=False) as port, _to(port) as session:
        began = time.monotonic()
        with pytest.raises(requests.RequestException):
            session.get(f"https://board.test:{port}/", timeout=0.4)
        assert time.monotonic() - began < 2
