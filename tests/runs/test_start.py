import json
import socket
import threading
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from jobly import limits
from jobly.runs import clients
from jobly.runs.actions import cancel, emit, replay, start, start_many, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.errors import RunMoved, UnknownKind, WrongArguments
from jobly.runs.models import Event, Run
from tests.make import make_company, make_user

from .kinds import Happened


@pytest.mark.django_db
def test_a_started_run_is_queued_and_told():
    person, company = make_user(), make_company()

    run = start("test.pair", {"left": 1}, actor=person, company=company)

    run.refresh_from_db()
    assert (run.status, run.queue, run.root_id) == ("queued", "default", run.pk)
    assert run.stream == f"company:{company.pk}"
    event = Event.objects.get()
    assert (event.type, event.run_id, event.stream) == ("job.created", run.pk, run.stream)
    assert event.data["status"] == "queued"


@pytest.mark.django_db
def test_the_queue_is_that_of_the_wiring(settings):
    settings.RUN_QUEUES = {"test": "etl", "test.board": "boards"}
    assert start("test.pair", {"left": 1}, actor=None).queue == "etl"
    assert start("test.board", {}, actor=None).queue == "boards"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "args", "error"),
    [
        ("test.nobody", {}, UnknownKind),
        ("test.pair", {}, WrongArguments),
        ("test.pair", {"left": 1, "middle": 2}, WrongArguments),
    ],
)
def test_an_unknown_kind_or_argument_is_refused_at_once(kind, args, error):
    with pytest.raises(error):
        start(kind, args, actor=None)
    assert not Run.objects.exists()


@pytest.mark.django_db
def test_the_same_key_of_the_same_kind_and_company_is_the_same_run():
    company = make_company()
    first = start("test.pair", {"left": 1}, actor=None, company=company, key="k")

    assert start("test.pair", {"left": 2}, actor=None, company=company, key="k").pk == first.pk
    assert start("test.pair", {"left": 1}, actor=None, company=company, key="l").pk != first.pk
    assert start("test.pair", {"left": 1}, actor=None, key="k").pk != first.pk
    assert start("test.plain", {}, actor=None, company=company, key="k").pk != first.pk
    assert Event.objects.filter(type="job.created", run=first).count() == 1


@pytest.mark.django_db
def test_the_key_is_the_databases_own_rule_where_there_is_no_company():
    run = start("test.pair", {"left": 1}, actor=None, key="k")
    with pytest.raises(IntegrityError):
        Run.objects.create(
            kind="test.pair", stream="staff", idempotency_key="k", root_id=run.root_id
        )


@pytest.mark.django_db(transaction=True)
def test_eight_threads_with_one_key_start_one_run():
    ids = []

    def begin():
        ids.append(start("test.pair", {"left": 1}, actor=None, key="once").pk)
        connection.close()

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_a_run_that_comes_later_is_not_due_yet():
    in_a_minute = start("test.pair", {"left": 1}, actor=None, after=timedelta(minutes=1))
    tomorrow = timezone.now() + timedelta(days=1)
    later = start("test.pair", {"left": 1}, actor=None, after=tomorrow)

    assert drain() == 0
    assert in_a_minute.available_at - in_a_minute.created_at == timedelta(minutes=1)
    assert later.available_at == tomorrow


