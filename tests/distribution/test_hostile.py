"""What strangers, clumsy programs and odd keyboards send is their mistake, and breaks nothing."""

import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from django.urls import reverse
from rest_framework.request import Request

from distribution.actions import endpoints, erasing, inbound, looking, routing
from distribution.clients import mail
from distribution.clients.linkedin import view_url
from distribution.clients.oauth import client_credentials
from distribution.models import Applicant, Attempt, Channel, Distribution, HookEndpoint, InboundHook
from distribution.rules import documents
from jobly.api import PerCaller
from jobly.errors import Rejected
from jobly.runs.actions import transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from tests.admin.world import signed_in
from tests.make import make_company, make_member

from .applications import docx
from .applying import make_applicant
from .hooks import Board, signed
from .make import make_channel, make_distribution, make_posting
from .test_api import client_of

pytestmark = pytest.mark.django_db(transaction=True)
HUGE = 10**30
FAR = "9999-12-31T23:59:59Z"
NO_UUID = "x" * 36


@pytest.fixture
def board():
    return Board(make_channel(slug="glassdoor"))


def post(board, body, moment=None, name="x"):
    moment = int(time.time()) if moment is None else moment
    signature = signed(board.secret, name, moment, body)
    headers = {"webhook-id": name, "webhook-timestamp": str(moment)}
    return board.post(board.url, body, headers | {"webhook-signature": signature})


def test_a_webhook_of_no_time_or_no_name_that_can_be_is_refused(board):
    for moment in ("999999999999", "253402300800", "0", "-1", "1e3"):
        assert post(board, b"{}", moment).status_code == 401, moment
    for path in ("%00/", "a%00b/", "x/?company=%00", "%ED%A0%80/"):
        answer = Client().post(f"/api/v1/webhooks/{path}", b"{}", content_type="application/json")
        assert answer.status_code in (400, 404), path
    assert not InboundHook.objects.exists()


EVENTS = {
    "half a pair in the type": '{"type": "posting.live\\ud800", "data": {}}',
    "half a pair in an id": '{"type": "posting.live", "data": {"post_id": "\\ud800"}}',
    "before all years": '{"type": "posting.live", "data": {"at": "0001-01-01T00:00:00+00:00"}}',
    "after all years": '{"type": "posting.metrics", "data": {"views": 1, "at": "FAR"}}',
    "no numbers": '{"type": "posting.metrics", "data": {"views": NaN, "at": Infinity}}',
    "a header of its own": '{"type": "application.received", "data": {"name": "A",'
    ' "email": "a@b.c\\nBcc: x@y.z"}}',
    "half a pair in a name": '{"type": "application.received", "data": {"name": "\\ud800",'
    ' "email": "a@b.c"}}',
    "other shapes": '{"type": "application.received", "data": {"name": ["A"], "email": {}}}',
    "too deep": "[" * 5000,
    "no text": "\udcff",
}


def test_a_signed_event_that_makes_no_sense_comes_to_rest(board):
    row = make_distribution(make_posting(board.channel.company), board.channel)
    Distribution.objects.update(status="accepted", run_id=None, post_id="p-1")
    Run.objects.all().delete()
    named = f'"data": {{"external_id": "{row.external_id}", '
    for name, text in EVENTS.items():
        body = text.replace('"data": {', named).replace(", }", "}").replace("FAR", FAR)
        sent = body.encode("utf-8", "surrogateescape")
        assert post(board, sent, name=name.replace(" ", "-")).status_code == 202
    drain()
    waiting = InboundHook.objects.filter(settled_at=None).values_list("event_id", "state", "why")
    assert list(waiting) == []
    assert not Applicant.objects.exists()


QUESTIONS = f"""
distributions/plan/?upload=nonsense
distributions/plan/?company=%00
distributions/plan/?channels=%00
distributions/why/?job=1&channel=%00
distributions/why/?job={HUGE}&channel=x
distributions/?job={HUGE}
distributions/?job=1e40
distributions/?status=%00
distributions/?since=0001-01-01T00:00:00%2B14:00
distributions/ledger/?at=0001-01-01T00:00:00%2B14:00
distributions/ledger/?at=9999-12-31T23:59:59
distributions/ledger/?at=%00
distributions/performance/?channel=%00
distributions/performance/?from=0001-01-01&to=9999-12-31
distributions/performance/?job={HUGE}
distributions/preview/?job={HUGE}
distributions/preview/?job=1&channel=%00
distributions/dashboard/?upload_id=x
approvals/?decision=%00
applicants/?stage=%00
applicants/?job=1e400
charges/?at__gte=0001-01-01T00:00:00%2B14:00
channels/%00/
webhook-inbox/?type=%00
distributions/?page=99999999999999999999
"""


