"""Where a publication stood at any moment, and each step that led there, by REST and by command."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from distribution.actions import changes
from distribution.models import DistributionMove
from tests.make import make_member

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(boards):
    channel = make_channel(slug="glassdoor")
    person = make_member(channel.company)
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return channel, person, client


def test_the_ledger_gives_the_state_at_each_moment(world):
    channel, person, client = world
    before = timezone.now()
    row = make_distribution(channel=channel)
    until_rest()
    published = timezone.now()
    changes.close_distribution(fresh(row), actor=person)
    until_rest()

    def at(moment):
        answer = client.get("/api/v1/distributions/ledger/", {"at": moment.isoformat()}).json()
        return [one["status"] for one in answer["results"]], answer["by_status"]

    assert at(before) == ([], {})
    assert at(published) == (["published"], {"published": 1})
    assert at(timezone.now()) == (["closed"], {"closed": 1})
    for move in DistributionMove.objects.all():
        assert at(move.at)[0] == [move.became]


def test_a_history_tells_moves_exchanges_and_looks_in_order_without_secrets(world):
    channel, person, client = world
    row = make_distribution(channel=channel)
    until_rest()
    said = client.post(f"/api/v1/distributions/{row.pk}/look/")
    assert said.status_code == 202
    until_rest()
    changes.close_distribution(fresh(row), actor=person)
    until_rest()

    steps = client.get(f"/api/v1/distributions/{row.pk}/history/").json()["steps"]
    assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
    told = [(step["kind"], step["state"]) for step in steps]
    assert told == [
        ("move", "pending"),
        ("attempt", "published"),
        ("move", "sending"),
        ("move", "published"),
        ("look", "live"),
        ("attempt", "accepted"),
        ("move", "closed"),
    ] or told[1:3] == [("move", "sending"), ("attempt", "published")]
    assert steps[-1]["by"] == str(person)


def test_why_by_rest_and_by_command_say_the_same(world, capsys):
    channel, _, client = world
    row = make_distribution(channel=channel)
    until_rest()
    query = {"job": row.job_id, "channel": "glassdoor"}
    by_rest = client.get("/api/v1/distributions/why/", query).json()
    call_command("why", "--job", str(row.job_id), "--json")
    by_command = json.loads(capsys.readouterr().out)["boards"][0]

    assert by_rest["code"] == by_command["code"] == "live"
    assert by_rest["sentence"] == by_command["sentence"]
    assert [link["name"] for link in by_rest["chain"]] == ["asked", "sent", "accepted", "seen"]


def test_the_ledger_takes_the_same_number_of_queries_for_1_and_20(
    world, django_assert_max_num_queries
):
    channel, _, client = world
    asked = []
    for many in (1, 19):
        for _ in range(many):
            make_distribution(make_posting(channel.company), channel)
        with django_assert_max_num_queries(12) as queries:
            client.get("/api/v1/distributions/ledger/", {"limit": 100})
        asked.append(len(queries))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("at", ["yesterday", "2026-13-01", ""])
def test_a_moment_that_is_none_is_refused_and_an_empty_one_is_now(world, at):
    _, _, client = world
    answer = client.get("/api/v1/distributions/ledger/", {"at": at})
    assert answer.status_code == (400 if at else 200)


def test_a_moment_long_ago_holds_nothing(world):
    channel, _, client = world
    make_distribution(channel=channel)
    at = timezone.now() - timedelta(days=900)
    answer = client.get("/api/v1/distributions/ledger/", {"at": at.isoformat()})
    assert answer.json()["results"] == []
