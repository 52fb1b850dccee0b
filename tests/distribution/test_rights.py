"""What the source of a job allows decides where the job may go, and people are told why."""

import pytest

from distribution.models import Distribution
from distribution.reports.planning import plan
from distribution.reports.previews import preview
from ingestion.models import Job
from jobly.runs.actions.claims import clock
from jobly.runs.actions.execution import drain
from jobly.users.models import principal_for
from tests.distribution.make import make_channel, make_distribution, make_posting
from tests.make import make_company, make_job, make_source, make_user

pytestmark = pytest.mark.django_db
#: adapter and own column of the source → may its jobs go to LinkedIn, and on our own board
CASES = [
    ("", "", True, True),
    ("greenhouse", "", True, True),
    ("remotive", "", False, True),
    ("jsearch", "", False, True),
    ("remotive", "own", True, True),
    ("greenhouse", "private", False, False),
]


@pytest.mark.parametrize(("adapter", "rights", "outside", "inside"), CASES)
def test_a_job_goes_only_where_its_source_lets_it(adapter, rights, outside, inside):
    company = make_company()
    source = make_source(company=company, adapter=adapter, rights=rights)
    job = make_posting(company, source=source)
    channels = [make_channel(company, "linkedin"), make_channel(company, "internal")]
    steps = {step.channel: step for step in plan(Job.objects.filter(pk=job.pk), channels)}
    for channel, allowed in zip(channels, (outside, inside), strict=True):
        step, shown = steps[channel.slug], preview(job, channel, now=clock())
        assert step.action == ("create" if allowed else "none")
        assert shown["publishable"] is allowed
        assert ("rights" in [found["code"] for found in shown["lint"]]) is not allowed
        assert ("source" in step.reason) is not allowed


def test_a_job_that_is_asked_for_all_the_same_is_refused_before_anything_is_sent():
    channel = make_channel()
    source = make_source(company=channel.company, adapter="remotive")
    row = make_distribution(make_posting(channel.company, source=source), channel)
    drain()
    row.refresh_from_db()
    assert row.status == Distribution.Status.REJECTED
    assert "link back" in row.error
    assert not row.attempts.exists()


def test_a_posting_whose_source_withdrew_its_leave_is_taken_down():
    channel = make_channel()
    source = make_source(company=channel.company)
    job = make_posting(channel.company, source=source)
    row = make_distribution(job, channel)
    Distribution.objects.filter(pk=row.pk).update(status="published")
    source.rights = "no_boards"
    source.save()
    (step,) = plan(Job.objects.filter(pk=job.pk), [channel])
    assert (step.action, "never sent" in step.reason) == ("close", True)


def test_what_is_for_operators_eyes_only_is_in_no_catalogue(client):
    make_job("Open welder", source=make_source(rights="open"))
    make_job("Hidden welder", source=make_source(rights="private"))
    shown = client.get("/api/v1/jobs/").json()["results"]
    assert [job["title"] for job in shown] == ["Open welder"]
    staff = Job.objects.visible_to(principal_for(make_user(is_staff=True)))
    assert staff.count() == 2
