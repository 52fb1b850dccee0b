import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now

from jobly.runs import clients
from jobly.runs.actions import life, queues, start
from jobly.runs.actions.crash import crashpoint, crashpoints
from jobly.runs.actions.watch import DEAF_SECONDS, Watch
from jobly.runs.models import Run, SignOfLife


@pytest.fixture
def watch():
    """The watch over a worker with two processes that has heard nothing for long."""
    app = SimpleNamespace(amqp=SimpleNamespace(queues={"default": None}))
    pool = SimpleNamespace(num_processes=2)
    watch = Watch(SimpleNamespace(hostname="w1", app=app, pool=pool))
    watch.heard = time.monotonic() - DEAF_SECONDS - 1
    return watch


def make_overdue(kind="test.plain"):
    run = start(kind, {}, actor=None)
    Run.objects.filter(pk=run.pk).update(available_at=Now() - timedelta(minutes=2))


@pytest.mark.django_db
def test_a_worker_is_deaf_if_its_runs_are_overdue_and_no_hint_arrives(watch):
    assert not watch.is_deaf(), "nothing is due"
    make_overdue("test.board")
    assert not watch.is_deaf(), "that is another worker's queue"
    make_overdue()
    assert watch.is_deaf()
    watch.hear()
    assert not watch.is_deaf()


@pytest.mark.django_db
def test_a_busy_worker_or_one_without_a_broker_is_not_deaf(watch, monkeypatch):
    make_overdue()
    watch.slots = 0
    assert not watch.is_deaf()
    watch.slots = 2
    monkeypatch.setattr(clients, "_silent_until", float("inf"))
    assert not watch.is_deaf()


@pytest.mark.django_db
def test_the_watch_wakes_up_when_a_run_falls_due(watch, settings):
    assert watch.pause() == settings.RUN_SWEEP_SECONDS
    start("test.plain", {}, actor=None, after=timedelta(seconds=2))
    assert 1 < watch.pause() <= 2


@pytest.mark.django_db
def test_a_worker_is_not_deaf_to_a_paused_queue(watch):
    make_overdue()
    queues.pause("default", why="", actor=None)
    assert not watch.is_deaf()
    assert watch.pause() == 5


@pytest.mark.django_db
def test_a_worker_shows_which_queues_it_serves_and_takes_its_leave(watch):
    watch.show_life()
    watch.show_life()
    sign = SignOfLife.objects.get()
    assert (sign.name, sign.queues, sign.every) == ("worker:w1", ["default"], timedelta(seconds=5))
    life.take_leave("worker:w1")
    assert not SignOfLife.objects.exists()


@pytest.mark.django_db
def test_who_was_not_seen_for_a_day_is_forgotten(watch):
    watch.show_life()
    SignOfLife.objects.update(name="worker:old", seen_at=Now() - timedelta(hours=25))
    watch.show_life()
    life.forget_the_gone()
    assert SignOfLife.objects.get().name == "worker:w1"


def test_every_crash_point_is_known_by_name_and_harmless_unless_asked_for():
    names = crashpoints()
    assert {
        "runs.after_claim",
        "runs.before_terminal",
        "runs.after_terminal",
        "runs.after_commit_before_dispatch",
    } <= set(names)
    for name in names:
        crashpoint(name)
