"""Endpoints hear of their company's facts: signed, again and again, until they say 2xx."""

import time
from datetime import timedelta
from threading import Event as Signal

import pytest
from django.db.models.functions import Now
from pytest_httpserver import HTTPServer
from werkzeug import Response

from distribution.actions import changes, endpoints, telling
from distribution.errors import EndpointExists, EndpointOff
from distribution.models import HookDelivery, HookEndpoint, HookTry
from distribution.rules import telling as rules
from jobly.errors import Rejected
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.make import make_company

from .hooks import signed
from .make import make_channel, make_distribution
from .test_api import client_of

pytestmark = pytest.mark.django_db(transaction=True)
State = HookDelivery.State


class Sink:
    """An endpoint that keeps what it hears and answers as it is told."""

    def __init__(self, server, settings):
        self.server, self.heard, self.says = server, [], []
        server.expect_request("/hook").respond_with_handler(self._take)
        settings.HOOK_PRIVATE_ORIGINS = [self.origin]

    @property
    def origin(self):
        return self.server.url_for("").rstrip("/")

    def _take(self, request):
        self.heard.append((request.headers["webhook-id"], request.get_data(), request.headers))
        answer = self.says.pop(0) if self.says else 204
        return answer if isinstance(answer, Response) else Response(status=answer)


@pytest.fixture
def sink(settings):
    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        yield Sink(server, settings)


@pytest.fixture
def acme():
    return make_company("acme")


def make_endpoint(company, sink, **options):
    row, secret = endpoints.create_endpoint(company, url=f"{sink.origin}/hook", **options)
    return row, secret


def counters(row, views=1):
    """Tell one fact of a company."""
    changes.update_metrics(row, views=views)


def work():
    """Do what the clock and the workers do, until nothing is due."""
    telling.sweep_tellings()
    for _ in range(5):
        Run.objects.filter(kind__in=[telling.TELL, telling.DELIVER], status="queued").update(
            available_at=Now()
        )
        drain()


def later(delivery):
    """Let the time until the next try pass."""
    HookDelivery.objects.filter(pk=delivery.pk, state="pending").update(next_at=Now())
    HookEndpoint.objects.update(resting_until=None)
    work()
    delivery.refresh_from_db()


def test_a_fact_reaches_the_endpoint_signed_and_small(acme, sink):
    row = make_distribution(channel=make_channel(acme, "internal"))
    drain()
    endpoint, secret = make_endpoint(acme, sink)
    counters(row, 7)
    work()

    ((name, body, headers),) = sink.heard
    moment = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signed(secret, name, moment, body)
    assert abs(time.time() - moment) < 60
    seq = Event.objects.get(fact="distribution.metrics_updated").seq
    assert name == f"evt_{acme.pk.hex}_{seq}"
    delivery = HookDelivery.objects.get()
    assert (delivery.state, delivery.tries, delivery.body.encode()) == ("delivered", 1, body)
    assert delivery.type == "distribution.metrics_updated"
    assert '"views":7,' in delivery.body.replace(" ", "")
    work()
    assert len(sink.heard) == 1, "once said 2xx, never told again"
    assert endpoint.cursor <= seq


def test_an_endpoint_hears_of_its_own_company_and_of_what_it_chose(acme, sink):
    other = make_company("other")
    mine = make_distribution(channel=make_channel(acme, "internal"))
    theirs = make_distribution(channel=make_channel(other, "internal"))
    make_endpoint(acme, sink, events=["distribution.published"])
    counters(theirs)
    counters(mine)
    drain()
    work()
    assert [row.type for row in HookDelivery.objects.all()] == ["distribution.published"]
    assert str(mine.pk) in HookDelivery.objects.get().body


def test_nothing_of_before_is_told_and_nothing_between(acme, sink):
    row = make_distribution(channel=make_channel(acme, "internal"))
    counters(row)
    endpoint, _ = make_endpoint(acme, sink, events=["distribution.metrics_updated"])
    work()
    assert sink.heard == []
    endpoints.change_endpoint(endpoint, enabled=False)
    counters(row, 2)
    work()
    assert sink.heard == []
    endpoints.change_endpoint(endpoint, enabled=True)
    work()
    assert len(sink.heard) == 1, "what happened while it was off is told then"


@pytest.mark.parametrize("answer", [500, 404, 302, 503])
def test_what_is_not_taken_is_told_again_under_the_same_id(acme, sink, answer):
    endpoint, _ = make_endpoint(acme, sink)
    sink.says = [Response(status=answer, headers={"Location": f"{sink.origin}/hook"})]
    delivery = endpoints.ping(endpoint)
    work()
    delivery.refresh_from_db()
    assert (delivery.state, len(sink.heard)) == ("pending", 1)
    assert str(answer) in delivery.why
    later(delivery)
    assert delivery.state == "delivered"
    assert len({name for name, _, _ in sink.heard}) == 1
    assert [one.http_status for one in delivery.attempts.all()] == [answer, 204]