@pytest.mark.django_db
def test_a_thousand_runs_start_in_a_handful_of_statements(django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        runs = start_many("test.pair", ({"left": n} for n in range(1000)), actor=None)
    assert [run.args["left"] for run in runs] == list(range(1000))
    assert Event.objects.count() == 1000


@pytest.mark.django_db
def test_a_fact_starts_the_runs_that_subscribed_with_its_fields(settings):
    settings.RUN_ON_EVENT = {"test.happened": ("test.plain",)}
    company = make_company()
    with transaction():
        emit(Happened(job_id=5), company=company)

    run = Run.objects.get()
    assert (run.kind, run.args, run.company) == (
        "test.plain",
        {"job_id": 5, "skills": []},
        company,
    )


@pytest.mark.django_db
def test_a_run_started_by_a_run_is_its_child_and_tells_where_it_came_from(body, settings):
    settings.RUN_ON_EVENT = {"test.happened": ("test.steps",)}
    person = make_user()

    def first(_progress, **_args):
        with transaction():
            emit(Happened(job_id=1))
        start("test.pair", {"left": 1}, actor=None)

    body(first)
    top = start("test.plain", {}, actor=person)
    drain(limit=1)

    children = Run.objects.filter(parent=top)
    assert {child.kind for child in children} == {"test.steps", "test.pair"}
    assert {child.root_id for child in children} == {top.pk}
    assert children.get(kind="test.pair").stream == f"user:{person.pk}"
    fact = Event.objects.get(fact="test.happened")
    assert (fact.run_id, fact.actor_id) == (top.pk, person.pk)


# cancel and replay


@pytest.mark.django_db
def test_cancelling_a_queued_run_ends_it_and_all_it_started():
    top = start("test.pair", {"left": 1}, actor=None)
    child = start("test.pair", {"left": 1}, actor=None, parent=top)
    grandchild = start("test.pair", {"left": 1}, actor=None, parent=child)

    cancel(top)
    assert cancel(top).status == "cancelled"

    assert set(Run.objects.values_list("status", flat=True)) == {"cancelled"}
    assert Run.objects.filter(finished_at=None).count() == 0
    events = Event.objects.filter(type="job.failed", data__status="cancelled")
    assert {event.run_id for event in events} == {top.pk, child.pk, grandchild.pk}
    assert drain() == 0


@pytest.mark.django_db
def test_a_finished_run_can_not_be_cancelled():
    run = start("test.pair", {"left": 1}, actor=None)
    drain()
    with pytest.raises(RunMoved):
        cancel(run)


@pytest.mark.django_db
def test_a_failed_run_is_repeated_as_a_new_one_that_takes_the_key_over(body):
    def fail(_progress, **_args):
        raise ValueError("broken")

    body(fail)
    failed = start("test.plain", {"a": 1}, actor=None, key="k")
    drain()
    again = replay(failed, actor=None)

    assert replay(failed, actor=None).pk == again.pk, "one repetition at a time"
    assert (again.replay_of_id, again.args, again.idempotency_key) == (failed.pk, {"a": 1}, "k")
    assert start("test.plain", {"a": 1}, actor=None, key="k").pk == again.pk

    body(lambda _progress, **_args: None)
    drain()
    with pytest.raises(RunMoved):
        replay(failed, actor=None)
    with pytest.raises(RunMoved):
        replay(Run.objects.get(pk=again.pk), actor=None)


@pytest.mark.django_db
def test_the_key_of_a_cancelled_run_starts_it_anew():
    first = start("test.pair", {"left": 1}, actor=None, key="k")
    cancel(first)
    second = start("test.pair", {"left": 1}, actor=None, key="k")
    assert second.pk != first.pk
    assert second.replay_of_id == first.pk


# doorbells


def hints(valkey, queue="default"):
    return [json.loads(message) for message in valkey.lrange(queue, 0, -1)]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_sends_one_hint_a_queue_and_only_when_it_commits(valkey):
    with suppress(KeyError), transaction():
        start("test.pair", {"left": 1}, actor=None)
        raise KeyError
    assert hints(valkey) == []

    with transaction():
        for _ in range(5):
            start("test.pair", {"left": 1}, actor=None)
        start("test.board", {}, actor=None)
        start("test.pair", {"left": 1}, actor=None, after=timedelta(hours=1))
        assert hints(valkey) == []

    (hint,) = hints(valkey)
    assert hint["headers"]["task"] == "runs.drain"
    assert hint["headers"]["argsrepr"] == "['default']"
    assert len(hints(valkey, "boards")) == 1
    assert hint["headers"]["eta"] is None


@pytest.mark.django_db(transaction=True)
def test_live_pages_are_poked_with_the_last_number_of_each_stream(valkey):
    ear = valkey.pubsub()
    ear.subscribe(clients.POKE_TOPIC)
    ear.get_message(timeout=2)
    with transaction():
        emit(Happened(job_id=1))
        emit(Happened(job_id=2))

    message = ear.get_message(timeout=2)
    ear.close()
    assert json.loads(message["data"]) == {"stream": "staff", "seq": 2}


@pytest.mark.django_db(transaction=True)
def test_a_dead_valkey_delays_nobody_twice(settings):
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    clients.valkey.cache_clear()
    try:
        began = time.monotonic()
        for number in range(20):
            with transaction():
                emit(Happened(job_id=number))
                start("test.pair", {"left": 1}, actor=None)
        assert time.monotonic() - began < 2
        assert Run.objects.count() == 20
        assert clients.is_silent()
    finally:
        clients.valkey().close()
        clients.valkey.cache_clear()


def test_who_waited_for_a_limit_does_not_wait_for_the_doorbell_too(settings):
    with socket.create_server(("127.0.0.1", 0)) as hole:  # it takes lines and says nothing
        settings.VALKEY_URL = f"redis://127.0.0.1:{hole.getsockname()[1]}/0"
        limits.hit("anybody", limit=1, window=limits.MINUTE)
        began = time.monotonic()
        assert not clients.send_hints(["default"])
        assert time.monotonic() - began < 1
