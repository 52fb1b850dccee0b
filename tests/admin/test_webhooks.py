"""Webhooks in the back office: made, pinged, read and told again."""

import re

import pytest
from django.urls import reverse

from distribution.actions import endpoints
from distribution.models import HookDelivery, HookEndpoint, HookKey, InboundHook
from jobly.runs.actions import transaction

from .world import make_world, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def lion():
    return make_world("lion")


@pytest.fixture
def browser(lion):
    return signed_in(lion.owner)


def page(browser, name, *args, **query):
    answer = browser.get(reverse(f"admin:distribution_{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_endpoint_is_made_shown_once_pinged_and_told_again(lion, browser):
    assert "Add an endpoint" in page(browser, "hookendpoint_changelist")
    assert "a job is live on a board" in page(browser, "hookendpoint_add")
    fields = {"company": str(lion.company.pk), "url": "https://hooks.example/x", "description": ""}
    url = reverse("admin:distribution_hookendpoint_add")
    refused = browser.post(url, {**fields, "url": "https://127.0.0.1/x"})
    assert "This is not a public address." in refused.content.decode()
    made = browser.post(url, {**fields, "events": ["distribution.published"]}, follow=True)
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]{40,}", made.content.decode())
    row = HookEndpoint.objects.get(url="https://hooks.example/x")
    assert (row.secret["secret"], row.events) == (secret, ["distribution.published"])
    assert secret not in page(browser, "hookendpoint_change", row.pk)

    decide = reverse("admin:distribution_hookendpoint_decide", args=[row.pk])
    browser.post(decide, {"verb": "ping"})
    delivery = HookDelivery.objects.get()
    shown = page(browser, "hookendpoint_change", row.pk)
    assert delivery.event_id in shown
    assert "hmac.compare_digest" in shown
    with transaction():
        endpoints.disable(row, "it answered 410 Gone")
    assert "told no more: it answered 410 Gone" in page(browser, "hookendpoint_change", row.pk)
    assert (
        "webhook endpoint was switched off" in browser.get(reverse("admin:index")).content.decode()
    )
    browser.post(decide, {"verb": "on"})
    browser.post(decide, {"verb": "replay", "delivery": str(delivery.pk)})
    delivery.refresh_from_db()
    assert delivery.state == "pending"


def test_a_channels_secret_is_made_on_its_page_and_events_are_read(lion, browser):
    channel = lion.rows["distribution.channel"]
    name = reverse("admin:distribution_inboundhook_key", args=[channel.pk])
    assert name in page(browser, "channel_change", channel.pk)
    assert "It has none yet" in page(browser, "inboundhook_key", channel.pk)
    said = browser.post(name, {"scheme": "standard", "secret": "", "verb": "new"}, follow=True)
    secret = HookKey.objects.get(channel=channel).secret["secret"]
    assert secret in said.content.decode().replace("&#x2B;", "+")
    assert secret not in page(browser, "inboundhook_key", channel.pk)

    hook = lion.rows["distribution.inboundhook"]
    assert "received" in page(browser, "inboundhook_changelist")
    assert "lion" in page(browser, "inboundhook_change", hook.pk)
    InboundHook.objects.update(state="failed")
    browser.post(reverse("admin:distribution_inboundhook_again", args=[hook.pk]))
    assert InboundHook.objects.get().state == "received"


@pytest.mark.parametrize("rows", [1, 20])
def test_lists_take_as_many_queries_for_many(lion, browser, rows, django_assert_max_num_queries):
    channel = lion.rows["distribution.channel"]
    for number in range(rows):
        InboundHook.objects.create(channel=channel, event_id=str(number), body=b"{}")
        endpoints.create_endpoint(lion.company, url=f"https://hooks.example/{number}")
    for name in ("inboundhook_changelist", "hookendpoint_changelist"):
        page(browser, name)
        with django_assert_max_num_queries(14):
            page(browser, name)
