"""A paused queue: nothing is taken out of it and nobody is hinted; what runs goes on."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from jobly.errors import Conflict, Rejected
from jobly.runs.actions import claims, queues, start, start_many
from jobly.runs.actions.execution import drain, foreground
from jobly.runs.actions.sweep import hint_again
from jobly.runs.models import Event, Queue, Run
from jobly.runs.reports import oldest_due_seconds
from jobly.runs.reports.queues import lines
from tests.make import make_key, make_user

pytestmark = pytest.mark.django_db
JSON = "application/json"


def pause(name="default", why="the board is down"):
    return queues.pause(name, why=why, actor=make_user())


def test_pausing_says_who_when_and_why_and_is_told():
    row = pause()
    assert row.is_paused
    assert (row.why, str(row.paused_by)) == ("the board is down", row.paused_by.email)
    event = Event.objects.get()
    assert (event.stream, event.type, event.actor_id) == (
        "staff", "runs.queue_paused", row.paused_by_id,
    )  # fmt: skip
    assert event.data == {"queue": "default", "why": "the board is down"}

    row = queues.resume("default", actor=None)
    assert (row.is_paused, row.paused_by, row.why) == (False, None, "")
    assert Event.objects.latest("seq").type == "runs.queue_resumed"


def test_what_cannot_be_paused_or_resumed_is_refused_and_nothing_changes():
    with pytest.raises(Rejected, match="There is no queue nowhere"):
        pause("nowhere")
    with pytest.raises(Rejected, match="200 characters"):
        pause(why="x" * 201)
    with pytest.raises(Conflict, match="is not paused"):
        queues.resume("default", actor=None)
    pause()
    with pytest.raises(Conflict, match="is paused already"):
        pause(why="again")
    assert Queue.objects.get(name="default").why == "the board is down"
    assert Event.objects.count() == 1


def test_nothing_is_taken_out_of_a_paused_queue_by_any_way():
    start("test.plain", {}, actor=None)
    start("test.board", {}, actor=None)
    pause()
    assert claims.claim("default", 10) == []
    assert claims.claim("default", 10, after="") == []
    assert claims.look("default", 10, after=None) == []
    assert claims.due_queues() == ["boards"]
    assert not claims.has_due("default")
    assert drain() == 1
    assert set(Run.objects.values_list("queue", "status")) == {
        ("default", "queued"), ("boards", "succeeded"),
    }  # fmt: skip
    queues.resume("default", actor=None)
    assert drain() == 1


def test_what_runs_goes_on_when_its_queue_is_paused(body):
    def pauses(progress, **args):
        pause()
        return {"went": "on"}

    body(pauses)
    start_many("test.steps", [{}, {}], actor=None)
    assert drain() == 1
    assert sorted(Run.objects.values_list("status", flat=True)) == ["queued", "succeeded"]


def test_a_command_in_the_foreground_does_its_own_work_all_the_same():
    pause()

    def command(progress):
        progress.start("test.plain", {})

    run = foreground("test.command", {}, actor=None, body=command)
    assert (run.status, run.done) == ("succeeded", 1)


def test_nobody_is_hinted_of_a_paused_queue_and_at_once_of_one_that_goes_on(valkey):
    pause()
    with_hint = start("test.board", {}, actor=None)
    start("test.plain", {}, actor=None)
    hint_again()
    assert (with_hint.queue, valkey.llen("default")) == ("boards", 0)


@pytest.mark.django_db(transaction=True)
def test_resuming_hints_at_once(valkey):
    pause()
    start("test.plain", {}, actor=None)
    start("test.board", {}, actor=None)
    assert (valkey.llen("default"), valkey.llen("boards")) == (0, 1)
    queues.resume("default", actor=None)
    assert valkey.llen("default") == 1


def test_a_paused_queue_is_not_behind_with_its_work():
    start("test.plain", {}, actor=None)
    Run.objects.update(available_at=Now() - timedelta(minutes=10))
    assert oldest_due_seconds() >= 600
    pause()
    assert oldest_due_seconds() == 0


def test_pausing_costs_a_claim_no_question_of_its_own(django_assert_num_queries):
    start("test.plain", {}, actor=None)
    with django_assert_num_queries(1):
        assert len(claims.claim("default", 10)) == 1


@pytest.fixture
def operator():
    """A program of an operator."""
    _, text = make_key(make_user("operator@example.org", is_staff=True), scopes=["runs"])
    return Client(headers={"Authorization": f"Bearer {text}"})


def test_operators_pause_and_resume_by_the_api(operator, valkey):
    start("test.plain", {}, actor=None)
    start("test.plain", {}, actor=None, after=timedelta(hours=1))
    url = "/api/v1/queues/default/"
    told = operator.post(f"{url}pause/", {"why": "a board is down"}, content_type=JSON).json()
    assert told["paused_at"] is not None
    del told["paused_at"], told["oldest_due_at"]
    assert told == {
        "name": "default", "paused": True, "paused_by": "operator@example.org",
        "why": "a board is down", "waiting": 1, "later": 1, "running": 0,
    }  # fmt: skip
    again = operator.post(f"{url}pause/")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")

    listed = operator.get("/api/v1/background-jobs/").json()["results"]
    assert [row["paused"] for row in listed] == [True, True]
    rows = operator.get("/api/v1/queues/").json()
    assert [row["name"] for row in rows["results"]] == queues.queue_names()
    assert rows["count"] == len(queues.queue_names())

    told = operator.post(f"{url}resume/").json()
    assert (told["paused"], told["paused_by"], told["why"]) == (False, None, "")
    assert operator.get(url).json() == told
    assert operator.post(f"{url}resume/").status_code == 409


def test_a_queue_that_does_not_exist_cannot_be_paused(operator):
    assert operator.get("/api/v1/queues/nowhere/").status_code == 404
    refused = operator.post("/api/v1/queues/nowhere/pause/")
    assert (refused.status_code, refused.json()["code"]) == (400, "rejected")
    assert not Queue.objects.exists()


def test_reading_queues_costs_the_same_however_much_waits(django_assert_num_queries):
    start("test.plain", {}, actor=None)
    with django_assert_num_queries(2):
        lines()
    start_many("test.board", ({} for _ in range(100)), actor=None)
    with django_assert_num_queries(2):
        found = {line.queue.name: line.waiting for line in lines()}
    assert found == {"boards": 100, "default": 1}
