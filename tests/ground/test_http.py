"""The ways out: addresses, redirects and credentials, against real servers."""

import itertools
from ipaddress import ip_address

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import Response

from jobly import http
from jobly.errors import Rejected, Unknown
from jobly.http.addresses import is_public

from .servers import raw_server

LOOPBACK = ip_address("127.0.0.1")


def at_loopback(server, **names):
    """Open the outside to one server: `*.test` is 127.0.0.1, and nothing else is allowed."""
    return http.outside(
        timeout=5,
        ports=(server if isinstance(server, int) else server.port,),
        resolve=lambda host, _: (
            [names.get(host.split(".")[0], "127.0.0.1")] if host.endswith(".test") else [host]
        ),
        allow=lambda address: address == LOOPBACK,
    )


# addresses


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://017700000001/",
        "http://localhost/",
        "http://0/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.0.2.1/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://192.88.99.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::127.0.0.1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:7f00:1::]/",
        "http://[2001:db8::1]/",
        "http://[3fff::1]/",
        "http://[fe80::1]/",
        "http://[fec0::1]/",
        "http://[fd00::1]/",
        "http://[ff02::1]/",
        "http://[5f00::1]/",
        "http://[2a00:1450::5efe:7f00:1]/",
        "http://user@example.com/",
        "http://user:word@example.com/",
        "http://example.com@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://127.0.0.1#@example.com/",
        "http://example.com:22/",
        "http://example.com:8080/",
        "https://127.0.0.1/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "//127.0.0.1/",
        "http:///nowhere",
        "http://[::1",
        "",
    ],
)
def test_the_outside_is_no_place_of_ours(url):
    with http.outside(timeout=2) as session, pytest.raises(requests.RequestException) as caught:
        session.get(url)
    assert isinstance(http.classify(caught.value, idempotent=True), Rejected)


@pytest.mark.parametrize(
    "text", ["93.184.216.34", "8.8.8.8", "2606:4700::6810:84e5", "2a00:1450::1"]
)
def test_public_addresses_are_public(text):
    assert is_public(ip_address(text))


@given(st.ip_addresses(v=4))
def test_no_disguise_of_an_address_is_public(address):
    number = int(address)
    for disguise in (
        number,  # ::a.b.c.d
        0xFFFF << 32 | number,
        0x0064FF9B << 96 | number,
        0x2002 << 112 | number << 80,
        0x2001 << 112 | number,
        0x2A001450 << 96 | 0x5EFE << 32 | number,
    ):
        assert not is_public(type(ip_address("::"))(disguise))


def test_a_name_is_looked_up_once_and_the_connection_goes_there(httpserver):
    httpserver.expect_request("/").respond_with_handler(lambda r: Response(r.headers["Host"]))
    answers = itertools.chain([["127.0.0.1"]], itertools.repeat(["127.0.0.2"]))
    asked = []

    def rebinding(host, port):
        asked.append((host, port))
        return next(answers)

    allow = lambda address: address == LOOPBACK  # noqa: E731
    session = http.outside(ports=(httpserver.port,), resolve=rebinding, allow=allow)
    with session:
        answer = session.get(f"http://feed.test:{httpserver.port}/")
    assert answer.text == f"feed.test:{httpserver.port}"
    assert asked == [("feed.test", httpserver.port)]


def test_of_several_addresses_only_allowed_ones_are_tried(httpserver):
    httpserver.expect_request("/").respond_with_data("here")
    tried = []

    def allow(address):
        tried.append(address)
        return address == LOOPBACK

    session = http.outside(
        ports=(httpserver.port,),
        resolve=lambda *_: ["169.254.169.254", "fe80::1%eth0", "garbage", "::1", "127.0.0.1"],
        allow=allow,
    )
    with session:
        assert session.get(f"http://feed.test:{httpserver.port}/").text == "here"
    assert LOOPBACK in tried


def test_proxies_of_the_environment_are_not_used(httpserver, monkeypatch):
    httpserver.expect_request("/").respond_with_data("direct")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with at_loopback(httpserver) as session:
        assert session.get(f"http://feed.test:{httpserver.port}/").text == "direct"
    with http.configured(httpserver.url_for("/")) as session:
        assert session.get("/", proxies={"http": "http://127.0.0.1:9/"}).text == "direct"


# redirects


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{port}/secret",
        "http://[::1]:{port}/secret",
        "http://169.254.169.254/",
        "http://feed.test:22/",
        "http://root@feed.test:{port}/secret",
        "file:///etc/passwd",
        "//127.0.0.2:{port}/secret",
    ],
)
def test_a_redirect_is_checked_like_the_first_address(httpserver, target):
    there = target.format(port=httpserver.port)
    httpserver.expect_request("/").respond_with_data("", 302, {"Location": there})
    httpserver.expect_request("/secret").respond_with_data("secret")
    url = f"http://feed.test:{httpserver.port}/"
    with at_loopback(httpserver) as session, pytest.raises(requests.RequestException) as caught:
        session.post(url)
    assert isinstance(caught.value, http.RedirectRefused)
    assert isinstance(http.classify(caught.value, idempotent=False), Unknown)


