"""From the bytes of a file to searchable jobs, through the runs that facts start."""

import gzip
import io
import json

import pytest
from django.db import connection

from ingestion.actions.collections import Arrival, source_named, store_collection, store_upload
from ingestion.actions.processing import process_collection
from ingestion.errors import FileRefused
from ingestion.filtersets import JobFilter
from ingestion.models import Job, JobSearch, ProcessedJob, RawCollection, Sighting, Upload
from ingestion.reports.books import books, reject_rows
from ingestion.rules.searched import searched
from ingestion.rules.texts import fold
from jobly.runs.actions import claims
from jobly.runs.actions.execution import drain
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Event
from tests.make import make_company, make_user

pytestmark = pytest.mark.django_db

HEADER = "Reference,Job Title,Company,Location,Description,Salary,Apply URL\n"
TWO = (
    HEADER
    + 'R1,Welder,Harbour Works,"Oslo, Norway",<p>Weld pipes all day.</p>,$50000 - $60000 a year,https://a.example/1\n'
    + 'R2,Baker,Harbour Works,"Leeds, United Kingdom",<p>Bake bread.</p>,competitive,https://a.example/2\n'
)
BAD = TWO + 'R3,,Harbour Works,"Oslo, Norway",No title here,,https://a.example/3\n'


def collect(text, source="site", **fields):
    row = fields.pop("row", None) or source_named(source)
    stream = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return store_collection(row, Arrival(stream, "jobs.csv", fields), actor=None)


def imported(text, source="site"):
    collection = collect(text, source)
    drain()
    found = books([collection.pk])
    return {
        name: found[name]
        for name in ("raw", "processed", "failed", "loaded", "updated", "duplicates")
    }


def test_a_file_becomes_searchable_jobs():
    counts = imported(TWO)
    assert (counts["raw"], counts["processed"], counts["loaded"]) == (2, 2, 2)
    assert counts["failed"] == counts["updated"] == counts["duplicates"] == 0

    job = Job.objects.get(title="Welder")
    assert (job.city, job.country, job.employer.name) == ("Oslo", "NO", "Harbour Works")
    assert (job.salary_min, job.salary_max, job.salary_currency) == (5_000_000, 6_000_000, "USD")
    assert JobSearch.objects.count() == 2
    found = JobFilter({"q": "weld pipe"}, Job.objects.all()).qs
    assert [row.title for row in found] == ["Welder"]


def test_the_same_file_again_changes_nothing():
    imported(TWO)
    before = list(Job.objects.order_by("pk").values("pk", "title", "content_hash", "updated_at"))

    assert imported(TWO)["duplicates"] == 2
    assert (
        list(Job.objects.order_by("pk").values("pk", "title", "content_hash", "updated_at"))
        == before
    )
    assert Sighting.objects.count() == 2


def test_changed_content_of_a_known_reference_updates_the_job():
    imported(TWO)

    assert imported(TWO.replace("Weld pipes all day", "Weld tanks all night"))["updated"] == 1
    assert "tanks" in Job.objects.get(title="Welder").description_text
    assert JobFilter({"q": "tank"}, Job.objects.all()).qs.count() == 1
    assert JobFilter({"q": "pipes"}, Job.objects.all()).qs.count() == 0


def test_another_source_recognises_the_job_by_its_address_and_cannot_change_it():
    imported(TWO, "first")
    other = TWO.replace("R1,", "X9,").replace("R2,", "X8,").replace("Bake bread", "Bake rolls")

    assert imported(other, "second")["duplicates"] == 2
    assert Job.objects.count() == 2
    assert "bread" in Job.objects.get(title="Baker").description_text
    assert Job.objects.get(title="Baker").sightings.count() == 2


def test_distinct_references_of_one_file_are_distinct_jobs_however_alike():
    same = 'Welder,Harbour Works,"Oslo, Norway",Weld,,https://a.example/careers\n'

    assert imported(HEADER + "A," + same + "B," + same)["loaded"] == 2


def test_a_careers_page_that_many_rows_share_identifies_nothing():
    rows = [
        f',{t},Harbour Works,"Oslo, Norway",Work,,https://a.example/careers\n'
        for t in ("Welder", "Baker")
    ]

    assert imported(HEADER + "".join(rows))["loaded"] == 2
    assert imported(HEADER + "".join(rows))["duplicates"] == 2


