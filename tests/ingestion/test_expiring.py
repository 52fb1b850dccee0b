"""Jobs end with their closing date: nobody finds them, nobody applies, and a later date opens."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ingestion.actions.catalogue import update_jobs
from ingestion.actions.editing import open_posting
from ingestion.models import Job, JobVersion
from ingestion.reports.postings import posting_of
from jobly.errors import Rejected
from jobly.runs.actions import start
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event
from tests.make import make_company, make_job, make_processed

pytestmark = pytest.mark.django_db
PAST, AHEAD = timezone.now() - timedelta(minutes=1), timezone.now() + timedelta(days=3)


def expire():
    run = start("ingestion.expire_jobs", {}, actor=None)
    drain()
    run.refresh_from_db()
    assert run.status == "succeeded"
    return run.result["expired"]


def status_of(job):
    return Job.objects.get(pk=job.pk).status


@pytest.mark.parametrize("company", [True, False])
@pytest.mark.parametrize(
    ("status", "ends", "wanted"),
    [
        ("live", PAST, "expired"),
        ("live", AHEAD, "live"),
        ("live", None, "live"),
        ("draft", PAST, "draft"),
        ("closed", PAST, "closed"),
        ("removed", PAST, "removed"),
    ],
)
def test_what_is_open_ends_with_its_closing_date(company, status, ends, wanted):
    owner = make_company() if company else None
    job = make_job(status=status, expires_at=ends, company=owner)
    assert expire() == (status != wanted)
    assert status_of(job) == wanted
    assert expire() == 0


def test_boards_hear_of_a_companys_job_and_its_history_says_why():
    own, public = make_job(company=make_company(), expires_at=PAST), make_job(expires_at=PAST)
    expire()
    told = Event.objects.filter(type="ingestion.job_closed").values_list("data", flat=True)
    assert {row["job_id"] for row in told} == {own.pk}
    newest = JobVersion.objects.filter(job=own).order_by("number").last()
    assert (newest.how, newest.changed) == ("status", ["status"])
    assert "closing date" in newest.why
    assert not JobVersion.objects.filter(job=public).exists()


def test_many_end_in_one_run():
    jobs = [make_job(f"Job {n}", expires_at=PAST, searchable=False) for n in range(3)]
    kept = make_job(expires_at=AHEAD)
    assert expire() == 3
    assert {status_of(job) for job in jobs} == {"expired"}
    assert status_of(kept) == "live"


@pytest.mark.parametrize(("ends", "wanted"), [(AHEAD, "live"), (None, "live"), (PAST, "expired")])
def test_a_source_that_names_a_later_date_opens_the_job_again(ends, wanted):
    job = make_job(expires_at=PAST, status="expired")
    Job.objects.filter(pk=job.pk).update(expires_at=ends)
    posting = posting_of(Job.objects.select_related("employer").get(pk=job.pk))
    update_jobs([(job.pk, make_processed(content_key="k", content_hash="h"), posting)])
    assert status_of(job) == wanted


def test_one_is_not_opened_before_its_date_is_moved():
    job = make_job(company=make_company(), status="expired", expires_at=PAST)
    with pytest.raises(Rejected, match="closing date has passed"):
        open_posting(job, actor=None)
    assert status_of(job) == "expired"
    job.expires_at = AHEAD
    job.save()
    open_posting(job, actor=None)
    assert status_of(job) == "live"


@pytest.mark.parametrize(
    ("status", "ends", "wanted"),
    [("live", AHEAD, True), ("live", None, True), ("live", PAST, False), ("closed", None, False)],
)
def test_applications_are_taken_until_the_closing_date(status, ends, wanted):
    assert Job(status=status, expires_at=ends).takes_applications is wanted
