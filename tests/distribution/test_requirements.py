"""The twenty-one behaviours that the first distribution service was accepted by (S1.35, S1.45)."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from distribution.actions import bulk, changes, sweep
from distribution.errors import RetriesExhausted
from distribution.models import Attempt, Distribution
from distribution.reports.figures import totals
from distribution.rules import channels, lint
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from jobly.runs.rules.policy import POLICIES, retry_delay
from tests.make import make_company

from .make import make_channel, make_distribution, make_posting
from .test_rules import JOB
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)


def apply(company, jobs, slugs, **wish):
    wish = {
        "company_id": str(company.pk),
        "job_ids": [job.pk for job in jobs],
        "channels": slugs,
        **wish,
    }
    with transaction():
        return start("distribution.apply", {"wish": wish}, actor=None, company=company)


class TestLinkedIn:
    def test_publishing_returns_external_id_and_address(self, boards):
        row = make_distribution()
        until_rest()
        assert fresh(row).post_id
        assert fresh(row).post_url.endswith(fresh(row).post_id)

    def test_a_rate_limit_surfaces_and_is_obeyed(self, boards):
        boards.plan({"kind": "429", "share": 1.0})
        row = make_distribution()
        drain()
        assert fresh(row).error_code == "throttled"
        assert fresh(row).channel.parked_until > timezone.now()

    def test_a_description_is_required(self, boards):
        channel = make_channel()
        row = make_distribution(make_posting(channel.company, description_html=""), channel)
        until_rest()
        assert (fresh(row).status, fresh(row).error_field) == ("rejected", "description")


class TestIndeed:
    def test_publishing_returns_external_id_and_address(self, boards):
        row = make_distribution(channel=make_channel(slug="indeed"))
        until_rest()
        assert (fresh(row).post_id, fresh(row).post_url) != ("", "")

    def test_a_timeout_is_tried_again_and_makes_one_posting(self, boards):
        boards.plan({"kind": "timeout_after_accept", "share": 1.0})
        row = make_distribution(channel=make_channel(slug="indeed"))
        drain(limit=1)  # its second try may be due at once
        assert fresh(row).error_code == "unknown_outcome"
        until_rest()
        assert boards.live_ids("indeed") == [row.external_id]


class TestGlassdoor:
    def test_publishing_returns_a_listing_id(self, boards):
        row = make_distribution(channel=make_channel(slug="glassdoor"))
        until_rest()
        assert fresh(row).post_id.startswith("gd-")

    def test_a_salary_is_required(self, boards):
        channel = make_channel(slug="glassdoor")
        job = make_posting(channel.company, salary_min=None, salary_max=None)
        row = make_distribution(job, channel)
        until_rest()
        assert (fresh(row).status, fresh(row).error_field) == ("rejected", "salary_min")


class TestInternal:
    def test_our_own_board_takes_no_call(self, boards):
        row = make_distribution(channel=make_channel(slug="internal"))
        until_rest()
        assert fresh(row).status == "published"
        assert fresh(row).post_url.endswith(fresh(row).job.path)
        assert fresh(row).job.on_board
        assert boards.ledger() == []


class TestBulk:
    def test_many_jobs_go_to_many_channels(self, boards):
        company = make_company()
        slugs = ["glassdoor", "internal"]
        for slug in slugs:
            make_channel(company, slug)
        run = apply(company, [make_posting(company) for _ in range(3)], slugs)
        until_rest()
        run.refresh_from_db()
        assert Distribution.objects.filter(status="published").count() == 6
        assert (run.status, run.done, run.total) == ("succeeded", 6, 6)

    def test_a_partial_failure_leaves_the_others_published(self, boards):
        company = make_company()
        make_channel(company, "glassdoor")
        jobs = [
            make_posting(company),
            make_posting(company, salary_max=None),
            make_posting(company),
        ]
        run = apply(company, jobs, ["glassdoor"], skip_on_error=True)
        until_rest()
        run.refresh_from_db()
        rows = Distribution.objects.order_by("job_id").values_list("status", flat=True)
        assert list(rows) == ["published", "rejected", "published"]
        assert (run.done, run.failed) == (2, 1)

    def test_nothing_new_begins_after_the_first_error_when_asked(self, boards):
        company = make_company()
        make_channel(company, "glassdoor")
        jobs = [
            make_posting(company),
            make_posting(company, salary_max=None),
            make_posting(company),
        ]
        run = apply(company, jobs, ["glassdoor"], skip_on_error=False)
        until_rest()
        run.refresh_from_db()
        rows = Distribution.objects.order_by("job_id").values_list("status", flat=True)
        assert list(rows) == ["published", "rejected", "closed"]
        assert (run.done, run.failed, run.skipped) == (1, 1, 1)
        assert len(boards.live("glassdoor")) == 1


class TestRetry:
    def test_a_failed_one_succeeds_when_the_board_is_well_again(self, boards):
        boards.plan({"kind": "503", "share": 1.0})
        row = make_distribution(channel=make_channel(slug="indeed"))
        until_rest()
        assert fresh(row).status == "published"
        assert fresh(row).attempts.filter(outcome="unknown").exists()

    def test_a_person_may_retry_three_times(self, boards):
        row = make_distribution(channel=make_channel(id_max=10))  # ours are longer
        until_rest()
        for count in (1, 2, 3):
            changes.retry_distribution(row, actor=None)
            until_rest()
            assert (fresh(row).status, fresh(row).retry_count) == ("failed", count)
        with pytest.raises(RetriesExhausted):
            changes.retry_distribution(row, actor=None)

    def test_delays_grow_by_two_from_two_seconds(self, boards):
        policy = POLICIES["distribution"]
        assert policy.max_attempts == 4  # the first one and three retries
        delays = [retry_delay(policy, attempt, 1.0).total_seconds() for attempt in (1, 2, 3)]
        assert delays == [2, 4, 8]

    def test_retries_that_are_used_up_end_in_one_clear_line(self, boards):
        channel = make_channel(slug="glassdoor", base_url="http://127.0.0.1:9")
        row = make_distribution(channel=channel)
        until_rest()
        assert fresh(row).status == "failed"
        assert "could not be reached" in fresh(row).error
        assert fresh(row).attempts.filter(op="create").count() == 4


class TestTracking:
    def test_metrics_are_saved(self, boards):
        row = make_distribution(channel=make_channel(slug="internal"))
        changes.update_metrics(row, views=150, applications=12, clicks=45)
        row = fresh(row)
        numbers = (row.views_count, row.applications_count, row.clicks_count)
        assert numbers == (150, 12, 45)

    def test_a_dashboard_adds_up(self, boards):
        company = make_company()
        on = [make_channel(company, slug) for slug in ("linkedin", "internal")]
        rows = [make_distribution(make_posting(company), on[n % 2]) for n in range(100)]
        Distribution.objects.update(status="published")
        Distribution.objects.filter(pk__in=[r.pk for r in rows[:5]]).update(status="failed")
        Distribution.objects.update(views_count=50, applications_count=2, clicks_count=12)
        assert totals(Distribution.objects.all()) == {
            "total_distributions": 100,
            "by_channel": {"linkedin": 50, "internal": 50},
            "by_status": {"published": 95, "failed": 5},
            "total_views": 5000,
            "total_applications": 200,
            "total_clicks": 1200,
        }

    def test_rows_are_found_by_status(self, boards):
        channel = make_channel(slug="internal")
        make_distribution(channel=channel)
        drain()
        make_distribution(channel=channel, at=timezone.now() + timedelta(days=1))
        assert Distribution.objects.filter(status="published").count() == 1


class TestScheduled:
    def test_a_future_one_stays_until_its_moment(self, boards):
        at = timezone.now() + timedelta(days=7)
        row = make_distribution(channel=make_channel(slug="internal"), at=at)
        drain()
        sweep.sweep_due()
        assert (fresh(row).status, fresh(row).scheduled_publish_at) == ("scheduled", at)

    def test_due_ones_are_published(self, boards):
        at = timezone.now() + timedelta(days=7)
        row = make_distribution(channel=make_channel(slug="internal"), at=at)
        Run.objects.update(available_at=Now())
        Distribution.objects.update(scheduled_publish_at=Now())
        drain()
        assert fresh(row).status == "published"

    def test_the_sweep_picks_up_what_lost_its_run(self, boards):
        row = make_distribution(
            channel=make_channel(slug="internal"), at=timezone.now() + timedelta(days=7)
        )
        Run.objects.all().delete()
        Distribution.objects.update(run_id=None, scheduled_publish_at=Now())
        assert sweep.sweep_due()["published"] == 1
        drain()
        assert fresh(row).status == "published"


def test_linkedins_fifty_a_minute_are_kept(boards):
    channel = make_channel(limit_per_minute=channels.DEFAULTS["linkedin"].limit_per_minute)
    for _ in range(60):
        make_distribution(channel=channel)
    drain()
    assert len([entry for entry in boards.ledger("linkedin") if entry[0] == "create"]) == 50
    assert Run.objects.filter(kind="distribution.publish", status="queued").count() == 10


@pytest.mark.parametrize(("kind", "limit"), [("linkedin", 100), ("indeed", 120), ("rest", 100)])
def test_titles_are_limited_per_channel(kind, limit):
    options = channels.options_of(kind, {"poster_email": "a@b.example"})
    for length, fine in ((limit, True), (limit + 1, False)):
        title = {"title": "W" * length}
        content = type(JOB)(**{name: getattr(JOB, name) for name in JOB.__slots__} | title)
        assert lint.publishable(lint.lint(kind, content, options)) is fine


def test_an_applied_plan_is_done_once_even_when_its_run_is_done_twice(boards):
    company = make_company()
    make_channel(company, "glassdoor")
    job = make_posting(company)
    runs = [apply(company, [job], ["glassdoor"]) for _ in range(2)]
    until_rest()
    assert {Run.objects.get(pk=run.pk).status for run in runs} == {"succeeded"}
    assert Attempt.objects.filter(op="create").count() == 1
    assert bulk.channels_named(company, ["glassdoor"])