def test_a_question_that_makes_no_sense_is_the_askers_mistake():
    client = client_of(make_channel().company)
    for query in QUESTIONS.split():
        answer = client.get(f"/api/v1/{query}")
        assert answer.status_code in (200, 400, 404), query
        assert "not reachable" not in answer.content.decode(), query


def test_an_order_that_makes_no_sense_is_the_askers_mistake_and_changes_nothing():
    channel = make_channel()
    job = make_posting(channel.company)
    row = make_distribution(make_posting(channel.company), channel)
    many = {"jobs": [job.pk], "channels": ["linkedin"]}
    one = {"job": job.pk, "channel": "linkedin"}
    rule = {"name": "r", "channels": ["linkedin"]}
    new = {"company": channel.company.slug, "slug": "x", "kind": "rest"}
    hook = "webhook-endpoints/"
    orders = [
        ("distributions/close-everywhere/", {"jobs": [job.pk, HUGE], "why": "x"}),
        ("distributions/bulk/", many | {"jobs": [job.pk, HUGE]}),
        ("distributions/bulk/", many | {"scheduled_publish_at": FAR}),
        ("distributions/plan/", many | {"jobs": [HUGE]}),
        ("distributions/", one | {"job": HUGE}),
        ("distributions/", one | {"channel": "\x00"}),
        ("distributions/", one | {"channel": "\ud800"}),
        ("distributions/", [1, 2]),
        ("distributions/", one | {"scheduled_publish_at": FAR}),
        (f"distributions/{row.pk}/reschedule/", {"scheduled_publish_at": FAR}),
        (f"distributions/{row.pk}/metrics/", {"views_count": HUGE}),
        (f"distributions/{row.pk}/confirm/", {"post_id": "\x00"}),
        (hook, {"url": "https://[::1", "events": ["\ud800"]}),
        (hook, {"url": "https://example.org:99999/"}),
        (hook, {"url": "https://example.org/", "company": "\ud800"}),
        ("routing-rules/", rule | {"conditions": {"title_words": ["\x00", 5, None, {}]}}),
        ("routing-rules/", rule | {"conditions": {"cities": ["\ud800"]}}),
        ("routing-rules/", rule | {"delay": "999999999 00:00:00"}),
        ("channels/", new | {"options": {"a": "\x00"}}),
        ("channels/", new | {"options": {"a": "\ud800"}}),
        ("channels/", new | {"base_url": "https://[::1"}),
        ("approvals/decide/", {"ids": ["x"], "decision": "approve"}),
    ]
    client = client_of(channel.company)
    for where, what in orders:
        sent = json.dumps(what)
        for headers in ({}, {"idempotency-key": f"{where}{sent}"[:200].encode("ascii").decode()}):
            answer = client.post(
                f"/api/v1/{where}", sent, content_type="application/json", headers=headers
            )
            assert answer.status_code == 400, (where, what, answer.content)
    assert (Distribution.objects.count(), Channel.objects.count()) == (1, 1)
    assert not HookEndpoint.objects.exists()


def test_a_channel_takes_no_figures_that_break_it():
    channel = make_channel()
    client = client_of(channel.company)
    for wrong in (
        {"limit_per_minute": 0},
        {"limit_per_minute": HUGE},
        {"base_url": "javascript:alert(1)"},
        {"base_url": "https://[::1"},
        {"settle_window": "99999999999 00:00:00"},
        {"stay_days": HUGE},
        {"options": [1]},
        {"rate_limit_rule": {"a": "\x00"}},
    ):
        url = f"/api/v1/channels/{channel.pk}/"
        answer = client.patch(url, json.dumps(wrong), content_type="application/json")
        assert answer.status_code == 400, (wrong, answer.content)
    owner = signed_in(make_member(channel.company, "owner"))
    page = reverse("admin:distribution_channel_change", args=[channel.pk])
    shown = owner.post(page, {"limit_per_minute": "0", "base_url": "https://[::1"})
    assert "to send nothing, switch the channel off" in shown.content.decode()
    assert "names a host" in shown.content.decode()


