"""A job that its company keeps to itself goes nowhere, and comes down where it stands."""

import pytest

from distribution.actions.sweep import LEFTOVER, close_leftovers
from distribution.models import Distribution
from distribution.reports.planning import plan
from distribution.reports.previews import preview
from distribution.reports.readiness import readiness
from ingestion.actions.editing import Desk, Edit, edit_posting, newest_version, restore_version
from ingestion.models import Job, JobDesk
from ingestion.rules.writing import Written
from jobly.runs.actions.claims import clock
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.distribution.make import make_channel, make_distribution, make_posting
from tests.distribution.working import fresh, until_rest
from tests.make import make_company

pytestmark = pytest.mark.django_db
KINDS = ("linkedin", "indeed", "glassdoor", "internal")


def hide(job, *, is_public=False):
    touched = ("is_public",)
    edit = Edit(Written(title=job.title), Desk(is_public=is_public), touched, newest_version(job))
    return edit_posting(job, edit, actor=None)


def internal(company):
    job = make_posting(company)
    JobDesk.objects.create(job=job, is_public=False)
    return job


def test_an_internal_job_is_planned_for_no_board_and_every_door_says_why(
    django_assert_num_queries,
):
    company = make_company()
    job, other = internal(company), make_posting(company)
    channels = [make_channel(company, kind) for kind in KINDS]
    with django_assert_num_queries(3):
        steps = list(plan(Job.objects.filter(pk__in=[job.pk, other.pk]), channels))
    by_job = {pk: {s.action for s in steps if s.job == pk} for pk in (job.pk, other.pk)}
    assert by_job == {job.pk: {"none"}, other.pk: {"create"}}
    assert all("internal" in step.reason for step in steps if step.job == job.pk)
    for channel in channels:
        shown = preview(job, channel, now=clock())
        assert not shown["publishable"]
        assert ("not_public", "is_public") in [(f["code"], f["field"]) for f in shown["lint"]]
    rows = Job.objects.select_related("employer", "source").filter(pk=job.pk)
    (offer, *_) = readiness(list(rows), channels)
    assert (offer.ready, offer.standing, offer.refused) == (0, 0, 1)
    assert "Public posting" in offer.blocked[0].reasons[0]


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_is_sent_all_the_same_is_refused_before_the_board_hears_of_it(kind):
    company = make_company()
    job = internal(company)
    row = make_distribution(job, make_channel(company, kind))
    drain()
    row.refresh_from_db()
    assert (row.status, row.error_field) == (Distribution.Status.REJECTED, "is_public")
    assert "Public posting" in row.error
    assert not row.attempts.exists()
    job.refresh_from_db()
    assert not job.on_board


def test_a_job_that_becomes_internal_is_taken_down_everywhere_and_may_come_back(boards, client):
    company = make_company()
    job = make_posting(company)
    here, there = (make_channel(company, kind) for kind in ("internal", "glassdoor"))
    rows = [make_distribution(job, channel) for channel in (here, there)]
    until_rest()
    assert [fresh(row).status for row in rows] == ["published"] * 2
    drain()
    assert Job.objects.get(pk=job.pk).on_board
    assert client.get(job.path).status_code == 200

    hide(job)
    until_rest()
    assert [fresh(row).status for row in rows] == ["closed"] * 2
    job.refresh_from_db()
    assert (job.status, job.on_board) == ("live", False)
    assert client.get(job.path).status_code == 404
    assert Event.objects.filter(fact="ingestion.job_hidden").count() == 1

    hide(job)  # said twice, it is told once
    assert Event.objects.filter(fact="ingestion.job_hidden").count() == 1
    hide(job, is_public=True)
    steps = plan(Job.objects.filter(pk=job.pk), [here, there])
    assert {step.action for step in steps} == {"create"}


def test_a_job_whose_words_change_with_it_is_only_taken_down(boards):
    channel = make_channel(slug="glassdoor")
    row = make_distribution(make_posting(channel.company), channel)
    until_rest()
    words = Written(title="Another welder")
    edit = Edit(words, Desk(is_public=False), ("title", "is_public"), newest_version(row.job))
    edit_posting(row.job, edit, actor=None)
    until_rest()
    assert fresh(row).status == "closed"
    kinds = Run.objects.filter(kind__startswith="distribution.").values_list("kind", flat=True)
    assert "distribution.update" not in kinds
    assert not Run.objects.filter(status="failed").exists()


def test_a_publication_for_later_ends_when_its_job_becomes_internal():
    channel = make_channel()
    row = make_distribution(make_posting(channel.company), channel, at=clock() + LEFTOVER)
    assert row.status == "scheduled"
    hide(row.job)
    drain()
    assert fresh(row).status == "closed"


def test_restoring_a_version_that_was_internal_takes_the_job_down():
    channel = make_channel()
    job = make_posting(channel.company)
    hide(job)
    hide(job, is_public=True)
    row = make_distribution(job, channel, at=clock() + LEFTOVER)
    restore_version(job, 2, actor=None)
    drain()
    assert fresh(row).status == "closed"


def test_the_sweep_takes_down_what_is_left_of_an_internal_job():
    channel = make_channel()
    row = make_distribution(internal(channel.company), channel)
    rows = Distribution.objects.filter(pk=row.pk)
    rows.update(status="published", updated_at=clock() - 2 * LEFTOVER)
    assert close_leftovers() == 1
