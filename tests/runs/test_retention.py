"""What leaves the ledger, and what stays."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from jobly.artifacts.models import Artifact
from jobly.runs.actions import retention, start
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run, Stream
from jobly.runs.reports.retention import old_records
from jobly.runs.rules.archive import first_number_at

pytestmark = pytest.mark.django_db
OLD = timedelta(days=91)


def forgotten():
    """Do as the clock does; return what went."""
    run = start("runs.retention", {}, actor=None)
    drain()
    run.refresh_from_db()
    assert run.status == "succeeded", run.error
    return run.result


def number_of_old(age=OLD):
    """Make a number as runs had it then."""
    tail = uuid7().int & ((1 << 80) - 1)
    return type(uuid7())(int=first_number_at(timezone.now() - age).int | tail)


def finished_long_ago(age=OLD, **columns):
    pk = number_of_old(age)
    at = timezone.now() - age
    columns = {"root_id": pk, "status": "succeeded", "finished_at": at, **columns}
    return Run.objects.create(id=pk, kind="test.pair", stream="staff", created_at=at, **columns)


def test_events_are_forgotten_after_a_week_and_the_floor_rises(monkeypatch):
    monkeypatch.setattr(retention, "EVENTS_A_STEP", 2)
    for _ in range(6):
        start("test.pair", {"left": 1}, actor=None)
    Run.objects.all().delete()
    Event.objects.filter(seq__lte=5).update(at=timezone.now() - timedelta(days=8))
    assert old_records()["events"] == 5

    assert forgotten()["events"] == 5
    stream = Stream.objects.get()
    assert stream.min_seq == 6
    assert forgotten()["events"] == 0
    seqs = Event.objects.order_by("seq").values_list("seq", flat=True)
    assert list(seqs) == list(range(6, stream.last_seq + 3))


def test_finished_runs_leave_for_a_file_with_all_that_they_started(django_assert_max_num_queries):
    top = finished_long_ago()
    part = finished_long_ago(parent=top, root_id=top.pk, args={"left": "ü"})
    repeat = start("test.pair", {"left": 1}, actor=None, after=OLD)
    Run.objects.filter(pk=repeat.pk).update(replay_of=part)
    assert old_records()["runs"] == 1

    assert forgotten()["runs"] == 2

    assert not Run.objects.filter(pk__in=[top.pk, part.pk]).exists()
    repeat.refresh_from_db()
    assert repeat.replay_of is None
    file = Artifact.objects.get(kind="runs")
    with file.open() as stream:
        rows = [json.loads(line) for line in gzip.decompress(stream.read()).splitlines()]
    assert {row["id"] for row in rows} == {str(top.pk), str(part.pk)}
    assert {"left": "ü"} in [row["args"] for row in rows]


def test_what_is_young_or_unfinished_stays_and_keeps_its_family():
    young = finished_long_ago(timedelta(days=89))
    top = finished_long_ago()
    part = finished_long_ago(
        parent=top,
        root_id=top.pk,
        status="queued",
        finished_at=None,
        available_at=timezone.now() + OLD,
    )
    recent = finished_long_ago()
    Run.objects.filter(pk=recent.pk).update(finished_at=timezone.now())
    assert forgotten()["runs"] == 0
    assert Run.objects.filter(pk__in=[young.pk, top.pk, part.pk, recent.pk]).count() == 4


def test_many_go_in_steps(monkeypatch):
    monkeypatch.setattr(retention, "FAMILIES_A_STEP", 2)
    for _ in range(5):
        finished_long_ago()
    assert forgotten()["runs"] == 5
    assert Artifact.objects.filter(kind="runs").count() == 3


def test_a_number_begins_with_its_time():
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert first_number_at(at) < uuid7()
    assert first_number_at(at).int >> 80 == int(at.timestamp() * 1000)
