"""Jobs against boards, retrying all that match, the ledger of a moment, and how boards are."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from distribution.models import Attempt, Distribution, LiveLook
from ingestion.models import Job
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from tests.distribution.make import make_channel, make_distribution, make_posting
from tests.make import make_company, make_member

pytestmark = pytest.mark.django_db
BASE = "/admin/distribution/distribution/"


def client_of(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def world():
    company = make_company()
    boards = [make_channel(company, slug=slug) for slug in ("indeed", "linkedin")]
    return {"company": company, "boards": boards, "client": client_of(make_member(company))}


def fail(row, code="unavailable", text="The board did not answer."):
    Distribution.objects.filter(pk=row.pk).update(status="failed", error_code=code, error=text)


def test_each_cell_says_where_a_job_stands_and_why(world):
    indeed, _ = world["boards"]
    row = make_distribution(channel=indeed)
    fail(row)
    make_posting(world["company"], title="W" * 120)

    text = world["client"].get(f"{BASE}matrix/").content.decode()
    assert "It did not get to Indeed (practice); the last try was at" in text
    assert "LinkedIn (practice) would refuse it: The title is longer than 100" in text
    assert f"{BASE}{row.pk}/change/" in text
    assert "Retry failed (1)" in text


def test_another_company_sees_none_of_it_and_a_viewer_changes_nothing(world):
    row = make_distribution(channel=world["boards"][0])
    fail(row)
    foreign = client_of(make_member(make_company()))
    for page in ("matrix", "retry"):
        assert foreign.get(f"{BASE}{page}/?job={row.job_id}").status_code == 404
    assert row.job.title not in foreign.get(f"{BASE}ledger/").content.decode()
    assert "practice" not in foreign.get(f"{BASE}health/").content.decode()
    reset = f"{BASE}health/{row.channel_id}/reset/"
    assert foreign.post(reset).status_code == 404

    viewer = client_of(make_member(world["company"], role="viewer"))
    assert "Retry failed" not in viewer.get(f"{BASE}matrix/").content.decode()
    assert viewer.get(f"{BASE}retry/").status_code == 403
    assert viewer.post(reset).status_code == 403


@pytest.mark.parametrize("page", ["matrix", "ledger", "health"])
def test_pages_take_the_same_number_of_queries_for_1_and_20(
    world, page, django_assert_max_num_queries
):
    asked = []
    for many in (1, 19):
        for _ in range(many):
            make_distribution(make_posting(world["company"]), world["boards"][0])
        world["client"].get(f"{BASE}{page}/")
        with django_assert_max_num_queries(45) as queries:
            world["client"].get(f"{BASE}{page}/")
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_all_that_match_are_retried_by_work_of_its_own_that_goes_on_where_it_stopped(world):
    rows = [make_distribution(channel=world["boards"][0]) for _ in range(5)]
    for row in rows[:4]:
        fail(row)
    Distribution.objects.filter(pk=rows[3].pk).update(retry_count=3)
    page = world["client"].get(f"{BASE}retry/?status=failed")
    assert "Retry 3 of 4 publications" in page.content.decode()
    until = page.context["until"]
    late = make_distribution(channel=world["boards"][0])
    fail(late)
    Distribution.objects.filter(pk=late.pk).update(updated_at=timezone.now() + timedelta(1))

    said = world["client"].post(f"{BASE}retry/?status=failed", {"until": until, "why": ""})
    assert "Say why" in said.content.decode()
    sent = {"until": until, "why": "the board is well again"}
    answer = world["client"].post(f"{BASE}retry/?status=failed", sent)
    run = Run.objects.get(kind="distribution.retry_matching")
    assert answer.url == f"/runs/{run.pk}/"
    assert run.args["why"] == "the board is well again"

    Run.objects.exclude(pk=run.pk).update(available_at=timezone.now() + timedelta(days=1))
    drain()
    run.refresh_from_db()
    assert run.result == {"retried": 3, "skipped": 0}
    counts = Distribution.objects.filter(pk__in=[row.pk for row in rows[:3]])
    assert {row.retry_count for row in counts} == {1}
    late.refresh_from_db()
    assert (late.status, late.retry_count) == ("failed", 0)


def test_the_list_leads_to_the_page_that_asks(world):
    row = make_distribution(channel=world["boards"][0])
    fail(row)
    url = f"{BASE}?status__exact=failed&channel={row.channel_id}"
    data = {"action": "retry_matching", "_selected_action": [str(row.pk)], "select_across": "1"}
    answer = world["client"].post(url, data)
    assert answer.url == f"{BASE}retry/?channel={row.channel_id}&status=failed"
    assert "Retry 1 of 1" in world["client"].get(answer.url).content.decode()


def test_the_ledger_page_shows_a_moment_and_what_changed_since(world):
    row = make_distribution(channel=world["boards"][0])
    then = timezone.now()
    fail(row)
    text = world["client"].get(f"{BASE}ledger/", {"at": then.isoformat()}).content.decode()
    assert "1 stood then" in text
    assert "<strong>1</strong> stand elsewhere now" in text
    text = world["client"].get(f"{BASE}ledger/", {"at": "soon"}).content.decode()
    assert "is no day and time" in text


def test_board_health_says_how_it_answered(world):
    row = make_distribution(channel=world["boards"][0])
    now = timezone.now()
    for number, outcome in ((1, "unavailable"), (2, "accepted")):
        Attempt.objects.create(
            distribution=row,
            number=number,
            op="create",
            outcome=outcome,
            sent_at=now - timedelta(seconds=2),
            ended_at=now,
        )
    text = world["client"].get(f"{BASE}health/").content.decode()
    assert "2 calls, 50 % failed" in text
    assert "within 2.00 s" in text


def test_a_thousand_jobs_are_paged_and_what_is_not_there_is_said(world):
    first = make_posting(world["company"])
    like = {"company": world["company"], "employer": first.employer, "source": first.source}
    many = [Job(title=f"Job {n}", url_key=f"u{n}", **like) for n in range(60)]
    Job.objects.bulk_create(many)
    page = world["client"].get(f"{BASE}matrix/?page=2").context["matrix"]
    assert (page.total, page.page, page.pages, len(page.lines)) == (61, 2, 2, 11)
    text = world["client"].get(f"{BASE}matrix/?q=nothing+like+it").content.decode()
    assert "No job matches." in text


def test_the_dashboard_names_what_boards_show_otherwise_and_leads_to_it(world):
    lost, left = (make_distribution(channel=world["boards"][0]) for _ in range(2))
    now = timezone.now()
    Distribution.objects.filter(pk=lost.pk).update(status="published", error_code="drift")
    Distribution.objects.filter(pk=left.pk).update(
        status="closed", published_at=now - timedelta(2), closed_at=now - timedelta(1)
    )
    LiveLook.objects.create(distribution=left, way="page", verdict="live", at=now)

    text = world["client"].get("/admin/").content.decode()
    assert "not shown by the board any more" in text
    assert "still shown by the board after being taken down" in text
    for proof, row in (("lost", lost), ("left", left)):
        shown = world["client"].get(f"{BASE}?proof={proof}").content.decode()
        assert f"{BASE}{row.pk}/change/" in shown