def test_a_row_without_a_title_is_set_aside_and_named():
    collection = collect(BAD)
    drain()

    found = books([collection.pk])
    assert (found["raw"], found["processed"], found["failed"]) == (3, 2, 1)
    (error,) = found["errors"]
    assert (error["row"], error["field"], error["code"]) == (3, "title", "missing_title")
    failed = ProcessedJob.objects.get(status="failed")
    assert "No title here" in str(failed.raw)


def test_an_unreadable_salary_is_a_warning_and_the_row_goes_on():
    imported(TWO)

    row = ProcessedJob.objects.get(external_id="R2")
    assert row.status == "loaded"
    assert [w["field"] for w in row.warnings] == ["salary"]


def test_a_file_that_is_no_postings_is_refused_and_its_bytes_are_kept():
    with pytest.raises(FileRefused):
        collect(b"%PDF-1.7 not a table at all", "pdfs")

    collection = RawCollection.objects.get()
    assert collection.status == "quarantined"
    assert collection.error_code
    with collection.artifact.open() as stream:
        assert stream.read().startswith(b"%PDF")
    assert not Job.objects.exists()


def test_all_or_nothing_loads_nothing_when_a_row_fails():
    company = make_company()
    arrival = Arrival(io.BytesIO(BAD.encode()), "acme.csv", {"mode": "all_or_nothing"})
    upload = store_upload(company, arrival, actor=make_user())
    drain()

    upload.refresh_from_db()
    assert upload.status == "refused"
    assert not Job.objects.exists()
    found = books([upload.collection_id])
    assert (found["raw"], found["processed"], found["failed"]) == (3, 0, 3)
    assert found["errors"][0]["code"] == "missing_title"


def test_an_upload_belongs_to_its_company_and_gives_its_rejects_back():
    company = make_company()
    arrival = Arrival(io.BytesIO(BAD.encode()), "acme.csv", {"mode": "skip"})
    upload = store_upload(company, arrival, actor=None)
    drain()

    upload.refresh_from_db()
    assert upload.status == Upload.Status.LOADED
    assert set(Job.objects.values_list("company", flat=True)) == {company.pk}
    header, reject = list(reject_rows(upload))
    assert header[:4] == ["row", "field", "code", "reason"]
    assert "R3" in reject


def test_the_stages_tell_facts_in_order():
    imported(TWO)

    facts = [e.type for e in Event.objects.order_by("seq") if e.fact]
    assert facts == [
        "ingestion.collection_stored", "ingestion.processing_done", "ingestion.jobs_loaded",
    ]  # fmt: skip


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_reading_says_how_far_it_is_although_nobody_knows_the_number_of_rows(pack):
    collection = collect(pack(TWO.encode()))
    (run,) = claims.claim("etl", 1)
    progress = Progress(run)

    process_collection(progress, str(collection.pk))

    assert progress.position.share == 1.0
    assert (progress.position.done, progress.position.total) == (2, 0)


def test_names_that_look_like_syntax_come_through_unchanged():
    skills = ['C:\\new "line"', "{curly}", "NULL", "A\tB", "null", "日本語", "it's"]
    text = json.dumps([{"id": "q", "title": "Smith", "company": "Forge", "skills": skills}])
    imported(text)
    job, item = Job.objects.get(), ProcessedJob.objects.get()
    assert job.skills == item.data["skills"]
    assert {'C:\\new "line"', "{curly}", "NULL"} <= set(job.skills)
    assert [fact["name"] for fact in job.skill_facts] == job.skills
    assert (job.benefits, job.cells, job.more_places) == ([], [], [])


def test_among_finds_what_in_finds():
    imported(TWO)
    for titles in (["Welder", "Baker"], ["Welder", "it's {1}"], []):
        rows = Job.objects.order_by("pk").values_list("title", flat=True)
        assert list(rows.filter(title__among=titles)) == list(rows.filter(title__in=titles))


@pytest.mark.parametrize(
    "text",
    [
        "care for care, care. and (care) with pre-care pre-care -5 -5 +5 5 1.5e-10 1.5 2,5",
        "<b class=care title=care> care </b> care < care > care a < b > a",
        "see https://care.example/a?care=1 care.example care@care.example AT&amp;T at&t AT & T & T",
        "c++ c# .net node.js\u00a0node.js\u2003care\u0085care 日本 日本 größe größe -\u00a05",
    ],
)
def test_what_is_searched_is_the_same_without_repetitions(text):
    made = "SELECT strip(to_tsvector('english', %s)), strip(to_tsvector('english', %s))"
    with connection.cursor() as cursor:
        cursor.execute(made, [fold(text), searched(text)])
        whole, short = cursor.fetchone()
    assert whole == short
    assert whole
