"""What boards tell by themselves: verified, kept, applied once and in order."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from distribution.actions import inbound
from distribution.actions.channels import connect_sandbox
from distribution.actions.practice import practice_hooks
from distribution.models import Applicant, Distribution, HookKey, InboundHook, Reading
from distribution.rules.inbound import KEEP, MAX_BYTES
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.make import make_company

from .hooks import Board, signed
from .make import make_channel, make_distribution
from .test_api import client_of
from .working import fresh

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def board():
    return Board(make_channel(slug="glassdoor"))


def on_board(board, status="accepted", **columns):
    """Put a job on the board's channel as our own work would have left it."""
    row = make_distribution(channel=board.channel)
    Run.objects.filter(kind="distribution.publish").delete()
    columns = {"post_id": "p-1", **columns}
    Distribution.objects.filter(pk=row.pk).update(status=status, run_id=None, **columns)
    return fresh(row)


def test_an_event_is_kept_as_it_came_and_then_applied(board):
    row = on_board(board)

    said = board.tell("posting.live", row, version=2, url="https://board.example/1", x="æ")

    assert (said.status_code, said.json()["repeated"]) == (202, False)
    kept = InboundHook.objects.get(pk=said.json()["id"])
    assert (kept.state, fresh(row).status) == ("received", "accepted"), "nothing before its run"
    assert json.loads(bytes(kept.body))["data"]["x"] == "æ"
    drain()
    kept.refresh_from_db()
    assert (kept.state, kept.why, kept.version) == ("applied", "accepted → published", 2)
    assert kept.distribution_id == row.pk
    assert (fresh(row).status, fresh(row).post_url) == ("published", "https://board.example/1")
    assert Event.objects.filter(fact="distribution.published").count() == 1


def test_the_practice_boards_tell_the_demo_under_a_secret_each():
    company = make_company()
    rows = connect_sandbox(company)
    make_channel(slug="indeed")  # of a company that is no demo

    told = practice_hooks("http://127.0.0.1:8000")

    assert set(told) == {"linkedin", "indeed", "glassdoor"}
    indeed = next(row for row in rows if row.slug == "indeed")
    assert told["indeed"]["url"] == f"http://127.0.0.1:8000/api/v1/webhooks/{indeed.pk}/"
    assert len({one["secret"] for one in told.values()}) == 3
    assert practice_hooks("http://127.0.0.1:8000") == told
    row = make_distribution(channel=indeed)
    board = Board.__new__(Board)
    board.channel, board.secret = indeed, told["indeed"]["secret"]
    board.url, board.post = told["indeed"]["url"], board._post
    assert board.tell("posting.live", row).status_code == 202


@pytest.mark.parametrize(
    ("told", "status", "now"),
    [
        ("live", "accepted", "published"),
        ("live", "unknown", "published"),
        ("live", "needs_attention", "published"),
        ("live", "published", "published"),
        ("live", "failed", "failed"),
        ("live", "closed", "closed"),
        ("accepted", "unknown", "accepted"),
        ("accepted", "published", "published"),
        ("rejected", "accepted", "rejected"),
        ("rejected", "published", "rejected"),
        ("updated", "published", "published"),
        ("closed", "published", "expired"),
        ("closed", "accepted", "expired"),
        ("closed", "failed", "failed"),
        ("nonsense", "accepted", "accepted"),
    ],
)
def test_each_event_moves_a_publication_as_far_as_it_may(board, told, status, now):
    row = on_board(board, status)
    board.tell(f"posting.{told}", row, version=1)
    drain()
    assert fresh(row).status == now


def test_a_drifted_posting_is_told_of(board):
    row = on_board(board, "failed")
    board.tell("posting.live", row)
    drain()
    assert Event.objects.filter(fact="distribution.drifted", data__found="live").count() == 1


