"""Feeds in the back office: addresses, who came, what the board would say."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from distribution.actions import feeding
from distribution.actions.feeding import Fetch, Got
from distribution.rules.feeds.formats import FORMATS
from tests.distribution.listing import make_listed
from tests.make import make_company, make_member

pytestmark = pytest.mark.django_db
ROOT = "/admin/distribution/feedfetch"


@pytest.fixture
def company():
    return make_company("acme", name="Acme")


@pytest.fixture
def client(company):
    return signed_in(make_member(company))


def signed_in(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def fetched(company, name="indeed", who="indeed", agent="Indeedbot/1.1", *, whole=False):
    kind = FORMATS[name]
    feed = feeding.present(company, kind)
    receipt = feeding.begin_fetch(feed, kind, Fetch(200, who, agent, "10.0.0.1"))
    feeding.end_fetch(feed, receipt, who, Got(feed.jobs, 900, whole=whole))


def test_the_feeds_of_a_company_stand_on_one_page(company, client):
    make_listed(company)
    fetched(company, whole=True)
    page = client.get(f"{ROOT}/feeds/", follow=True).content.decode()
    for kind in FORMATS.values():
        assert kind.file in page
    assert "indeed," in page
    assert "not asked yet" not in page.split("indeed.xml")[1].split("</tr>")[0]


def test_the_page_of_a_feed_gives_the_address_and_who_came(company, client):
    make_listed(company)
    fetched(company)
    page = client.get(f"{ROOT}/feeds/acme/indeed/").content.decode()
    assert "/feeds/acme/indeed.xml" in page
    assert "cut off" in page
    assert "Indeedbot/1.1" in page
    assert "10.0.0.1" not in page


def test_a_feed_is_checked_on_request(company, client):
    make_listed(company, title="Welder $45/h")
    page = client.post(f"{ROOT}/feeds/acme/indeed/").content.decode()
    assert "1 thing the board would refuse" in page
    assert "Pay does not belong into the title." in page
    assert client.get(f"{ROOT}/feeds/acme/monster/").status_code == 404


def test_feeds_of_another_company_do_not_exist(company):
    foreign = signed_in(make_member(make_company("other")))
    fetched(company)
    assert foreign.get(f"{ROOT}/feeds/acme/").status_code == 404
    assert foreign.get(f"{ROOT}/feeds/acme/indeed/").status_code == 404
    assert foreign.post(f"{ROOT}/feeds/acme/indeed/").status_code == 404
    assert "Indeedbot" not in foreign.get(f"{ROOT}/").content.decode()
    nobody = Client().get(f"{ROOT}/feeds/acme/")
    assert nobody.status_code == 302


@pytest.mark.parametrize("rows", [1, 20])
def test_lists_take_as_many_queries_for_one_row_as_for_twenty(company, client, rows):
    for number in range(rows):
        fetched(company, who=f"board {number}")
    with CaptureQueriesContext(connection) as queries:
        assert "board 0" in client.get(f"{ROOT}/").content.decode()
    assert len(queries) <= 13
    with CaptureQueriesContext(connection) as queries:
        client.get(f"{ROOT}/feeds/acme/indeed/")
    assert len(queries) <= 13