def test_ten_tries_in_75_hours_and_then_it_is_given_up(acme, sink):
    endpoint, _ = make_endpoint(acme, sink)
    sink.says = [500] * 10
    delivery, waits = endpoints.ping(endpoint), []
    work()
    while delivery.state == "pending":
        delivery.refresh_from_db()
        if delivery.state == "pending":
            waits.append(delivery.next_at - delivery.attempts.order_by("-number")[0].ended_at)
            later(delivery)
    assert (delivery.state, delivery.tries, len(sink.heard)) == ("dead", 10, 10)
    assert "given up after 10 tries" in delivery.why
    total = sum(waits, timedelta())
    assert timedelta(hours=67) < total < timedelta(hours=84)
    endpoint.refresh_from_db()
    assert endpoint.enabled, "one thing it does not take is no reason yet"

    endpoints.replay(delivery)
    later(delivery)
    assert (delivery.state, delivery.tries) == ("delivered", 1)
    assert len({name for name, _, _ in sink.heard}) == 1


def test_who_takes_nothing_for_three_days_is_told_no_more_and_that_shows(acme, sink):
    endpoint, _ = make_endpoint(acme, sink)
    sink.says = [500] * 2
    first, second = endpoints.ping(endpoint), endpoints.ping(endpoint)
    work()
    HookEndpoint.objects.update(failing_since=Now() - rules.PATIENCE)
    HookDelivery.objects.filter(pk=first.pk).update(tries=9, next_at=Now())
    sink.says = [500]
    work()
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "it took nothing for 72 hours")
    assert set(HookDelivery.objects.values_list("state", flat=True)) == {"dead"}
    assert Event.objects.filter(fact="distribution.endpoint_disabled").count() == 1
    with pytest.raises(EndpointOff):
        endpoints.replay(second)

    on = endpoints.change_endpoint(endpoint, enabled=True)
    assert endpoints.replay_dead(on) == 2
    work()
    assert list(HookDelivery.objects.filter(type="ping").values_list("state", flat=True)) == [
        "delivered",
        "delivered",
    ]


def test_gone_means_gone(acme, sink):
    endpoint, _ = make_endpoint(acme, sink)
    sink.says = [410]
    delivery = endpoints.ping(endpoint)
    work()
    delivery.refresh_from_db()
    endpoint.refresh_from_db()
    assert (delivery.state, endpoint.enabled) == ("dead", False)
    assert endpoint.disabled_reason == "it answered 410 Gone"


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_by_all_that_is_told_there(acme, sink, status):
    endpoint, _ = make_endpoint(acme, sink)
    sink.says = [Response(status=status, headers={"Retry-After": "1200"})]
    delivery = endpoints.ping(endpoint)
    work()
    endpoints.ping(endpoint)
    work()
    assert len(sink.heard) == 1, "it rests"
    delivery.refresh_from_db()
    endpoint.refresh_from_db()
    assert delivery.next_at - delivery.attempts.get().ended_at > timedelta(minutes=19)
    assert endpoint.resting_until > delivery.attempts.get().ended_at + timedelta(minutes=19)


def test_a_slow_endpoint_holds_no_other(acme, sink):
    release, told = Signal(), []

    def stall(request):
        release.wait(10)
        told.append(("slow", len(sink.heard)))
        return Response(status=204)

    def let_go(request):
        answer = sink._take(request)
        if len(sink.heard) == 5:
            release.set()
        return answer

    sink.server.expect_request("/slow").respond_with_handler(stall)
    sink.server.expect_request("/quick").respond_with_handler(let_go)
    slow, _ = endpoints.create_endpoint(acme, url=f"{sink.origin}/slow")
    quick, _ = endpoints.create_endpoint(acme, url=f"{sink.origin}/quick")
    endpoints.ping(slow)
    for _ in range(5):
        endpoints.ping(quick)
    work()
    assert told == [("slow", 5)], "five were told while the slow one had one"
    assert not HookDelivery.objects.exclude(state="delivered").exists()


def test_both_secrets_sign_while_one_is_replaced(acme, sink):
    endpoint, old = make_endpoint(acme, sink)
    new = endpoints.rotate_secret(endpoint)
    endpoints.ping(endpoint)
    work()
    ((name, body, headers),) = sink.heard
    moment = int(headers["webhook-timestamp"])
    wanted = {signed(secret, name, moment, body) for secret in (old, new)}
    assert set(headers["webhook-signature"].split(" ")) == wanted