PAGES = f"""
distribution_hookendpoint_change|{NO_UUID}
distribution_channel_change|x
distribution_distribution_ledger||at=0001-01-01T00:00
distribution_distribution_ledger||at=0001-01-01T00:00%2B14:00
distribution_distribution_ledger||at=9999-12-31T23:59
distribution_distribution_ledger||at=9999-12-31T23:59-12:00
distribution_distribution_ledger||upload=----{"x" * 32}
distribution_distribution_ledger||q=%00
distribution_distribution_matrix||q=%00
distribution_distribution_calendar||on=9999-12-31
distribution_distribution_calendar||on=0001-01-01&view=week&company=x&channel=y
distribution_clickday_performance||from=0001-01-01&to=9999-12-31
distribution_clickday_changelist||on__gte=nonsense
distribution_applicant_changelist||job={"9" * 18}
distribution_applicant_changelist||q='%20%26%20:*!()<->
distribution_distribution_changelist||status__exact=%00
distribution_distribution_changelist||upload=x&channel=y&proof=z&upkeep=u
distribution_distribution_publish||job=%C2%B2
distribution_approval_decide||id=x
distribution_feedfetch_changelist||who=%00
"""


def test_an_address_that_makes_no_sense_breaks_no_page():
    row = make_distribution()
    browser = signed_in(make_member(row.company, "owner"))
    for page in PAGES.split():
        name, arg, query = (*page.split("|"), "", "")[:3]
        url = reverse(f"admin:{name}", args=[arg] if arg else [])
        assert browser.get(f"{url}?{query}").status_code < 500, page
    outside = ("/applications/%00/", "/feeds/x/%00", "/boards/%00/", "/jobs/1-x/apply/?via=%00")
    for address in outside:
        assert Client().get(address).status_code == 404 or "%00" in address, address
        assert Client().get(address).status_code < 500, address


def test_buttons_of_an_applicants_page_bear_whatever_is_sent():
    row = make_applicant(make_posting(make_channel().company))
    browser = signed_in(make_member(row.company, "owner"))
    url = reverse("admin:distribution_applicant_decide", args=[row.pk])
    names = ("text", "stars", "to", "move", "letter", "key", "subject", "body")
    for verb in ("note", "rate", "move", "undo", "again", "write", "x"):
        for junk in ("\x00", "²", "9" * 5000, NO_UUID):
            sent = browser.post(url, {"verb": verb, **dict.fromkeys(names, junk)})
            assert sent.status_code < 500, (verb, junk[:4])
    row.refresh_from_db()
    assert (row.stage, row.rating) == ("new", None)


def test_what_an_action_refuses_after_the_form_agreed_is_told():
    channel = make_channel()
    company = channel.company
    first, _ = endpoints.create_endpoint(company, url="https://a.example/x")
    other, _ = endpoints.create_endpoint(company, url="https://b.example/x")
    rule = {"channels": [channel]}
    routing.write_rule(company, rule | {"name": "a"}, actor=None)
    second = routing.write_rule(company, rule | {"name": "b"}, actor=None)
    browser = signed_in(make_member(company, "owner"))
    for name, row, sent, said in (
        ("hookendpoint", other, {"url": first.url, "description": ""}, "has an endpoint at this"),
        (
            "routingrule",
            second,
            {"name": "a", "channels": [channel.pk], "priority": 1, "enabled": "on"},
            "There is a rule “a” already.",
        ),
    ):
        page = reverse(f"admin:distribution_{name}_change", args=[row.pk])
        shown = browser.post(page, sent, follow=True).content.decode()
        assert said in shown
        assert "Nothing was changed." in shown


def test_a_retry_of_all_never_means_more_than_the_list_shows():
    row = make_distribution()
    Distribution.objects.update(status="failed")
    browser = signed_in(make_member(row.company, "owner"))
    page = reverse("admin:distribution_distribution_changelist")
    chosen = {"action": "retry_matching", "_selected_action": [str(row.pk)]}
    goes = browser.post(f"{page}?status__exact=failed&o=1", chosen)
    assert "status=failed" in goes["Location"]
    for narrowed in ("upkeep=late", "proof=unseen&status__exact=failed"):
        Distribution.objects.update(status="published")
        stays = browser.post(f"{page}?{narrowed}", chosen, follow=True)
        assert "which a retry of all cannot follow" in stays.content.decode(), narrowed


