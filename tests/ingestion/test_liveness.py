"""Whether jobs are still there: two days of being gone close one, uncertainty never does."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils.timezone import now

from ingestion.actions.liveness import check_due, look_at
from ingestion.models import Job, Liveness
from ingestion.rules.liveness import Check, Count, board_check, counted, of_board, of_list, of_page
from jobly.runs.actions import claims, start, transaction
from jobly.runs.actions.progress import Progress
from tests.ingestion.fragments import career_page, posting
from tests.ingestion.sites import running_site
from tests.make import make_job

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "api"),
    [
        (
            "https://boards.greenhouse.io/nord/jobs/123?gh_src=x",
            "https://boards-api.greenhouse.io/v1/boards/nord/jobs/123",
        ),
        (
            "https://job-boards.greenhouse.io/nord/jobs/123",
            "https://boards-api.greenhouse.io/v1/boards/nord/jobs/123",
        ),
        ("https://jobs.lever.co/nord/ab-1/apply", "https://api.lever.co/v0/postings/nord/ab-1"),
        ("https://jobs.eu.lever.co/nord/ab-1", "https://api.eu.lever.co/v0/postings/nord/ab-1"),
        (
            "https://jobs.smartrecruiters.com/Nord/744000-boat-builder",
            "https://api.smartrecruiters.com/v1/companies/Nord/postings/744000",
        ),
        ("https://nord.recruitee.com/o/cooper", "https://nord.recruitee.com/api/offers/cooper"),
        (
            "https://nord.wd3.myworkdayjobs.com/en-US/Careers/job/Oslo/Cooper_R1",
            "https://nord.wd3.myworkdayjobs.com/wday/cxs/nord/Careers/job/Oslo/Cooper_R1",
        ),
        (
            "https://jobs.ashbyhq.com/nord/1e2c9c0a-83c5-4a5c-9d4e-0a2f0a6f1b11/application?a=1",
            "https://api.ashbyhq.com/posting-api/job-board/nord",
        ),
        (
            "https://apply.workable.com/nord-boats/j/8C1F2A3B4D/",
            "https://apply.workable.com/api/v1/widget/accounts/nord-boats",
        ),
        ("https://apply.workable.com/nord-boats/", ""),
        ("https://boats.example/jobs/1", ""),
        ("https://evil.example/https://jobs.lever.co/a/b", ""),
    ],
)
def test_boards_are_asked_by_their_api(url, api):
    found = board_check(url)
    assert (found.url if found else "") == api


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "alive"), (404, "gone"), (410, "gone"), (403, "uncertain"), (0, "uncertain")],
)
def test_what_a_boards_api_tells(status, verdict):
    assert of_board(status).verdict == verdict


ASHBY = b'{"jobs": [{"id": "ab-1", "title": "Cooper"}, {"id": "ab-2"}], "apiVersion": "1"}'
WORKABLE = b'{"name": "Nord", "jobs": [{"shortcode": "8C1F"}, {"shortcode": "8C1F"}, 7]}'


@pytest.mark.parametrize(
    ("status", "body", "key", "verdict"),
    [
        (200, ASHBY, "AB-2", "alive"),
        (200, ASHBY, "ab-3", "gone"),
        (200, WORKABLE, "8C1F", "alive"),
        (200, WORKABLE, "8C1E", "gone"),
        (200, b'{"jobs": []}', "ab-1", "uncertain"),  # a board lost all at once is no proof
        (200, b"<html>busy</html>", "ab-1", "uncertain"),
        (200, b"[]", "ab-1", "uncertain"),
        (404, b"", "ab-1", "uncertain"),  # the board was renamed, or is gone: not this posting
        (429, ASHBY, "ab-3", "uncertain"),
    ],
)
def test_what_a_list_of_a_whole_board_tells(status, body, key, verdict):
    assert of_list(status, body, key).verdict == verdict


PAST = posting(1, validThrough="2026-11-20")
TODAY = posting(1, validThrough="2026-11-22")


@pytest.mark.parametrize(
    ("answer", "rung", "verdict"),
    [
        ((404, "", ""), "http", "gone"),
        ((200, "", career_page(posting(1))), "jsonld", "alive"),
        ((200, "", career_page(PAST)), "jsonld", "gone"),
        ((200, "", career_page(TODAY)), "jsonld", "alive"),  # it lasts the day
        ((200, "", career_page(PAST, posting(2))), "jsonld", "alive"),
        ((200, "", career_page(posting(1, validThrough="soon"))), "jsonld", "alive"),
        ((200, "", "<html><body>This position has been filled.</body></html>"), "http", "gone"),
        ((200, "", "<html><body><h1>COOPER, Bergen</h1></body></html>"), "http", "alive"),
        ((200, "", "<html><body>All our jobs</body></html>"), "http", "uncertain"),
        ((200, "", "<html>" + "<div>" * 1000), "http", "uncertain"),
        ((302, "/careers", ""), "http", "uncertain"),
        ((302, "/login", ""), "http", "uncertain"),
        ((403, "", ""), "http", "uncertain"),
        ((429, "", ""), "http", "uncertain"),
        ((500, "", ""), "http", "uncertain"),
        ((0, "", ""), "http", "uncertain"),
    ],
)
def test_what_a_page_tells(answer, rung, verdict):
    status, location, body = answer
    found = of_page(status, location, body.encode(), "Cooper", NOW)
    assert (found.rung, found.verdict) == (rung, verdict)


def test_only_another_day_counts_and_uncertainty_never():
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)
    once = counted(Count(0, None), "gone", monday)
    assert once == Count(1, monday)
    assert counted(once, "gone", monday) == once
    assert counted(once, "uncertain", tuesday) == once
    assert counted(once, "gone", tuesday) == Count(2, tuesday)
    assert counted(once, "alive", tuesday) == Count(0, None)


@pytest.fixture
def site(settings):
    with running_site() as found:
        settings.COLLECTOR_WEB_ENABLED = True
        settings.COLLECTOR_PRIVATE_ORIGINS = [found.origin]
        yield found


def old_job(site, path="/jobs/1", **fields):
    job = make_job("Cooper", url=f"{site.origin}{path}", apply_url="", **fields)
    Job.objects.filter(pk=job.pk).update(last_seen_at=now() - timedelta(days=9))
    return job


def look(gap=timedelta(milliseconds=1)):
    with transaction():
        run = start("ingestion.check_liveness", {}, actor=None)
    (run,) = claims.claim_family(run.pk, 1)
    check_due(Progress(run), gap=gap)
    run.delete()


def due_again(**columns):
    Liveness.objects.update(next_at=now(), **columns)


def test_a_job_closes_when_it_is_gone_on_a_second_day(site):
    job = old_job(site)

    look()
    due_again()
    look()  # the same day
    row = Liveness.objects.get(job=job)
    assert (row.verdict, row.strikes) == ("gone", 1)
    assert row.next_at - row.checked_at == timedelta(hours=24)

    due_again(struck_on=now().date() - timedelta(days=1))
    look()
    row.refresh_from_db()
    job.refresh_from_db()
    assert (job.status, row.strikes, bool(row.closed_at)) == ("closed", 2, True)
    assert [one["why"] for one in row.evidence] == ["its page says 404"] * 3


def test_what_is_uncertain_closes_nothing_and_what_is_there_is_verified(site):
    job = old_job(site)
    site.pages["/jobs/1"] = (503, {}, "")
    look()
    for days in (1, 2, 3):
        due_again(struck_on=now().date() - timedelta(days=days))
        look()
    assert Liveness.objects.get(job=job).strikes == 0

    site.pages["/jobs/1"] = career_page(posting(1))
    due_again()
    look()
    row = Liveness.objects.get(job=job)
    assert (row.verdict, row.rung, row.verified_at) == ("alive", "jsonld", row.checked_at)
    job.refresh_from_db()
    assert job.status == "live"


def test_pages_are_asked_politely_or_not_at_all(site, settings):
    old_job(site, "/private/1")
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /private\n"
    look()
    assert site.asked == ["/robots.txt"]
    assert Liveness.objects.get().verdict == "uncertain"

    settings.COLLECTOR_WEB_ENABLED = False
    due_again()
    look()
    assert site.asked == ["/robots.txt"]


def test_linkedin_and_jobs_that_were_seen_lately_are_not_asked(site):
    make_job("Seen", url=f"{site.origin}/jobs/9")
    job = old_job(site)
    Job.objects.filter(pk=job.pk).update(url="https://www.linkedin.com/jobs/view/4100000001")

    look()

    assert site.asked == []
    assert Liveness.objects.get().evidence[0]["why"] == "this host is not asked"


def test_a_host_has_its_turn_and_a_run_takes_few_of_it(site):
    for number in range(23):
        old_job(site, f"/jobs/{number}")

    look(gap=timedelta(milliseconds=40))

    assert len(site.pages_asked) == 20
    times = [request.at for request in site.log][1:]
    assert times[-1] - times[0] >= 19 * 0.04 * 0.95


def test_a_board_that_lists_all_its_postings_is_asked_once_for_all_of_them(site):
    site.pages["/list"] = ASHBY
    lists = {}
    found = [
        look_at(make_job("Cooper", url="https://jobs.ashbyhq.com/nord/x"), check, lists).verdict
        for check in (Check(f"{site.origin}/list", "ab-1"), Check(f"{site.origin}/list", "ab-9"))
    ]
    assert found == ["alive", "gone"]
    assert site.asked == ["/list"]
