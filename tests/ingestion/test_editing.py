"""Postings written by hand: read as all others are, and every change kept and given back."""

import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ingestion.actions.collections import Arrival, store_upload
from ingestion.actions.editing import (
    Desk,
    Edit,
    close_posting,
    desk_of,
    drop_draft,
    edit_posting,
    newest_version,
    open_posting,
    replicate,
    restore_version,
    write_posting,
)
from ingestion.actions.versions import Note, noting
from ingestion.errors import JobMoved, NewerVersion
from ingestion.models import Job, JobDesk, JobSearch, JobVersion
from ingestion.reports.postings import posting_of
from ingestion.reports.versions import compared, history
from ingestion.rules.salaries import Salary, Stated, read_salary
from ingestion.rules.writing import Written, merged, pay_text, raw_posting, written_of
from jobly.errors import Rejected
from jobly.runs.actions import transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event
from tests.make import make_company, make_job, make_member, make_user

pytestmark = pytest.mark.django_db
COOK = Written(
    title="Cook",
    location="Lyon, France",
    salary="EUR 33,000 - 42,000 per year",
    description="<p>Cooks for ninety rooms.</p><script>alert(1)</script>",
    apply_url="https://works.example/cook",
    skills="Pastry",
    reference="K-1",
    closes="2027-05-01",
)


@pytest.fixture
def company():
    return make_company("works", name="Works")


@pytest.fixture
def mia(company):
    return make_member(company, email="mia@works.example", name="Mia")


@pytest.fixture
def job(company, mia):
    return write_posting(company, COOK, Desk(owner_id=mia.pk, openings=2), actor=mia)


def changed(job, base=None, desk=None, why="", **texts):
    old = written_of(posting_of(job))
    text = Written(**old.to_dict() | texts)
    base = newest_version(job) if base is None else base
    touched = set(texts) | ({"openings", "is_hot"} if desk else set())
    return Edit(text, desk or desk_of(job), touched, base, why)


def test_what_is_written_by_hand_goes_by_the_rules_of_all_sources(job, mia):
    assert (job.title, job.city, job.country, job.status) == ("Cook", "Lyon", "FR", "live")
    assert (job.salary_min, job.salary_max, job.salary_currency) == (3300000, 4200000, "EUR")
    assert job.employer.name == "Works"
    assert "script" not in job.description_html
    assert job.expires_at.date().isoformat() == "2027-05-01"
    assert (job.desk.owner, job.desk.openings) == (mia, 2)
    assert JobSearch.objects.filter(job=job).exists()
    (first,) = JobVersion.objects.filter(job=job)
    assert (first.number, first.how, first.actor) == (1, "written", mia)
    assert Event.objects.filter(type="ingestion.jobs_loaded").exists()


def test_a_posting_needs_a_title(company):
    with pytest.raises(Rejected) as wrong:
        write_posting(company, Written(description="x"), Desk(), actor=None)
    assert "title" in wrong.value.fields
    assert not Job.objects.exists()


def test_a_draft_is_not_open_until_somebody_opens_it(company):
    job = write_posting(company, COOK, Desk(), actor=None, is_live=False)
    assert (job.status, job.posted_at) == ("draft", None)
    open_posting(job, actor=None)
    job.refresh_from_db()
    assert job.status == "live"
    assert job.posted_at is not None
    with pytest.raises(Rejected):
        drop_draft(job, actor=None)


def test_an_edit_changes_what_was_touched_and_nothing_else(job, mia):
    Job.objects.filter(pk=job.pk).update(city="Villeurbanne", salary_confidence=0.5)
    job = edit_posting(job, changed(job, title="Head Cook", why="promoted"), actor=mia)

    assert (job.title, job.city, job.salary_confidence) == ("Head Cook", "Villeurbanne", 0.5)
    version = JobVersion.objects.get(job=job, number=2)
    assert (version.how, version.actor, version.why) == ("edit", mia, "promoted")
    assert "title" in version.changed
    assert "city" not in version.changed
    assert job.desk.edited_at is not None


def test_skills_that_are_typed_are_exactly_those(job):
    job = edit_posting(job, changed(job, description="<p>Python and SQL.</p>"), actor=None)
    assert {"Python", "SQL"} <= set(job.skills)
    job = edit_posting(job, changed(job, skills="python"), actor=None)
    assert job.skills == ["Python"]


def test_only_the_desk_changes_no_text(job):
    before = job.content_hash
    edit_posting(job, changed(job, desk=Desk(openings=5, is_hot=True)), actor=None)
    job.refresh_from_db()
    desk = JobDesk.objects.get(job=job)
    assert (desk.openings, desk.is_hot, desk.edited_at) == (5, True, None)
    assert job.content_hash == before
    assert "Openings" in history(job)[0].changed


def test_saving_over_a_newer_version_says_who_changed_what_and_changes_nothing(job, mia):
    mine = changed(job, title="Chef")
    edit_posting(job, changed(job, salary="EUR 50,000 per year"), actor=mia)
    with pytest.raises(NewerVersion) as wrong:
        edit_posting(job, mine, actor=make_user())

    (change,) = wrong.value.context["changes"]
    assert (change["who"], change["changed"]) == ("Mia", ["Pay"])
    job.refresh_from_db()
    assert job.title == "Cook"
    edit_posting(job, changed(job, title="Chef", base=2), actor=None)
    job.refresh_from_db()
    assert (job.title, job.salary_min) == ("Chef", 5000000)  # both changes are there