@pytest.mark.parametrize("given_by", ["its address", "where it is viewed"])
def test_a_look_goes_to_no_private_place_that_people_named(httpserver, given_by):
    httpserver.expect_request("/inside").respond_with_data("<h1>secret</h1>")
    inside = httpserver.url_for("/inside")
    if given_by == "its address":
        row = make_distribution(
            channel=make_channel(slug="glassdoor", base_url=inside, by_operator=False, lookup=False)
        )
    else:
        row = make_distribution(channel=make_channel(options={"view_url": inside}, lookup=False))
    Run.objects.all().delete()
    Distribution.objects.update(status="published", post_url=inside, run_id=None)
    with transaction():
        looking.look_now(row, actor=None)
    drain()
    look = row.looks.get()
    assert (look.verdict, look.http_status) == ("unsure", None)
    assert httpserver.log == []


def test_where_a_posting_is_viewed_is_no_program():
    for text in ("https://x.example/{id.__class__}", "https://x.example/{0}", "{"):
        link = replace(make_channel(slug="linkedin").connection(), options={"view_url": text})
        assert view_url(link, "7") == text
        Channel.objects.all().delete()


def test_a_token_that_lives_for_longer_than_time_lives_as_long_as_usual(httpserver):
    said = {"access_token": "t", "expires_in": "9" * 30}
    httpserver.expect_request("/token").respond_with_json(said)
    link = make_channel(base_url=httpserver.url_for("/")).connection()
    usual = timedelta(hours=1)
    token = client_credentials(link, httpserver.url_for("/token"), lifetime=usual, extra={})
    assert token.lifetime == usual


def test_exchanges_by_rest_hide_what_has_the_name_of_a_secret():
    row = make_distribution()
    said = {"headers": {"Authorization": "Bearer s3cret"}, "title": "Welder"}
    Attempt.objects.create(distribution=row, number=1, op="create", request=said)
    answer = client_of(row.company).get(f"/api/v1/distributions/{row.pk}/attempts/")
    (told,) = answer.json()["results"]
    assert told["request"] == {"headers": {"Authorization": "•••"}, "title": "Welder"}


def test_who_came_by_a_webhook_is_erased_from_the_webhook_too(board):
    row = make_distribution(channel=board.channel)
    Run.objects.filter(kind="distribution.publish").delete()
    person = {"fullName": "Ada Moss", "email": "ada@moss.example"}
    board.tell("application.received", row, **person)
    board.tell("application.received", row, fullName="Bo", email="bo@moss.example")
    drain()
    assert board.heard() == [("application.received", "applied")] * 2
    ada, other = Applicant.objects.order_by("id")
    with transaction():
        erasing.erase(ada.pk, "asked")
    emptied, kept = InboundHook.objects.order_by("id")
    assert (bytes(emptied.body), b"bo@moss" in bytes(kept.body)) == (b"", True)
    inbound.apply_again(emptied)
    drain()
    emptied.refresh_from_db()
    assert (emptied.state, Applicant.objects.count(), other.erased_at) == ("failed", 2, None)


def test_a_caller_cannot_name_another_address_to_be_counted_by():
    request = RequestFactory().get("/", headers={"x-forwarded-for": "203.0.113.9"})
    assert settings.TRUSTED_PROXY_HOPS == 0
    assert PerCaller().get_ident(Request(request)) == "127.0.0.1"


def test_a_mail_to_no_address_that_can_be_is_given_up_at_once():
    with pytest.raises(Rejected):
        mail.send(mail.Mail("1", "a@b.c\nBcc: x@y.z", "Hello", "Text"))


def test_an_archive_of_a_version_nobody_knows_is_no_document():
    content = bytearray(docx())
    directory = content.find(b"PK\x01\x02")
    content[directory + 6] = 99  # the version needed to unpack it
    assert documents.refusal("cv.docx", bytes(content)) == (
        "The file is damaged; save it again and send that."
    )


def test_a_company_that_has_all_its_endpoints_is_told_so(monkeypatch):
    monkeypatch.setattr(endpoints, "MOST", 1)
    company = make_company()
    endpoints.create_endpoint(company, url="https://a.example/x")
    browser = signed_in(make_member(company, "owner"))
    sent = {"company": company.pk, "url": "https://b.example/x", "description": ""}
    page = reverse("admin:distribution_hookendpoint_add")
    assert "at most 1 endpoints" in browser.post(page, sent, follow=True).content.decode()