REFUSED = {
    "no headers": lambda board: Client().post(board.url, b"{}", content_type="application/json"),
    "another secret": lambda board: board.tell("posting.live", secret="whsec_" + "A" * 40),
    "tampered": lambda board: board.tell("posting.live", sent=b'{"type": "posting.live"}'),
    "too old": lambda board: board.tell("posting.live", late=301),
    "from the future": lambda board: board.tell("posting.live", late=-330),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_not_signed_well_is_refused_and_not_kept(board, how):
    said = REFUSED[how](board)
    assert (said.status_code, said.json()["code"]) == (401, "bad_signature")
    assert not InboundHook.objects.exists()


def test_what_is_hardly_late_is_taken(board):
    assert board.tell("posting.live", late=290).status_code == 202


def test_an_id_counts_once_whatever_comes_with_it(board):
    row = on_board(board)
    first = board.tell("posting.live", row, name="msg_same")
    again = board.tell("posting.closed", row, name="msg_same")
    drain()
    third = board.tell("posting.closed", row, name="msg_same")
    drain()

    assert [one.status_code for one in (first, again, third)] == [202, 200, 200]
    assert first.json()["id"] == again.json()["id"]
    kept = InboundHook.objects.get()
    assert (kept.repeats, fresh(row).status) == (2, "published")


def test_state_never_goes_back_when_events_come_out_of_order(board):
    row = on_board(board)
    for kind, version in (("live", 21), ("accepted", 20), ("updated", 35), ("rejected", 30)):
        board.tell(f"posting.{kind}", row, version=version)
        drain()
    assert fresh(row).status == "published"
    assert [state for _, state in board.heard()] == ["applied", "ignored", "applied", "ignored"]
    old = InboundHook.objects.get(type="posting.rejected")
    assert "version 35 was applied before; this is 30" in old.why

    inbound.apply_again(old)
    drain()
    assert fresh(row).status == "published", "nor when it is applied again"


def test_an_event_before_our_own_commit_waits_for_it(board):
    row = on_board(board, "sending")
    row.attempts.create(number=1, op="create")
    board.tell("posting.live", row, version=2)
    drain()
    assert (board.heard(), fresh(row).status) == ([("posting.live", "parked")], "sending")

    row.attempts.update(outcome="accepted", ended_at=Now())
    Distribution.objects.filter(pk=row.pk).update(status="accepted")
    Run.objects.filter(kind="distribution.apply_hook").update(available_at=Now())
    drain()
    assert (board.heard(), fresh(row).status) == ([("posting.live", "applied")], "published")


def test_what_waits_in_vain_says_so_and_may_be_applied_later(board):
    board.tell("posting.live", post_id="of nobody")
    drain()
    assert board.heard() == [("posting.live", "parked")]
    InboundHook.objects.update(received_at=Now() - timedelta(hours=1))
    Run.objects.filter(kind="distribution.apply_hook").update(available_at=Now())
    drain()
    kept = InboundHook.objects.get()
    assert (kept.state, kept.why) == ("ignored", "the board's id of nobody is not in our books")

    row = on_board(board, post_id="of nobody")
    inbound.apply_again(kept)
    drain()
    assert fresh(row).status == "published"


KEPT = {
    b"{": ("failed", "not JSON"),
    b"[1]": ("failed", "not a JSON object"),
    b'{"type": "posting.live"}': ("failed", "lacks"),
    b'{"type": "posting.live", "data": {"external_id": "jobly-none"}}': ("ignored", "jobly-none"),
    b'{"type": "board.sold", "data": {}}': ("ignored", "board.sold"),
    b'{"type": "posting.live", "data": {}}': ("ignored", "no posting"),
    b"\xff\xfe": ("failed", "not JSON"),
    b"[" * 9000: ("failed", "not JSON"),
}


@pytest.mark.parametrize("body", KEPT)
def test_what_says_nothing_is_kept_with_the_reason(board, body):
    row, _ = receive(board, body)
    drain()
    row.refresh_from_db()
    state, words = KEPT[body]
    assert (row.state, bytes(row.body)) == (state, body)
    assert words in row.why


def receive(board, body):
    moment = int(time.time())
    headers = {"webhook-id": "msg_x", "webhook-timestamp": str(moment)}
    headers["webhook-signature"] = signed(board.secret, "msg_x", moment, body)
    return inbound.receive(board.channel, headers, body)


def test_a_body_above_one_mebibyte_is_refused_unread(board):
    said = Client().post(board.url, b"x" * (MAX_BYTES + 1), content_type="application/json")
    assert (said.status_code, said.json()["code"]) == (413, "too_large")
    assert not InboundHook.objects.exists()


def test_two_secrets_are_valid_while_one_is_replaced(board):
    old, new = board.secret, inbound.new_key(board.channel)
    assert board.tell("posting.live", secret=old).status_code == 202
    assert board.tell("posting.live", secret=new).status_code == 202
    HookKey.objects.update(before_until=Now())
    assert board.tell("posting.live", secret=old).status_code == 401
    assert board.tell("posting.live", secret=new).status_code == 202
    stored = HookKey.objects.values_list("pk", "scheme").get()
    assert new not in str(stored)


def test_one_of_several_signatures_is_enough(board):
    def with_another(url, body, headers):
        headers["webhook-signature"] = f"v1,AAAA v1a,x {headers['webhook-signature']}"
        return Client().post(url, body, content_type="application/json", headers=headers)

    board.post = with_another
    assert board.tell("posting.live").status_code == 202


def test_indeed_apply_signs_in_its_own_way(board):
    inbound.new_key(board.channel, scheme="indeed", secret="what Indeed knows")
    row = on_board(board, "published")
    body = json.dumps({"job": {"jobId": row.external_id}, "applicant": {"fullName": "A"}}).encode()
    mac = hmac.new(b"what Indeed knows", body, hashlib.sha1).digest()

    def post(signature):
        headers = {"X-Indeed-Signature": signature}
        return Client().post(board.url, body, content_type="application/json", headers=headers)

    good = base64.b64encode(mac).decode()
    assert [post("A" * 27 + "=").status_code, post(good).status_code] == [401, 202]
    assert post(good).status_code == 200, "the same body again is the same event"
    drain()
    kept = InboundHook.objects.get()
    assert (kept.type, kept.distribution_id) == ("application.received", row.pk)
    assert (kept.state, Applicant.objects.count()) == ("failed", 0), "it names no address"


def test_who_applied_at_a_board_becomes_an_applicant_once(board):
    row = on_board(board, "published")
    person = {"fullName": "Ada Berg", "email": "ada@person.example", "cover": "I weld."}
    board.tell("application.received", row, **person)
    drain()
    inbound.apply_again(InboundHook.objects.get())
    drain()
    found = Applicant.objects.get()
    assert (found.job_id, found.distribution_id, found.known) == (row.job_id, row.pk, "token")
    assert (found.name, found.email, found.cover) == tuple(person.values())
    assert board.heard() == [("application.received", "applied")]


def test_the_address_names_one_channel_and_tenants_do_not_collide(board):
    body, name = b"{}", board.channel.slug

    def knock(word):
        said = Client().post(f"/api/v1/webhooks/{word}", body, content_type="application/json")
        return said.status_code

    assert [knock(name + "/"), knock("nowhere/")] == [401, 404]
    other = make_channel(make_company("other"), name)
    assert knock(name + "/") == 404, "two have it"
    assert knock(f"{name}/?company=other") == 401
    assert knock(f"{other.pk}/") == 401

    mine = on_board(board)
    board.url = f"/api/v1/webhooks/{other.pk}/"
    assert board.tell("posting.live", mine).status_code == 401
    theirs = Board(other)
    assert theirs.tell("posting.live", mine).status_code == 202
    drain()
    assert fresh(mine).status == "accepted", "a board speaks of its own postings only"


def test_counters_are_readings_with_source_and_time(board):
    row = on_board(board, "published")
    board.tell("posting.metrics", row, views=10, clicks=3, at="2026-11-20T10:00:00Z")
    drain()
    board.tell("posting.metrics", row, views=4, at="2026-11-19T10:00:00Z")
    drain()
    assert (fresh(row).views_count, fresh(row).clicks_count) == (10, 3), "an older one changes none"
    board.tell("posting.metrics", row, views=8, at="2026-11-21T10:00:00Z")
    drain()
    board.tell("posting.metrics", row, views="many")
    drain()

    api = client_of(row.company)
    api.post(f"/api/v1/distributions/{row.pk}/metrics/", {"applications_count": 2})
    shown = api.get(f"/api/v1/distributions/{row.pk}/metrics/").json()
    assert (shown["views_count"], shown["clicks_count"], shown["applications_count"]) == (8, 3, 2)
    found = [(r["source"], r["views"], r["late"], r["fell"]) for r in shown["readings"]]
    assert found == [
        ("api", None, False, False),
        ("webhook", 8, False, True),
        ("webhook", 10, False, False),
        ("webhook", 4, True, False),
    ]
    assert [state for _, state in board.heard()] == ["applied"] * 3 + ["failed"]
    again = InboundHook.objects.filter(type="posting.metrics").earliest("id")
    inbound.apply_again(again)
    drain()
    assert Reading.objects.count() == 4, "a reading is noted once"


def test_events_are_listed_shown_and_applied_again_by_rest(board):
    row = on_board(board)
    board.tell("posting.live", row)
    api, url = client_of(row.company), "/api/v1/webhook-inbox/"
    found = api.get(f"{url}?channel=glassdoor&state=received,parked").json()["results"]
    assert [one["state"] for one in found] == ["received"]
    whole = api.get(f"{url}{found[0]['id']}/").json()
    assert json.loads(whole["body"])["type"] == "posting.live"
    assert "signature" not in str(whole["headers"])
    assert api.post(f"{url}{found[0]['id']}/apply-again/").status_code == 202
    drain()
    assert board.heard() == [("posting.live", "applied")]


def test_a_lost_run_is_found_and_old_events_go(board):
    row = on_board(board)
    board.tell("posting.live", row)
    Run.objects.filter(kind="distribution.apply_hook").delete()
    assert inbound.sweep_hooks() == 0, "it may still be on its way"
    InboundHook.objects.update(received_at=Now() - timedelta(minutes=5))
    assert inbound.sweep_hooks() == 1
    assert inbound.sweep_hooks() == 0, "it has a run"
    drain()
    assert fresh(row).status == "published"
    assert inbound.forget_hooks() == {"events": 0}
    InboundHook.objects.update(received_at=Now() - KEEP)
    assert inbound.forget_hooks() == {"events": 1}


@pytest.mark.parametrize("rows", [1, 20])
def test_the_list_of_events_takes_as_many_queries_for_many(board, rows, django_assert_num_queries):
    for number in range(rows):
        board.tell("posting.live", post_id=str(number))
    api = client_of(board.channel.company)
    api.get("/api/v1/webhook-inbox/")
    with django_assert_num_queries(4):
        assert len(api.get("/api/v1/webhook-inbox/").json()["results"]) == rows
