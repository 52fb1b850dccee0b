"""Jobs that a source lists no more: whole walks count, and a sudden loss is asked about."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from ingestion.actions import vanishing
from ingestion.errors import AbsenceDecided
from ingestion.models import Absence, Fetch, Job, Listing, Missing
from ingestion.rules.absence import is_sudden, sense_of
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event
from tests.make import make_job, make_sighting, make_source, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def board():
    return make_source("board", adapter="greenhouse", kind="api")


def listed(board, many):
    """Jobs of a board that a walk met yesterday."""
    walk = make_fetch(board, hours=24)
    jobs = []
    for number in range(many):
        job = make_job(f"Cooper {number}", source=board)
        make_sighting(job, key=f"ref:{number}")
        Listing.objects.create(source=board, key=str(number), mark="m", fetch=walk)
        jobs.append(job)
    Listing.objects.update(last_seen_at=now() - timedelta(hours=24))
    return jobs


def make_fetch(board, *, hours=0, **columns):
    columns = {"strategy": "scheduled", "status": "complete"} | columns
    row = Fetch.objects.create(source=board, ended_at=now(), **columns)
    Fetch.objects.filter(pk=row.pk).update(started_at=now() - timedelta(hours=hours))
    row.refresh_from_db()
    return row


def walk(board, meets, **columns):
    """End a walk that met these entries, and have it judged."""
    fetch = make_fetch(board, **columns)
    rows = Listing.objects.filter(source=board, key__in=[str(n) for n in meets])
    rows.update(fetch=fetch, last_seen_at=now())
    judge(fetch)
    return fetch


def judge(fetch):
    with transaction():
        args = {"fetch_id": str(fetch.pk), "source_id": "", "status": "", "reason_code": ""}
        start("ingestion.judge_absence", {**args, "got": 0, "fresh": 0}, actor=None)
    drain("etl")


def statuses():
    return list(Job.objects.order_by("pk").values_list("status", flat=True))


def test_two_whole_walks_close_a_job_and_one_does_not(board):
    listed(board, 4)

    walk(board, [0, 1, 2])
    assert statuses() == ["live"] * 4
    assert Missing.objects.get().strikes == 1

    fetch = walk(board, [0, 1, 2])
    assert statuses() == ["live"] * 3 + ["closed"]
    row = Absence.objects.get(fetch=fetch)
    assert (row.status, row.known, row.missing, row.closed) == ("counted", 4, 1, 1)
    assert Missing.objects.get().closed_at
    assert Event.objects.filter(fact="ingestion.job_closed").count() == 1


def test_judging_the_same_walk_twice_counts_once(board):
    listed(board, 4)
    fetch = walk(board, [0, 1, 2])
    judge(fetch)
    assert Missing.objects.get().strikes == 1
    assert Absence.objects.count() == 1


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "failed", "reason_code": "forbidden"},
        {"status": "partial", "reason_code": "coverage"},
        {"status": "complete", "reason_code": "page_limit"},
        {"status": "complete", "reason_code": "known"},
        {"strategy": "incremental"},
    ],
)
def test_walks_that_were_not_whole_close_nothing_however_many(board, columns):
    listed(board, 4)
    for _ in range(3):
        walk(board, [0, 1, 2], **columns)
    assert statuses() == ["live"] * 4
    assert not Missing.objects.exists()
    assert not Absence.objects.exists()


def test_a_job_that_is_met_again_is_forgotten_or_opened_again(board):
    listed(board, 4)
    walk(board, [0, 1, 2])
    walk(board, [0, 1, 2, 3])
    assert not Missing.objects.exists()
    walk(board, [0, 1, 2])
    assert statuses() == ["live"] * 4

    walk(board, [0, 1, 2])
    assert statuses()[3] == "closed"
    fetch = walk(board, [0, 1, 2, 3])
    assert statuses() == ["live"] * 4
    assert Absence.objects.get(fetch=fetch).back == 1


def test_a_job_that_a_person_closed_stays_closed(board):
    jobs = listed(board, 4)
    jobs[3].move(Job.Status.CLOSED)
    for _ in range(2):
        walk(board, [0, 1, 2])
    walk(board, [0, 1, 2, 3])
    assert statuses()[3] == "closed"


def test_another_whole_board_that_lists_it_keeps_a_job_open(board):
    jobs = listed(board, 4)
    make_sighting(jobs[3], source=make_source("other", adapter="lever"), key="ref:x")
    for _ in range(2):
        walk(board, [0, 1, 2])
    assert statuses() == ["live"] * 4


@pytest.mark.parametrize("columns", [{}, {"status": "partial", "reason_code": "empty"}])
def test_losing_most_jobs_at_once_is_asked_about(board, columns):
    listed(board, 4)
    for _ in range(3):
        fetch = walk(board, [] if columns else [0], **columns)

    assert statuses() == ["live"] * 4
    assert not Missing.objects.exists()
    held = Absence.objects.held().get()
    assert held.fetch_id == fetch.pk
    assert Absence.objects.filter(status="overtaken").count() == 2
    assert Event.objects.filter(stream="staff", fact="ingestion.absence_held").count() == 3


def test_a_person_says_what_a_sudden_loss_means(board):
    boss = make_user(is_staff=True)
    listed(board, 4)
    walk(board, [0])
    held = Absence.objects.held().get()
    vanishing.dismiss(held, actor=boss)
    assert statuses() == ["live"] * 4
    with pytest.raises(AbsenceDecided):
        vanishing.approve(held, actor=boss)

    walk(board, [0])
    held = Absence.objects.held().get()
    vanishing.approve(held, actor=boss)
    held.refresh_from_db()
    assert statuses() == ["live"] + ["closed"] * 3
    assert (held.status, held.closed, held.decided_by) == ("approved", 3, boss)


def test_a_recovered_source_needs_nobodys_word_any_more(board):
    listed(board, 4)
    walk(board, [0])
    walk(board, [0, 1, 2, 3])
    assert not Absence.objects.held().exists()
    assert statuses() == ["live"] * 4


@pytest.mark.parametrize(
    ("adapter", "searched", "sense"),
    [
        ("greenhouse", False, "counts"),
        ("pages", False, "counts"),
        ("feed", False, "nothing"),
        ("jsearch", True, "nothing"),
        ("linkedin_guest", True, "nothing"),
        ("greenhouse", True, "nothing"),
    ],
)
def test_only_sources_that_list_all_they_have_tell_of_absence(adapter, searched, sense):
    assert sense_of(adapter, ("scheduled", "complete", ""), searched=searched) == sense


@pytest.mark.parametrize(
    ("known", "newly", "sudden"), [(4, 2, False), (4, 3, True), (1, 1, True), (100, 50, False)]
)
def test_more_than_half_at_once_is_sudden(known, newly, sudden):
    assert is_sudden(known, newly) is sudden
