"""Credentials that a board refuses: marked once, nothing fails, and what waited goes on."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from werkzeug import Response

from distribution.actions import boards as access
from distribution.actions import changes, connecting
from distribution.actions.channels import change_channel
from distribution.models import Channel
from distribution.reports.channels import troubles
from jobly.errors import Deferred
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.make import make_company

from .make import make_channel, make_distribution
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)
WRONG = {"client_id": "wrong", "client_secret": "x"}
RIGHT = {"client_id": "right", "client_secret": "x"}


def facts(name):
    return Event.objects.filter(fact=f"distribution.channel_{name}").count()


def again(channel):
    return Channel.objects.get(pk=channel.pk)


def auths(boards, board="linkedin"):
    entries = boards.call("GET", f"/ledger?board={board}").json()["entries"]
    return [entry["outcome"] for entry in entries if entry["op"] == "auth"]


@pytest.mark.row(18)
@pytest.mark.parametrize("slug", ["linkedin", "indeed", "glassdoor"])
def test_refused_credentials_hold_what_is_to_go_out_and_new_ones_let_it_go(slug, boards):
    wrong = {"partner_id": "wrong", "api_key": "x"} if slug == "glassdoor" else WRONG
    right = {"partner_id": "right", "api_key": "x"} if slug == "glassdoor" else RIGHT
    channel = make_channel(slug=slug, credentials=wrong)
    rows = [make_distribution(channel=channel) for _ in range(3)]

    drain()

    channel = again(channel)
    assert {fresh(row).status for row in rows} == {"pending"}
    assert channel.credentials_refused_at is not None
    assert facts("disconnected") == 1
    assert any("credentials" in line for line in troubles(channel))
    assert Run.objects.filter(status="queued", error__contains="enter others").count() == 3

    change_channel(channel, credentials=right)
    until_rest()

    assert again(channel).credentials_refused_at is None
    assert {fresh(row).status for row in rows} == {"published"}
    assert sorted(boards.live_ids(slug)) == sorted(row.external_id for row in rows)
    assert facts("reconnected") == 1


@pytest.mark.row(18)
def test_a_refusal_of_credentials_that_were_replaced_meanwhile_marks_nothing(boards):
    wrong = {"partner_id": "wrong", "api_key": "x"}
    channel = make_channel(slug="glassdoor", credentials=wrong)
    stale = again(channel)
    change_channel(channel, credentials={"partner_id": "right", "api_key": "x"})

    with pytest.raises(Deferred):
        access.ask(stale, lambda client, link: client.look(link, "jobly-1"))

    assert again(channel).credentials_refused_at is None


@pytest.mark.row(18)
def test_a_change_of_what_is_on_the_board_waits_as_well(boards):
    row = make_distribution()
    until_rest()
    change_channel(row.channel, credentials=WRONG)

    changes.close_distribution(fresh(row), actor=None)
    drain()
    assert fresh(row).status == "published"
    change_channel(again(row.channel), credentials=RIGHT)
    until_rest()
    assert fresh(row).status == "closed"


@pytest.mark.row(18)
def test_two_that_need_a_token_at_once_fetch_one(boards):
    channel = make_channel()

    def ask(_):
        try:
            return access.token_for(again(channel))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert auths(boards) == ["ok"]


@pytest.mark.row(18)
def test_a_token_is_fetched_ahead_of_its_end_only_where_it_is_used(boards):
    used, idle = make_channel(), make_channel(make_company(), "linkedin")
    make_distribution(channel=used)
    until_rest()
    access.token_for(idle)
    soon = timezone.now() + timedelta(minutes=1)
    Channel.objects.update(token_expires_at=soon)

    assert connecting.refresh_ahead()["refreshed"] == 1

    assert again(used).token_expires_at > soon
    assert again(idle).token_expires_at == soon
    assert connecting.refresh_ahead() == {"refreshed": 0, "refused": 0, "unanswered": 0}


@pytest.mark.row(18)
def test_credentials_that_were_revoked_are_found_out_before_a_job_is(boards):
    channel = make_channel()
    make_distribution(channel=channel)
    until_rest()
    Channel.objects.update(token_expires_at=timezone.now(), credentials=WRONG)

    assert connecting.refresh_ahead()["refused"] == 1

    assert again(channel).credentials_refused
    assert facts("disconnected") == 1


class TestConnection:
    @pytest.mark.parametrize("slug", ["linkedin", "indeed", "glassdoor", "webhook"])
    def test_a_board_that_knows_us_says_so(self, slug, boards):
        channel = make_channel(slug=slug)
        finding = connecting.try_channel(channel, actor=None)
        assert finding.ok, finding.said
        assert again(channel).test_said == finding.said
        assert boards.ledger() == []

    @pytest.mark.parametrize("slug", ["feed", "intranet", "internal"])
    def test_what_is_not_called_says_so(self, slug, boards):
        finding = connecting.try_channel(make_channel(slug=slug), actor=None)
        assert (finding.ok, "Nothing is called" in finding.said) == (True, True)

    @pytest.mark.parametrize("slug", ["linkedin", "indeed", "glassdoor"])
    def test_wrong_credentials_are_named_and_marked(self, slug, boards):
        wrong = {"partner_id": "wrong", "api_key": "x"} if slug == "glassdoor" else WRONG
        channel = make_channel(slug=slug, credentials=wrong)
        finding = connecting.try_channel(channel, actor=None)
        assert not finding.ok
        assert again(channel).credentials_refused_at is not None

    def test_a_board_that_is_away_marks_nothing(self, boards):
        channel = make_channel(slug="glassdoor", base_url="http://127.0.0.1:9")
        finding = connecting.try_channel(channel, actor=None)
        assert (finding.ok, "could not be reached" in finding.said) == (False, True)
        assert again(channel).credentials_refused_at is None

    def test_a_refused_channel_that_is_accepted_again_goes_on(self, boards):
        channel = make_channel(credentials=WRONG)
        row = make_distribution(channel=channel)
        drain()
        # the board has mended it: nobody entered anything
        Channel.objects.filter(pk=channel.pk).update(credentials=RIGHT)

        finding = connecting.try_channel(again(channel), actor=None)

        assert (finding.ok, finding.resumed) == (True, 1)
        until_rest()
        assert fresh(row).status == "published"


@pytest.mark.parametrize(("days", "warns"), [(40, False), (3, True), (-1, True)])
def test_a_secret_with_a_known_end_is_warned_of(days, warns):
    channel = make_channel(credentials_end_on=timezone.now().date() + timedelta(days=days))
    assert any("secret" in line for line in troubles(channel)) == warns


def test_parts_of_a_batch_that_a_board_refuses_for_its_credentials_wait(boards, httpserver):
    """Two were taken, one was not: it is held until others are entered, not rejected."""
    channel = make_channel(slug="linkedin", base_url=httpserver.url_for(""), batch_size=10)
    rows = [make_distribution(channel=channel) for _ in range(3)]
    barred = {rows[1].external_id}
    token = {"access_token": "t", "expires_in": 1800}
    httpserver.expect_request("/oauth/v2/accessToken").respond_with_json(token)

    def batch(request):
        asked = [one["externalJobPostingId"] for one in request.get_json()["elements"]]
        said = [
            {"status": 403, "message": "The contract is not yours."}
            if name in barred
            else {"status": 202, "id": f"urn:li:simpleJobPostingTask:{name}"}
            for name in asked
        ]
        return Response(json.dumps({"elements": said}), content_type="application/json")

    httpserver.expect_request("/rest/simpleJobPostings").respond_with_handler(batch)
    tasks = {
        f"urn:li:simpleJobPostingTask:{row.external_id}": {
            "status": "SUCCEEDED", "jobPosting": f"urn:li:jobPosting:{number}"
        }
        for number, row in enumerate(rows, 1)
    }  # fmt: skip
    httpserver.expect_request("/rest/simpleJobPostingTasks").respond_with_json({"results": tasks})
    drain()

    held = fresh(rows[1])
    assert (held.status, held.error_code) == ("pending", "credentials_refused")
    assert {fresh(row).status for row in (rows[0], rows[2])} <= {"accepted", "published"}
    assert again(channel).credentials_refused_at is not None
    assert facts("disconnected") == 1

    barred.clear()
    change_channel(again(channel), credentials=RIGHT)
    until_rest()
    assert {fresh(row).status for row in rows} == {"published"}
