"""The feed of changes: everything comes, in order, as its reader may see it."""

import random
import threading
import time
from contextlib import suppress

import pytest
from django.db import close_old_connections, connection, transaction

from ingestion.actions.catalogue import close_job
from ingestion.models import Job, JobChange, Unindexed
from ingestion.reports.changes import Place, changes
from jobly.users.models import principal_for
from jobly.users.rules import Principal
from tests.make import make_company, make_job, make_member, make_user

WRITERS, ROUNDS = 8, 12
ANYBODY = Principal(None, False, frozenset(), frozenset(), None)


class Undo(Exception):
    """Rolls a writer's transaction back."""


def follow(principal, known, place, limit=7):
    """Read pages until none is left; keep in `known` what there is, and return the place."""
    more = True
    while more:
        found, more = changes(principal, place, limit)
        for change in found:
            assert (change.place.xid, change.place.job_id) > (place.xid, place.job_id)
            place = change.place
            if change.job is None:
                known.pop(change.job_id, None)
            else:
                known[change.job_id] = change.job.title
    return place


def write(seed, jobs, done):
    """Add, change, close and delete jobs in transactions of several, a third of them undone."""
    draw = random.Random(seed)  # noqa: S311 # no secret
    try:
        for number in range(ROUNDS):
            with suppress(Undo, Job.DoesNotExist), transaction.atomic():
                new = make_job(f"{seed}-{number}", source=jobs[0].source, employer=jobs[0].employer)
                job = Job.objects.select_for_update().get(pk=draw.choice(jobs).pk)
                time.sleep(draw.random() / 100)
                if draw.random() < 0.2:
                    new.delete()
                if draw.random() < 0.2:
                    close_job(job, actor=None)
                else:
                    Job.objects.filter(pk=job.pk).update(title=f"by {seed}-{number}")
                if draw.random() < 0.3:
                    raise Undo
    except Exception as exc:  # noqa: BLE001 # told to the test
        done.append(exc)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_eight_writers_that_roll_back_hide_nothing_from_a_reader():
    first = make_job("first")
    jobs = [first, *(make_job(source=first.source, employer=first.employer) for _ in range(5))]
    wrong = []
    threads = [threading.Thread(target=write, args=(n, jobs, wrong)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    staff, known, place = principal_for(make_user(is_staff=True)), {}, Place()
    while any(thread.is_alive() for thread in threads):
        place = follow(staff, known, place)
    follow(staff, known, place)

    assert [exc for exc in wrong if "cannot become" not in str(exc)] == []
    assert known == dict(Job.objects.live().values_list("pk", "title"))
    close_old_connections()


@pytest.mark.django_db(transaction=True)
def test_what_leaves_somebodys_sight_is_a_tombstone_for_them_only():
    company = make_company()
    member = principal_for(make_member(company))
    job = make_job("Ours", company=company, on_board=True)
    own, public = {}, {}
    at, there = follow(member, own, Place()), follow(ANYBODY, public, Place())
    assert own == public == {job.pk: "Ours"}

    Job.objects.filter(pk=job.pk).update(on_board=False)
    follow(member, own, at)
    (gone,), _ = changes(ANYBODY, there, 10)
    assert own == {job.pk: "Ours"}
    assert (gone.kind, gone.reason) == ("removed", "not_visible")

    secret = make_job("Never shown", company=company)
    Job.objects.filter(pk=job.pk).delete()
    found, _ = changes(ANYBODY, gone.place, 10)
    assert [(c.job_id, c.kind, c.reason) for c in found] == [(job.pk, "removed", "deleted")]
    assert secret.pk in [c.job_id for c in changes(member, at, 10)[0]]


@pytest.mark.django_db(transaction=True)
def test_added_and_changed_are_told_apart_by_where_the_reader_stood(client):
    job = make_job("Welder")
    (added,), _ = changes(ANYBODY, Place(), 10)
    Job.objects.filter(pk=job.pk).update(title="Master welder")

    def page(cursor):
        return client.get(f"/api/v1/jobs/changes/?cursor={cursor}").json()

    assert [(r["kind"], r["job"]["title"]) for r in page("0-0")["results"]] == [
        ("added", "Master welder")
    ]
    body = page(added.place)
    assert [r["kind"] for r in body["results"]] == ["changed"]
    close_job(Job.objects.get(pk=job.pk), actor=None)
    body = page(body["cursor"])
    assert [(r["kind"], r["reason"], r["job"]) for r in body["results"]] == [
        ("removed", "closed", None)
    ]
    again = page(body["cursor"])
    assert (again["results"], again["cursor"], again["more"]) == ([], body["cursor"], False)


@pytest.mark.django_db
def test_being_seen_again_is_no_change_and_a_new_column_is_one():
    job = make_job()
    JobChange.objects.update(xid=1)
    Unindexed.objects.all().delete()

    Job.objects.update(last_seen_at="2030-01-01T00:00Z")
    assert JobChange.objects.get().xid == 1
    for column in ("summary", "salary_text", "occupation"):
        Job.objects.update(**{column: "new"})
        assert JobChange.objects.get().xid > 1
        JobChange.objects.update(xid=1)
    assert not Unindexed.objects.exists()
    Job.objects.update(title="Other")
    assert list(Unindexed.objects.values_list("pk", flat=True)) == [job.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["x", "1", "1-", "1-2-3", "9" * 40 + "-1", "-1-2"])
def test_a_wrong_cursor_is_refused_by_name(client, cursor):
    answer = client.get("/api/v1/jobs/changes/", {"cursor": cursor})
    assert answer.status_code == 400
    assert "cursor" in answer.json()["fields"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, 20])
def test_a_page_costs_the_same_for_one_job_and_for_twenty(client, django_assert_num_queries, count):
    for _ in range(count):
        make_job()
    with django_assert_num_queries(3):
        body = client.get("/api/v1/jobs/changes/").json()
    assert len(body["results"]) == count
