"""Going out through a proxy of the operator's: it is used, and opens no door to private places."""

from ipaddress import ip_address

import pytest
import requests

from jobly import http
from tests.proxies import forwarding_proxy

LOOPBACK = ip_address("127.0.0.1")


@pytest.fixture
def proxy():
    with forwarding_proxy() as server:
        yield server


def out(proxy, port, *, addresses=("127.0.0.1",)):
    session = http.outside(
        timeout=5, ports=(port,), resolve=lambda *_: list(addresses), allow=lambda a: a == LOOPBACK
    )
    return session.through(proxy)


def test_a_request_goes_through_the_proxy(httpserver, proxy):
    httpserver.expect_request("/jobs").respond_with_data("here")
    port = httpserver.port

    assert out(proxy.address, port).get(f"http://boats.test:{port}/jobs").text == "here"
    inside = http.configured(httpserver.url_for("")).through(proxy.address)
    assert inside.get("/jobs").text == "here"
    assert proxy.asked == [f"http://boats.test:{port}/jobs", f"http://localhost:{port}/jobs"]


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("127.0.0.1", "10.0.0.1"), ()])
def test_a_proxy_is_no_way_to_private_places(httpserver, proxy, addresses):
    session = out(proxy.address, httpserver.port, addresses=addresses)

    with pytest.raises(http.AddressRefused):
        session.get(f"http://inside.test:{httpserver.port}/")
    assert proxy.asked == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_is_known_for_never_having_sent_anything(httpserver, scheme):
    with pytest.raises(requests.RequestException) as dead:
        out("http://127.0.0.1:1", httpserver.port).get(f"{scheme}://a.test:{httpserver.port}/")
    assert http.never_sent(dead.value)


def test_a_refused_tunnel_never_reached_the_site(httpserver, proxy):
    with pytest.raises(requests.RequestException) as refused:
        out(proxy.address, httpserver.port).get(f"https://a.test:{httpserver.port}/")

    assert http.never_sent(refused.value)
    assert proxy.asked == [f"a.test:{httpserver.port}"]
    assert httpserver.log == []
