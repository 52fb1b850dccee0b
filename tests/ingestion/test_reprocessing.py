"""Stored collections read again: what changes, what would, and everything put back."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.utils.timezone import now

from ingestion.actions import reprocessing as actions
from ingestion.actions.collections import Arrival, source_named, store_collection
from ingestion.actions.reprocessing import Choice
from ingestion.errors import NothingChosen, ReprocessingMoved
from ingestion.models import (
    BeforeImage,
    Difference,
    Job,
    ProcessedJob,
    Processing,
    RawCollection,
    Reprocessing,
    Sighting,
)
from ingestion.reports.books import books
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event
from tests.make import make_company, make_key, make_member, make_user

pytestmark = pytest.mark.django_db

HEADER = "Reference,Job Title,Company,Location,Description,Department,Apply URL\n"
ROWS = [
    f'R{n},{t},Harbour Works,"Oslo, Norway",<p>{t}: python and SQL are required. Plan {n}.</p>,IT,'
    f"https://a.example/{n}\n"
    for n, t in enumerate(("Senior Data Engineer", "Payroll Clerk", "Night Nurse"), start=1)
]
NAMES = ("raw", "processed", "failed", "loaded", "updated", "duplicates")


def collect(text, source="site"):
    row = source_named(source)
    return store_collection(row, Arrival(io.BytesIO(text.encode()), "jobs.csv"), actor=None)


def read_by_v1(text=None, source="site"):
    """Have a collection in the catalogue as the first transformer reads it."""
    collection = collect(HEADER + "".join(ROWS) if text is None else text, source)
    Processing.objects.create(collection=collection, transformer="v1", status="processing")
    drain()
    return collection


def again(choice=None, **options):
    row, _ = actions.reprocess(choice or Choice(), actor=None, **options)
    drain()
    row.refresh_from_db()
    return row


def counts(collection):
    found = books([collection.pk])
    assert found["raw"] == found["processed"] + found["failed"]
    assert found["processed"] == found["loaded"] + found["updated"] + found["duplicates"]
    return tuple(found[name] for name in NAMES)


def catalogue():
    """Return every row of the catalogue with all its columns, to the bit."""
    tables = ("job", "sighting", "jobsearch")
    found = {}
    with connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"SELECT t::text FROM ingestion_{name} AS t ORDER BY 1")  # noqa: S608
            found[name] = [row for (row,) in cursor.fetchall()]
    return found


def told(fact):
    return [e.data["job_ids"] for e in Event.objects.filter(fact=fact).order_by("stream", "seq")]


def test_reading_again_by_a_newer_transformer_updates_what_differs():
    collection = read_by_v1()
    assert not any(Job.objects.values_list("department", flat=True))

    row = again()

    assert row.status == Reprocessing.Status.DONE
    assert all(Job.objects.values_list("department", flat=True))
    assert counts(collection) == (3, 3, 0, 0, 3, 0)
    old, new = Processing.objects.order_by("started_at")
    assert (old.superseded_by, new.transformer, new.counts) == (new, "v2", True)
    assert told("ingestion.jobs_reprocessed")
    assert len(told("ingestion.jobs_loaded")) == 1  # the first time only


def test_reading_again_changes_nothing_the_second_time():
    collection = read_by_v1()
    again()
    before = catalogue()["job"]

    again()

    assert catalogue()["job"] == before
    assert counts(collection) == (3, 3, 0, 0, 0, 3)
    assert len(told("ingestion.jobs_reprocessed")) == 1


def test_an_older_collection_never_overwrites_what_a_newer_one_brought():
    old = read_by_v1()
    RawCollection.objects.filter(pk=old.pk).update(collected_at=now() - timedelta(days=1))
    collect((HEADER + "".join(ROWS)).replace("Plan 1", "Plan 99"))
    drain()

    again(Choice(collection=old.pk))

    assert "Plan 99" in Job.objects.get(title__contains="Data").description_text
    assert counts(old) == (3, 3, 0, 0, 0, 3)


def test_a_shadow_touches_nothing_and_tells_what_would_differ():
    collection = read_by_v1()
    before = catalogue()

    row = again(shadow=True)

    assert row.status == Reprocessing.Status.READY
    assert catalogue() == before
    assert row.consequences["jobs"] == {"updated": 3, "new": 0, "rejected": 0}
    assert row.consequences["alerts"] == {"told": 0, "silent": 3}
    assert row.fields["department"] == 3
    assert "title" not in row.fields
    sample = Difference.objects.get(title__contains="Data")
    assert (sample.old["department"], sample.new["department"]) == ("", "it")
    assert counts(collection) == (3, 3, 0, 3, 0, 0)
    assert not told("ingestion.jobs_reprocessed")


def test_promoting_and_rolling_back_brings_every_bit_back():
    collection = read_by_v1()
    before = catalogue()
    row = again(shadow=True)

    actions.promote(row, actor=None)
    drain()
    row.refresh_from_db()
    assert row.status == Reprocessing.Status.DONE
    assert catalogue()["job"] != before["job"]
    assert counts(collection) == (3, 3, 0, 0, 3, 0)
    assert len(told("ingestion.jobs_loaded")) == 1

    actions.roll_back(row, actor=None)
    drain()
    row.refresh_from_db()
    assert row.status == Reprocessing.Status.ROLLED_BACK
    assert catalogue() == before
    assert counts(collection) == (3, 3, 0, 3, 0, 0)
    assert not BeforeImage.objects.exists()

    actions.promote(row, actor=None)  # a shadow may be promoted once more
    drain()
    assert counts(collection) == (3, 3, 0, 0, 3, 0)


def test_what_came_later_is_rolled_back_first_and_new_jobs_go():
    collection = read_by_v1((HEADER + "".join(ROWS)).replace("Night Nurse,", ","))
    before = catalogue()
    item = ProcessedJob.objects.failed().get()
    actions.fix_item(item, {"Reference": "R3", "Job Title": "Night Nurse", "Company": "Harbour"})
    first = again(Choice(failed=True))
    assert counts(collection) == (3, 3, 0, 3, 0, 0)
    nurse = Job.objects.get(title="Night Nurse")
    assert told("ingestion.jobs_loaded")[-1] == [nurse.pk]
    second = again()
    assert counts(collection) == (3, 3, 0, 0, 2, 1)  # what a person mended stays mended

    with pytest.raises(ReprocessingMoved):
        actions.roll_back(first, actor=None)
    for row in (second, first):
        actions.roll_back(row, actor=None)
        drain()

    assert counts(collection) == (3, 2, 1, 2, 0, 0)
    assert catalogue() == before


def test_what_somebody_changed_after_a_pass_stays_when_it_is_rolled_back():
    read_by_v1()
    row = again()
    Job.objects.filter(title__contains="Data").update(title="Data person", updated_at=Now())

    actions.roll_back(row, actor=None)
    drain()

    assert set(Job.objects.values_list("title", "department")) >= {("Data person", "it")}
    assert Job.objects.filter(department="").count() == 2


def test_only_the_failed_rows_are_read_again_and_only_once():
    collection = read_by_v1(HEADER + ROWS[0] + ROWS[1].replace("Payroll Clerk,", ","))
    assert counts(collection) == (2, 1, 1, 1, 0, 0)

    again(Choice(failed=True))
    assert counts(collection) == (2, 1, 1, 1, 0, 0)  # it fails as before, and counts once

    item = ProcessedJob.objects.failed().get()
    fix = {**(item.raw or {}), "Job Title": "Payroll Clerk"}
    actions.fix_item(item, fix)
    row = again(Choice(items=(item.pk,)))

    assert (row.failed_only, row.status) == (True, Reprocessing.Status.DONE)
    assert counts(collection) == (2, 2, 0, 2, 0, 0)
    item.refresh_from_db()
    assert item.raw["Job Title"] == ""
    with pytest.raises(NothingChosen):
        again(Choice(failed=True))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (lambda c: Choice(), 2),
        (lambda c: Choice(source="a"), 1),
        (lambda c: Choice(since=now() - timedelta(days=2)), 1),
        (lambda c: Choice(transformer="v1"), 2),
        (lambda c: Choice(transformer="v2"), 0),
        (lambda c: Choice(collection=c.pk), 1),
        (lambda c: Choice(companies=()), 0),
        (lambda c: Choice(failed=True), 0),
    ],
)
def test_collections_are_chosen_by_all_that_is_given(choice, expected):
    old = read_by_v1(source="a")
    RawCollection.objects.filter(pk=old.pk).update(collected_at=now() - timedelta(days=9))
    read_by_v1(HEADER + ROWS[0], source="b")

    assert actions.chosen(choice(old)).count() == expected


def test_a_row_keeps_its_job_when_a_transformer_reads_its_key_differently():
    bare = [row.partition(",")[2] for row in ROWS]
    text = "Job Title,Company,Location,Description,Department,Apply URL\n" + "".join(bare)
    collection = read_by_v1(text)
    for number, one in enumerate(Sighting.objects.all()):
        Sighting.objects.filter(pk=one.pk).update(key=f"url:{number:064x}")
    Job.objects.update(url_key="")

    again()

    assert Job.objects.count() == 3
    assert counts(collection) == (3, 3, 0, 0, 3, 0)
    assert not Sighting.objects.filter(key__startswith="url:00000").exists()


def test_a_shadow_is_loaded_by_nobody_and_promoted_once():
    read_by_v1()
    row = again(shadow=True)
    with pytest.raises(ReprocessingMoved):
        actions.roll_back(row, actor=None)
    direct = again()
    with pytest.raises(ReprocessingMoved):
        actions.promote(direct, actor=None)


def test_the_command_compares_promotes_and_rolls_back(capsys):
    read_by_v1()
    before = catalogue()

    def said(*options):
        call_command("reprocess", *options, "--json")
        return json.loads(capsys.readouterr().out)

    shadow = said("--shadow", "--source", "site")
    assert shadow["changed"] == shadow["fields"]["department"] == 3
    promoted = said("--promote", shadow["processing"])
    assert (promoted["updated"], promoted["status"]) == (3, "done")
    back = said("--rollback", shadow["processing"])
    assert (back["restored"], back["moved_on"], back["status"]) == (3, 0, "rolled_back")
    assert catalogue() == before
    assert said("--failed")["collections"] == 0


def post(user, **sent):
    _, text = make_key(user, scopes=["jobs:read", "jobs:write"])
    api = Client(headers={"Authorization": f"Bearer {text}"})
    return api.post("/api/v1/jobs/reprocess", sent, content_type="application/json")


def test_the_api_reads_again_for_operators_and_for_recruiters_their_own():
    read_by_v1()
    recruiter = make_member(make_company())
    staff = make_user(is_staff=True)

    assert post(recruiter, shadow=True).status_code == 403
    assert post(recruiter).json()["code"] == "nothing_chosen"
    assert post(staff, transformer="v9").status_code == 400
    assert not Reprocessing.objects.exists()

    answer = post(staff, source="site", transformer="v1")
    assert answer.status_code == 202
    drain()
    row = Reprocessing.objects.get(pk=answer.json()["reprocessing"])
    assert (row.status, row.created_by) == (Reprocessing.Status.DONE, staff)


def test_lineage_tells_which_pass_stands():
    read_by_v1()
    again()
    job = Job.objects.first()

    body = Client().get(f"/api/v1/jobs/{job.pk}/", {"include": "lineage"}).json()

    told = [(step["transformer"], step["outcome"], step["stands"]) for step in body["lineage"]]
    assert told == [("v1", "loaded", False), ("v2", "updated", True)]
    assert body["duplicates"] == []
