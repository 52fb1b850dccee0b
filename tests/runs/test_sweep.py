from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from jobly.runs.actions import claims, start
from jobly.runs.actions.execution import drain
from jobly.runs.actions.sweep import hint_again, sweep, take_back
from jobly.runs.models import Run


@pytest.fixture(autouse=True)
def _short_lease(settings):
    settings.RUN_LEASE_SECONDS = 0.5  # renewed since this database is there


def expire(run):
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_a_run_whose_worker_died_is_queued_again_its_attempt_unused():
    start("test.pair", {"left": 1}, actor=None)
    (run,) = claims.claim("default", 1)
    assert take_back() == 0
    expire(run)
    assert take_back() == 1

    run.refresh_from_db()
    assert (run.status, run.attempt, run.crash_count, len(run.crashes)) == ("queued", 0, 1, 1)
    assert run.history[-1]["what"] == "crashed"
    assert drain() == 1


@pytest.mark.django_db
def test_a_run_that_killed_three_workers_in_three_days_fails_as_poison():
    run = start("test.pair", {"left": 1}, actor=None)
    for _ in range(3):
        (held,) = claims.claim("default", 1)
        expire(held)
        take_back()
    run.refresh_from_db()
    assert (run.status, run.error_code, run.crash_count) == ("failed", "poison", 3)


@pytest.mark.django_db
def test_a_lease_that_ran_out_while_the_database_was_away_is_nobodys_crash():
    start("test.pair", {"left": 1}, actor=None)
    for _ in range(4):
        (held,) = claims.claim("default", 1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_postmaster_start_time()")
            (up_since,) = cursor.fetchone()
        Run.objects.filter(pk=held.pk).update(lease_until=up_since + timedelta(seconds=0.4))
        assert take_back() == 1

    held.refresh_from_db()
    assert (held.status, held.crashes, held.crash_count) == ("queued", [], 4)


@pytest.mark.django_db
def test_runs_claimed_together_with_a_deadly_one_are_tried_alone_before_they_are_judged(body):
    alone = []

    def work(progress, n):
        alone.append((n, claims.was_alone(Run.objects.get(pk=progress.run.pk))))

    body(work)
    for n in range(4):
        start("test.steps", {"n": n}, actor=None)
    for _ in range(5):
        for held in claims.claim("default", 20):
            expire(held)
        take_back()
    assert set(Run.objects.values_list("status", "crash_count")) == {("queued", 5)}

    drain()
    assert sorted(alone) == [(n, True) for n in range(4)]


@pytest.mark.django_db
def test_crashes_of_last_week_do_not_count():
    run = start("test.pair", {"left": 1}, actor=None)
    old = [timezone.now() - timedelta(hours=73)] * 5
    Run.objects.update(crashes=old, crash_count=5)
    (held,) = claims.claim("default", 1)
    expire(held)
    take_back()
    run.refresh_from_db()
    assert (run.status, run.crash_count, len(run.crashes)) == ("queued", 6, 1)


@pytest.mark.django_db
def test_a_command_that_was_killed_leaves_a_failed_run():
    run = Run(kind="import.file", stream="staff", status="running", owner="terminal:host:1")
    run.root_id, run.lease_until = run.pk, timezone.now() - timedelta(seconds=1)
    run.save()
    take_back()
    run.refresh_from_db()
    assert (run.status, run.error_code) == ("failed", "command_gone")


@pytest.mark.django_db
def test_a_run_to_be_cancelled_ends_when_its_worker_is_gone():
    start("test.pair", {"left": 1}, actor=None)
    (run,) = claims.claim("default", 1)
    Run.objects.update(cancel_requested_at=Now())
    expire(run)
    take_back()
    run.refresh_from_db()
    assert run.status == "cancelled"


@pytest.mark.django_db
def test_due_runs_nobody_was_told_of_are_hinted_once_in_thirty_seconds(valkey):
    start("test.pair", {"left": 1}, actor=None)
    start("test.board", {}, actor=None)
    start("test.pair", {"left": 1}, actor=None, after=timedelta(hours=1))

    assert hint_again() == 2
    assert (valkey.llen("default"), valkey.llen("boards")) == (1, 1)
    assert hint_again() == 0

    Run.objects.update(dispatched_at=timezone.now() - timedelta(seconds=31))
    assert hint_again() == 2


@pytest.mark.django_db
def test_a_hint_that_could_not_be_sent_is_tried_again(monkeypatch, valkey):
    start("test.pair", {"left": 1}, actor=None)
    monkeypatch.setattr("jobly.runs.clients._silent_until", float("inf"))
    assert hint_again() == 0
    monkeypatch.setattr("jobly.runs.clients._silent_until", 0.0)
    assert hint_again() == 1


@pytest.mark.django_db
def test_a_sweep_with_nothing_to_do_does_nothing():
    assert sweep() == {"taken_back": 0, "settled": 0, "fired": 0, "hinted": 0}
