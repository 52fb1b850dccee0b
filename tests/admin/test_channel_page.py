"""The page of a channel: what is connected, in words, and the buttons that ask the board."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from distribution.models import Channel
from tests.distribution.conftest import _boards, boards  # noqa: F401 # fixtures
from tests.distribution.make import make_channel
from tests.make import make_company, make_member

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/distribution/channel/"


@pytest.fixture
def acme():
    return make_company("acme")


@pytest.fixture
def browser(acme):
    client = Client()
    client.force_login(make_member(acme))
    return client


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.mark.parametrize(
    ("slug", "parts"),
    [
        ("linkedin", ["LinkedIn, on this instance's practice boards", "versioned API 202604"]),
        ("indeed", ["tells repeats from new jobs", "needed, at least 30 characters"]),
        ("glassdoor", ["REST job board", "Salary min needed"]),
        ("webhook", ["signed by Standard Webhooks", "Where to apply needed"]),
        ("feed", ["the board fetches our feed of format generic", "no limit"]),
        ("intranet", ["our own pages show a job", "/intranet/acme/"]),
    ],
)
def test_the_page_says_what_is_connected(slug, parts, acme, browser, boards):  # noqa: F811
    channel = make_channel(acme, slug)
    shown = words(browser.get(f"{LIST}{channel.pk}/change/")).replace("&#x27;", "'")
    for part in ("It is well", "not tested yet", "needed, at most", *parts):
        assert part in shown, part


def test_a_refused_channel_offers_to_ask_again_and_goes_on(acme, browser, boards):  # noqa: F811
    channel = make_channel(acme)
    Channel.objects.filter(pk=channel.pk).update(
        credentials_refused_at=timezone.now(), credentials_refused="The board said no."
    )
    shown = words(browser.get(f"{LIST}{channel.pk}/change/"))
    assert "Reconnect: ask the board again" in shown
    assert "The board said no." in shown

    said = browser.post(
        LIST, {"action": "test_connections", "_selected_action": channel.pk}, follow=True
    )

    assert said.redirect_chain[-1][0] == f"{LIST}{channel.pk}/change/"
    assert "It gave an access token" in words(said)
    assert Channel.objects.get(pk=channel.pk).credentials_refused_at is None


def test_settings_that_the_kind_cannot_have_are_named(acme, browser):
    form = {"company": acme.pk, "kind": "feed", "slug": "f", "name": "F"}
    said = browser.post(f"{LIST}add/", {**form, "options": '{"format": "odt"}'})
    assert "format is one of indeed, linkedin" in words(said)
    assert not Channel.objects.exists()


def test_a_webhook_without_a_secret_gets_one_that_is_shown_once(acme, browser):
    form = {"company": acme.pk, "kind": "webhook", "slug": "hook", "name": "Hook"}
    form |= {"base_url": "https://jobs.example.com/in", "options": "{}"}
    said = browser.post(f"{LIST}add/", form, follow=True)
    secret = Channel.objects.get().credentials["signing_secret"]
    assert secret in words(said)
    again = browser.get(f"{LIST}{Channel.objects.get().pk}/change/")
    assert secret not in again.content.decode()


@pytest.mark.parametrize(
    ("price", "currency", "minor"),
    [("12.50", "eur", 1250), ("1200", "JPY", 1200), ("1.234", "BHD", 1234), ("", "EUR", 0)],
)
def test_a_price_is_entered_in_the_currencys_own_unit(price, currency, minor, acme, browser):
    channel = make_channel(acme, "indeed")
    url = f"{LIST}{channel.pk}/change/"
    form = browser.get(url).context["adminform"].form
    kept = {name: form[name].value() for name in form.fields}
    kept = {name: value for name, value in kept.items() if value not in (None, False)}
    kept |= {"options": "{}", "price": price, "currency": currency, "cost_model": "flat"}

    said = browser.post(url, kept)

    assert said.status_code == 302, said.context["errors"]
    row = Channel.objects.get(pk=channel.pk)
    assert (row.price_minor, row.currency) == (minor, currency.upper())
    again = browser.get(url).context["adminform"].form
    assert float(again["price"].value()) == float(price or 0)
    halves = browser.post(url, {**kept, "price": "0.5005", "currency": currency})
    assert {"price"} <= set(halves.context["adminform"].form.errors)
