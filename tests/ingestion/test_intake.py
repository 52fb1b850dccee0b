"""A recruiter's file from draft to import: nothing counts before a person says so."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ingestion.actions import decisions
from ingestion.actions.collections import Arrival, store_upload
from ingestion.actions.intake import check_upload, discard_upload, import_upload, resume_upload
from ingestion.actions.lookalikes import choose_all, choose_rows, compare_upload
from ingestion.errors import FileHeld
from ingestion.models import Job, JobVersion, Processing, RowMatch, Sighting, Upload
from ingestion.reports.books import reject_rows, unloaded, unprocessed
from jobly.errors import Rejected
from jobly.runs.actions import claims
from jobly.runs.actions.execution import drain
from jobly.runs.actions.progress import Progress
from jobly.runs.errors import LostLease
from jobly.runs.models import Event, Run
from tests.make import make_company, make_key, make_member, make_user

pytestmark = pytest.mark.django_db

HEADER = "Reference,Job Title,Company,Location,Description,Salary"
ROWS = (
    'R1,Welder,Works,"Oslo, Norway",Joins pipes by TIG and reads drawings of all kinds.,',
    'R2,Baker,Works,"Oslo, Norway",Bakes bread for a hotel of ninety rooms.,lots',
    'R3,,Works,"Oslo, Norway",Nobody knows what this one is.,',
    'R1,Welder,Works,"Oslo, Norway",Joins pipes by TIG and reads drawings of all kinds.,',
)


@pytest.fixture
def company():
    return make_company("acme")


def draft(company, rows=ROWS, actor=None, **request):
    content = "\n".join([HEADER, *rows]).encode()
    arrival = Arrival(io.BytesIO(content), "jobs.csv", request, held=True)
    return store_upload(company, arrival, actor=actor)


def checked(company, rows=ROWS, actor=None, mapping=None):
    upload = draft(company, rows, actor)
    check_upload(upload, mapping, actor=actor)
    drain()
    upload.refresh_from_db()
    assert upload.status == "checked"
    return upload


def imported(company, rows=ROWS, actor=None):
    upload = checked(company, rows, actor)
    return let_in(upload, actor)


def let_in(upload, actor=None, mode="skip"):
    import_upload(upload, mode, actor=actor)
    drain()
    upload.refresh_from_db()
    return upload


def books_of(upload):
    return upload.collection.processings.get()


def test_a_draft_does_nothing_until_its_columns_are_chosen(company):
    upload = draft(company)
    drain()

    assert upload.status == "draft"
    assert not Run.objects.exists()
    assert not Processing.objects.exists()
    assert not unprocessed().exists()


def test_checking_judges_every_row_and_loads_none(company):
    upload = checked(company)

    books = books_of(upload)
    assert (books.raw, books.processed, books.failed, books.warnings) == (4, 3, 1, 1)
    assert not Job.objects.exists()
    assert not unloaded().exists()
    (run,) = Run.objects.filter(kind="ingestion.compare_upload")
    assert run.status == "succeeded"
    (match,) = upload.matches.all()
    assert (match.row, match.kind, match.first_row) == (4, "repeated", 1)


def test_checking_goes_on_where_another_worker_lost_it(company, monkeypatch):
    monkeypatch.setattr(decisions, "BATCH", 2)
    imported(company, ROWS[:2])
    upload = draft(company, (*ROWS, 'R5,Glazier,Works,"Oslo, Norway",Puts panes into frames.,'))
    check_upload(upload, None, actor=None)
    drain(limit=1)
    (run,) = claims.claim("etl", 1)
    progress = Progress(run)
    keep = progress.keep

    def keep_and_lose(**counts):
        keep(**counts)
        if counts["done"] > 2:
            raise LostLease("another worker has it")

    monkeypatch.setattr(progress, "keep", keep_and_lose)
    with pytest.raises(LostLease):
        compare_upload(progress, str(upload.pk))
    run.refresh_from_db()
    assert (run.done, list(upload.matches.values_list("row", flat=True))) == (2, [1, 2])

    again = Progress(run)
    assert compare_upload(again, str(upload.pk))["matches"] == 3
    assert (again.position.done, again.position.total) == (4, 4)
    kinds = dict(upload.matches.values_list("row", "kind"))
    assert kinds == {1: "known", 2: "known", 4: "repeated"}


def test_importing_takes_the_good_rows(company):
    upload = imported(company)

    assert upload.status == "loaded"
    assert sorted(Job.objects.values_list("title", flat=True)) == ["Baker", "Welder"]
    books = books_of(upload)
    assert (books.loaded, books.duplicates) == (2, 1)
    types = Event.objects.filter(type__startswith="ingestion.").order_by("seq")
    assert [e.type for e in types] == [
        "ingestion.collection_stored", "ingestion.processing_done", "ingestion.jobs_loaded",
    ]  # fmt: skip


def test_a_row_that_names_no_employer_is_the_companys_own(company):
    imported(company, ("R1,Glazier,,Oslo,Puts panes into old frames.,",))
    job = Job.objects.get()
    assert (job.employer.name, job.employer_flagged) == (company.name, True)


def test_all_or_nothing_is_refused_while_a_row_is_bad_and_the_file_stays_checked(company):
    upload = checked(company)

    with pytest.raises(Rejected, match=r"^1 row cannot be imported"):
        import_upload(upload, "all_or_nothing", actor=None)
    upload.refresh_from_db()
    assert upload.status == "checked"
    assert let_in(upload).status == "loaded"


def test_other_columns_are_read_anew_and_the_first_reading_is_forgotten(company):
    upload = checked(company)
    mapping = {"title": "Description", "employer": "Company", "description": "", "salary": ""}
    check_upload(upload, mapping, actor=None)
    drain()

    books = books_of(upload)
    assert (books.processed, books.failed, books.warnings) == (4, 0, 4)
    upload.refresh_from_db()
    assert upload.status == "checked"
    item = books.items.get(row=1)
    assert item.data["title"].startswith("Joins pipes")
    assert item.data["description_text"] == ""


def test_a_file_in_the_making_cannot_be_imported_twice_or_before_it_is_checked(company):
    upload = draft(company)
    with pytest.raises(FileHeld, match="draft"):
        import_upload(upload, "skip", actor=None)
    check_upload(upload, None, actor=None)
    with pytest.raises(FileHeld, match="being read"):
        check_upload(upload, None, actor=None)
    drain()
    import_upload(upload, "skip", actor=None)
    with pytest.raises(FileHeld, match="queued"):
        import_upload(upload, "skip", actor=None)


def test_a_discarded_draft_keeps_its_bytes_and_can_be_taken_up_again(company):
    upload = draft(company)
    check_upload(upload, None, actor=None)
    discard_upload(upload, actor=None)
    drain()

    upload.refresh_from_db()
    assert upload.status == "discarded"
    assert Run.objects.get(kind="ingestion.process").status == "cancelled"
    with upload.collection.artifact.open() as stream:
        assert stream.read().startswith(b"Reference")
    resume_upload(upload, actor=None)
    check_upload(upload, None, actor=None)
    drain()
    assert let_in(upload).status == "loaded"


def test_a_mended_rejects_file_goes_in_as_it_is(company):
    upload = imported(company, (*ROWS, 'R5,,Works,"Oslo, Norway",=SUM(A1),'))
    table = list(reject_rows(upload))

    assert table[0] == ["row", "field", "code", "reason", *HEADER.split(",")]
    assert [row[0] for row in table[1:]] == ["3", "5"]
    assert table[2][-2] == "'=SUM(A1)"
    for number, row in enumerate(table[1:]):
        row[5] = f"Mended {number}"
    text = io.StringIO()
    csv.writer(text).writerows(table)
    again = store_upload(
        company, Arrival(io.BytesIO(text.getvalue().encode()), "rejects.csv", held=True), actor=None
    )
    check_upload(again, None, actor=None)
    drain()
    let_in(again)
    books = books_of(again)
    assert (books.loaded, books.failed) == (2, 0)
    job = Job.objects.get(reference="R5")
    assert (job.title, job.description_text) == ("Mended 1", "=SUM(A1)")


def test_a_second_file_says_which_rows_change_a_job_and_which_say_nothing_new(company):
    imported(company, ROWS[:2])
    changed = ROWS[1].replace("ninety", "hundred")
    upload = checked(company, (ROWS[0], changed, 'R9,Cook,Works,"Oslo, Norway",Cooks.,'))

    matches = {m.row: m for m in upload.matches.all()}
    assert {row: m.kind for row, m in matches.items()} == {1: "known", 2: "changed"}
    assert matches[2].job_id == Job.objects.get(reference="R2").pk


def test_rows_that_say_the_same_under_two_references_are_shown_and_stay_two(company):
    twin = ROWS[0].replace("R1", "R8")
    upload = checked(company, (ROWS[0], twin))

    (match,) = upload.matches.all()
    assert (match.row, match.kind, match.first_row) == (2, "alike", 1)
    let_in(upload)
    assert Job.objects.count() == 2


@pytest.mark.parametrize(
    ("choice", "title", "jobs"),
    [
        ("", "hundred", 1),
        ("skip", "ninety", 1),
        ("separate", "ninety", 2),
        ("update", "hundred", 1),
    ],
)
def test_a_persons_choice_for_a_row_is_what_happens(company, choice, title, jobs):
    person = make_user("mia@acme.example")
    imported(company, ROWS[1:2])
    upload = checked(company, (ROWS[1].replace("ninety", "hundred"),), actor=person)
    choose_rows(upload, {1: (choice, "two kitchens" if choice else "")}, actor=person)
    let_in(upload, person)

    first = Job.objects.order_by("pk").first()
    assert title in first.description_text
    assert Job.objects.count() == jobs
    match = upload.matches.get()
    if choice == "separate":
        assert (match.why, match.chosen_by) == ("two kitchens", person)
        assert Sighting.objects.count() == 2


def test_keeping_both_needs_a_reason_and_nothing_is_changed_without(company):
    upload = checked(company)
    with pytest.raises(Rejected) as wrong:
        choose_rows(upload, {4: ("separate", " ")}, actor=None)
    assert "Say why" in wrong.value.fields["4"][0]
    with pytest.raises(Rejected):
        choose_rows(upload, {4: ("update", "")}, actor=None)
    assert not upload.matches.exclude(choice="").exists()


def test_one_choice_for_all_rows_of_a_kind(company):
    imported(company, ROWS[:2])
    upload = checked(company, ROWS[:2])
    assert choose_all(upload, "known", "separate", "a second site", actor=None) == 2
    let_in(upload)
    assert Job.objects.count() == 4
    with pytest.raises(FileHeld):
        choose_all(upload, "known", "skip", "", actor=None)


def test_a_file_that_changes_a_job_leaves_versions_of_it(company):
    person = make_user("mia@acme.example")
    imported(company, ROWS[1:2])
    imported(company, (ROWS[1].replace("ninety", "hundred"),), actor=person)

    first, second = JobVersion.objects.order_by("number")
    assert (first.number, first.how, first.actor) == (1, "first", None)
    assert "ninety" in first.values["description_text"]
    assert (second.number, second.how, second.actor) == (2, "upload", person)
    assert "hundred" in second.values["description_text"]
    assert "description_text" in second.changed
    assert "title" not in second.changed


def test_files_sent_by_programs_go_straight_in_as_ever(company):
    content = "\n".join([HEADER, *ROWS]).encode()
    upload = store_upload(company, Arrival(io.BytesIO(content), "jobs.csv"), actor=None)
    drain()
    upload.refresh_from_db()
    assert upload.status == Upload.Status.LOADED
    assert not RowMatch.objects.exists()
    assert not JobVersion.objects.exists()


def test_a_program_may_hold_a_file_too_see_its_rows_and_import_it(company):
    _, text = make_key(make_member(company), company=company)
    program = Client(headers={"Authorization": f"Bearer {text}"})
    content = SimpleUploadedFile("jobs.csv", "\n".join([HEADER, *ROWS]).encode())
    sent = program.post("/api/v1/uploads/", {"file": content, "company": "acme", "draft": "true"})
    assert (sent.status_code, sent.json()["status"]) == (202, "draft")
    own = f"/api/v1/uploads/{sent.json()['id']}"
    drain()
    early = program.post(f"{own}/import/", {}, content_type="application/json")
    assert (early.status_code, early.json()["code"]) == (409, "file_held")

    asked = program.post(f"{own}/check/", {}, content_type="application/json")
    assert (asked.status_code, asked.json()["status"]) == (202, "checking")
    drain()
    rows = program.get(f"{own}/rows/?show=red").json()
    assert rows["counts"] == {"all": 4, "green": 2, "amber": 1, "red": 1}
    assert rows["matches"]["repeated"] == 1
    assert [(row["row"], row["error"]) for row in rows["results"]] == [(3, "The row has no title.")]
    assert program.get(f"{own}/rows/?after=x").status_code == 400
    assert not Job.objects.exists()
    assert program.post(f"{own}/import/", {}, content_type="application/json").status_code == 202
    drain()
    assert program.get(f"{own}/").json()["status"] == "loaded"
    late = program.post(f"{own}/discard/", {}, content_type="application/json")
    assert late.status_code == 409