def test_an_earlier_version_comes_back_as_a_new_one(job, mia):
    before = posting_of(job)
    edit = changed(job, title="Chef", location="Oslo, Norway", salary="", description="<p>x</p>")
    edit_posting(job, edit, actor=mia)
    close_posting(Job.objects.get(pk=job.pk), actor=mia, why="filled")
    back = restore_version(job, 1, actor=mia)

    assert posting_of(back) == before
    assert back.status == "closed"  # words come back, a decision does not
    hows = [line.version.how for line in history(job)]
    assert hows == ["restore", "status", "edit", "written"]
    assert history(job)[1].version.why == "filled"
    with pytest.raises(Rejected):
        restore_version(job, 99, actor=mia)


def test_any_two_versions_can_be_compared(job):
    edit_posting(
        job, changed(job, title="Chef", description="<p>Cooks.</p><p>New.</p>"), actor=None
    )
    edit_posting(job, changed(Job.objects.get(pk=job.pk), title="Head Chef"), actor=None)

    found = {d.label: d for d in compared(job, 3, 1)}
    assert (found["Title"].before, found["Title"].after) == ("Cook", "Head Chef")
    assert ("-", "Cooks for ninety rooms.") in found["Description"].lines
    assert compared(job, 1, 99) is None
    assert [d.label for d in compared(job, 2, 3)] == ["Title"]


def test_copies_stand_in_their_places(job, mia):
    copies = replicate(
        job, [("Oslo, Norway", ""), ("Berlin, Germany", "de")], actor=mia, is_live=False
    )
    assert [(c.city, c.country, c.status) for c in copies] == [
        ("Oslo", "NO", "draft"),
        ("Berlin", "DE", "draft"),
    ]
    assert [c.reference for c in copies] == ["K-1-1", "K-1-2"]
    assert copies[1].language == "de"
    assert {c.title for c in copies} == {"Cook"}
    assert JobVersion.objects.filter(job__in=copies, how="written").count() == 2


def test_copies_in_one_place_are_named_and_none_is_made(job):
    with pytest.raises(Rejected) as wrong:
        replicate(job, [("Oslo", ""), ("oslo, Norway", ""), ("Lyon", "")], actor=None, is_live=True)
    assert len(wrong.value.fields["places"]) == 2
    assert Job.objects.count() == 1


def test_closing_twice_is_refused_and_leaves_one_version(job):
    close_posting(job, actor=None, why="filled")
    with pytest.raises(JobMoved):
        close_posting(job, actor=None)
    assert newest_version(job) == 2


def test_a_file_over_a_hand_edit_keeps_both_in_the_history(company, mia):
    def send(text):
        content = f"Ref,Job Title,Location,Description\nR1,Cook,Lyon,{text}\n".encode()
        store_upload(company, Arrival(io.BytesIO(content), "a.csv"), actor=mia)
        drain()

    send("Cooks.")
    job = Job.objects.get()
    edit_posting(job, changed(job, description="<p>Cooks well.</p>"), actor=mia)
    send("Cooks much.")
    job.refresh_from_db()
    words = [v.values["description_text"] for v in JobVersion.objects.filter(job=job)]
    assert words == ["Cooks.", "Cooks well.", "Cooks much."][: len(words)]
    assert "Cooks well." in words


def test_noting_costs_the_same_for_many_jobs_as_for_one(company):
    jobs = [make_job(f"Cook {n}", company=company) for n in range(20)]
    jobs += [make_job("Public", company=None)]

    def queries(rows):
        ids = [job.pk for job in rows]
        with CaptureQueriesContext(connection) as asked, transaction(), noting(ids, Note("edit")):
            Job.objects.filter(pk__in=ids).update(title="Chef")
        return len(asked)

    assert queries(jobs[:1]) == queries(jobs[1:])
    assert JobVersion.objects.filter(number=2).count() == 20  # none of the public catalogue's


@pytest.mark.parametrize(
    ("low", "high", "currency", "period"),
    [
        (3300000, 4200000, "EUR", "YEAR"),
        (3300000, None, "USD", "YEAR"),
        (None, 4200000, "GBP", "YEAR"),
        (1750, 2050, "USD", "HOUR"),
        (400000, 500000, "CHF", "MONTH"),
        (4000000, 5000000, "JPY", "YEAR"),
    ],
)
def test_pay_reads_back_as_it_is_said(low, high, currency, period):
    told = pay_text(Salary(low, high, currency, period, None, None))
    read, _ = read_salary(Stated(told))
    assert (read.min_minor, read.max_minor, read.currency, read.period) == (
        low, high, currency, period,
    )  # fmt: skip


def test_the_form_of_a_job_that_nobody_changes_is_the_same_posting(job):
    posting = posting_of(job)
    assert merged(posting, posting, ()) == posting
    again = raw_posting(written_of(posting))
    assert (again.title, again.location, again.salary) == (
        "Cook", "Lyon, France", "EUR 33000 - 42000 per year",
    )  # fmt: skip