PRIVATE = [
    "http://127.0.0.1/x",
    "https://127.0.0.1/x",
    "https://[::1]/x",
    "https://10.0.0.8/x",
    "https://169.254.169.254/latest",
    "https://localhost/x",
    "https://user:pw@hooks.example/x",
    "https://hooks.example:8443/x",
    "http://hooks.example/x",
    "ftp://hooks.example/x",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_no_address_of_ours_is_told(acme, url):
    with pytest.raises(Rejected):
        endpoints.create_endpoint(acme, url=url)
    assert not HookEndpoint.objects.exists()


def test_a_name_that_leads_home_is_refused_when_it_is_told(acme, sink, settings):
    endpoint, _ = make_endpoint(acme, sink)
    settings.HOOK_PRIVATE_ORIGINS = []
    delivery = endpoints.ping(endpoint)
    work()
    attempt = delivery.attempts.get()
    assert (sink.heard, attempt.http_status) == ([], None)
    assert "not" in attempt.error


def test_a_redirect_home_is_not_followed(acme, sink):
    endpoint, _ = make_endpoint(acme, sink)
    sink.says = [Response(status=307, headers={"Location": "http://127.0.0.1:1/steal"})]
    delivery = endpoints.ping(endpoint)
    work()
    delivery.refresh_from_db()
    assert "redirects are not followed" in delivery.why
    assert delivery.attempts.get().http_status == 307


def test_the_rest_api_makes_shows_pings_and_replays(acme, sink):
    api, url = client_of(acme), "/api/v1/webhook-endpoints/"
    address = f"{sink.origin}/hook"
    made = api.post(url, {"url": address, "events": ["distribution.published"]}, format="json")
    body = made.json()
    assert (made.status_code, body["secret"][:6]) == (201, "whsec_")
    one = f"{url}{body['id']}/"
    assert "secret" not in api.get(one).json()
    assert api.post(url, {"url": address}, format="json").json()["code"] == "endpoint_exists"
    bad = api.post(url, {"url": "https://h.example/", "events": ["x"]}, format="json")
    assert (bad.status_code, list(bad.json()["fields"])) == (400, ["events"])

    sink.says = [500]
    assert api.post(f"{one}ping/").status_code == 202
    work()
    told = api.get(f"{one}deliveries/?state=pending").json()["results"]
    assert [a["http_status"] for a in told[0]["attempts"]] == [500]
    assert told[0]["body"].startswith('{"type":"ping"')
    assert api.post(f"{one}deliveries/{told[0]['id']}/replay/").status_code == 202
    work()
    assert api.get(f"{one}deliveries/").json()["results"][0]["state"] == "delivered"
    assert api.post(f"{one}rotate-secret/").json()["secret"] != body["secret"]
    assert api.patch(one, {"enabled": False}, format="json").json()["enabled"] is False
    assert api.post(f"{one}ping/").json()["code"] == "endpoint_off"
    assert api.delete(one).status_code == 204
    assert not HookTry.objects.exists()


def test_an_address_is_taken_once_a_company(acme, sink):
    make_endpoint(acme, sink)
    with pytest.raises(EndpointExists):
        make_endpoint(acme, sink)
    make_endpoint(make_company("other"), sink)


@pytest.mark.parametrize("rows", [1, 20])
def test_the_lists_take_as_many_queries_for_many(acme, rows, django_assert_num_queries):
    for number in range(rows):
        endpoint, _ = endpoints.create_endpoint(acme, url=f"https://hooks.example/{number}")
    for _ in range(rows):
        endpoints.ping(endpoint).attempts.create(number=1)
    api, url = client_of(acme), "/api/v1/webhook-endpoints/"
    api.get(url)
    with django_assert_num_queries(4):
        assert len(api.get(url).json()["results"]) == rows
    with django_assert_num_queries(6):
        assert len(api.get(f"{url}{endpoint.pk}/deliveries/").json()["results"]) == rows


def test_a_fact_wakes_the_run_where_somebody_listens_only(acme, sink):
    row = make_distribution(channel=make_channel(acme, "internal"))
    Run.objects.all().delete()
    telling.look_again()
    counters(row, 2)
    assert not Run.objects.filter(kind=telling.TELL).exists()
    make_endpoint(acme, sink)
    counters(row, 3)
    counters(row, 4)
    assert Run.objects.filter(kind=telling.TELL).count() == 1
    assert endpoints.forget_deliveries() == {"tellings": 0}