def test_three_redirects_are_followed_and_a_fourth_is_not(httpserver):
    for number in range(5):
        httpserver.expect_request(f"/{number}").respond_with_data(
            "there", 302, {"Location": f"/{number + 1}"}
        )
    httpserver.expect_request("/5").respond_with_data("there")
    with at_loopback(httpserver) as session:
        assert session.get(f"http://feed.test:{httpserver.port}/2").text == "there"
        with pytest.raises(requests.TooManyRedirects):
            session.get(f"http://feed.test:{httpserver.port}/1")


def _two_hosts(httpserver, seen):
    def elsewhere(request):
        seen.update(request.headers)
        return Response("there")

    there = f"http://b.test:{httpserver.port}/there"
    httpserver.expect_request("/").respond_with_data(
        "", 307, {"Location": there, "Set-Cookie": "c=1"}
    )
    httpserver.expect_request("/there").respond_with_handler(elsewhere)


def test_credentials_do_not_cross_to_another_origin(httpserver):
    seen = {}
    _two_hosts(httpserver, seen)
    secrets = {"Authorization": "Bearer x", "X-Api-Key": "x", "Cookie": "a=b", "X-Sig": "x"}
    with at_loopback(httpserver) as session:
        session.post(f"http://a.test:{httpserver.port}/", json={}, headers=secrets)
    assert not {"Authorization", "X-Api-Key", "Cookie", "X-Sig"} & set(seen)
    assert seen["Content-Type"] == "application/json"


def test_credentials_stay_on_the_same_origin(httpserver):
    httpserver.expect_request("/").respond_with_data("", 302, {"Location": "/there"})
    httpserver.expect_request("/there").respond_with_handler(
        lambda request: Response(request.headers.get("X-Api-Key", "none"))
    )
    with at_loopback(httpserver) as session:
        url = f"http://a.test:{httpserver.port}/"
        assert session.get(url, headers={"X-Api-Key": "mine"}).text == "mine"


def test_the_outside_sets_no_cookies(httpserver):
    httpserver.expect_request("/").respond_with_data("", 200, {"Set-Cookie": "id=1"})
    with at_loopback(httpserver) as session:
        session.get(f"http://a.test:{httpserver.port}/")
        assert not session.cookies


# configured


def test_a_configured_session_takes_paths_from_its_base(httpserver):
    httpserver.expect_request("/api/v1/jobs").respond_with_json({"jobs": []})
    with http.configured(httpserver.url_for("/api/")) as session:
        assert http.object_of(session.get("/v1/jobs")) == {"jobs": []}
        assert session.get(httpserver.url_for("/api/v1/jobs")).ok


@pytest.mark.parametrize(
    "path",
    ["/other", "/api/../other", "/api/%2e%2e/other", "/apis", "/"],
)
def test_a_configured_session_stays_under_its_path(httpserver, path):
    httpserver.expect_request("/other").respond_with_data("no")
    session = http.configured(httpserver.url_for("/api"))
    with session, pytest.raises(http.AddressRefused):
        session.get(httpserver.url_for("") + path)


@pytest.mark.parametrize(
    "url", ["http://localhost:{port}/", "https://127.0.0.1:{port}/", "http://127.0.0.1:1/"]
)
def test_a_configured_session_knows_one_origin(httpserver, url):
    session = http.configured(f"http://127.0.0.1:{httpserver.port}")
    with session, pytest.raises(http.AddressRefused):
        session.get(url.format(port=httpserver.port))


def test_a_configured_session_is_not_led_away(httpserver):
    httpserver.expect_request("/a").respond_with_data(
        "", 302, {"Location": f"http://localhost:{httpserver.port}/b"}
    )
    httpserver.expect_request("/b").respond_with_data("b")
    httpserver.expect_request("/c").respond_with_data("", 302, {"Location": "/b"})
    with http.configured(f"http://127.0.0.1:{httpserver.port}") as session:
        assert session.get("/c").text == "b"
        with pytest.raises(http.RedirectRefused):
            session.get("/a")


@pytest.mark.parametrize(
    "origin", ["", "board", "ftp://board.test", "http://", "http://a:b@c/", "http://a/?q=1"]
)
def test_what_is_no_base_url_is_refused(origin):
    with pytest.raises(Rejected):
        http.configured(origin)


@pytest.mark.parametrize("there", [b"http://[::1", b"/\xff\xfe", b"http://:0:0/", b"//"])
def test_a_location_that_is_no_address_is_an_error_of_ours(there):
    def serve(peer):
        peer.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + there + b"\r\n\r\n")

    with (
        raw_server(serve) as port,
        at_loopback(port) as session,
        pytest.raises(requests.RequestException) as caught,
    ):
        session.post(f"http://feed.test:{port}/")
    assert isinstance(http.classify(caught.value, idempotent=False), Unknown)
