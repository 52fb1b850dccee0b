"""What operators and programs steer and read of runs by REST."""

import logging
from datetime import timedelta

import pytest
from django.test import Client

from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.actions.kinds import run
from jobly.runs.models import Run
from tests.make import make_company, make_key, make_member, make_user

pytestmark = pytest.mark.django_db
URL = "/api/v1/background-jobs/"
log = logging.getLogger("proof.api")


@run("proof.asked", retry="never")
def asked(*, n: int) -> dict[str, int]:
    log.info("asked for %s", n)
    if n < 0:
        raise ValueError("negative")
    return {"n": n}


@pytest.fixture
def company():
    return make_company("lions")


@pytest.fixture
def client(company):
    return with_key(make_member(company), company)


@pytest.fixture
def operator():
    return with_key(make_user(is_staff=True))


def with_key(person, company=None):
    _, text = make_key(person, company=company, scopes=["runs"])
    return Client(headers={"Authorization": f"Bearer {text}"})


def begin(company, n=1, **options):
    with transaction():
        return start("proof.asked", {"n": n}, actor=None, company=company, **options)


def failed(company):
    one = begin(company, n=-1)
    drain()
    return one


def post(browser, one, verb, body=None):
    return browser.post(f"{URL}{one.pk}/{verb}/", body or {}, content_type="application/json")


def test_a_run_is_done_again_with_the_same_arguments_by_its_people(client, company):
    one = failed(company)
    answer = post(client, one, "retry")
    assert answer.status_code == 202
    again = Run.objects.get(pk=answer.json()["job_id"])
    assert (again.args, again.replay_of) == ({"n": -1}, one)


def test_only_operators_change_its_arguments(client, operator, company):
    one = failed(company)
    refused = post(client, one, "retry", {"args": {"n": 1}})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    wrong = post(operator, one, "retry", {"args": {"m": 1}})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "wrong_arguments")
    assert Run.objects.filter(replay_of=one).count() == 0
    answer = post(operator, one, "retry", {"args": {"n": 4}})
    assert Run.objects.get(pk=answer.json()["job_id"]).args == {"n": 4}
    drain()
    moved = post(operator, one, "retry", {"args": {"n": 5}})
    assert (moved.status_code, moved.json()["code"]) == (409, "run_moved")


def test_a_run_that_is_due_later_starts_now(client, company):
    one = begin(company, after=timedelta(hours=1))
    assert post(client, one, "start-now").json()["status"] == "queued"
    assert drain() == 1
    assert post(client, one, "start-now").status_code == 409


def test_the_log_is_read_from_a_number_on_and_shows_no_trace_to_customers(
    client, operator, company
):
    one = failed(company)
    found = client.get(f"{URL}{one.pk}/log/").json()
    assert (found["total"], [line["n"] for line in found["lines"]]) == (2, [1, 2])
    assert found["lines"][0]["text"] == "asked for -1"
    assert "trace" not in found["lines"][1]
    (line,) = operator.get(f"{URL}{one.pk}/log/?after=1").json()["lines"]
    assert "ValueError: negative" in line["trace"]
    assert client.get(f"{URL}{one.pk}/log/?after=x").status_code == 400
    foreign = begin(make_company())
    assert client.get(f"{URL}{foreign.pk}/log/").status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=failed", 1),
        ("status=unfinished", 1),
        ("kind=proof.asked", 2),
        ("kind=-proof.asked", 1),
        ("type=proof.asked", 2),
        ("queue=default", 3),
        ("queue=etl", 0),
        ("company=lions", 2),
        ("company=tigers", 0),
        ("error_code=internal_error", 1),
        ("standing=later", 1),
        ("since=1h", 3),
        ("since=2020-01-01T00:00:00Z", 3),
        ("since=2099-01-01", 0),
        ("q=something+broke", 1),
        ("status=failed&kind=proof.asked&since=24h&company=lions&queue=default", 1),
    ],
)
def test_the_list_is_narrowed(operator, company, query, expected):
    failed(company)
    begin(company, after=timedelta(hours=1))
    with transaction():
        start("runs.retention", {}, actor=None)
    drain()
    assert operator.get(f"{URL}?{query}").json()["count"] == expected


@pytest.mark.parametrize("query", ["status=odd", "since=yesterday", "standing=odd"])
def test_a_filter_that_means_nothing_is_refused(operator, query):
    answer = operator.get(f"{URL}?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["fields"]
