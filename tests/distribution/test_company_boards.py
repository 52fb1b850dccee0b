"""The public board of a company, the sitemap and robots.txt."""

from datetime import timedelta

import pytest
from defusedxml import ElementTree
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from distribution.actions import sitemaps
from distribution.models import Sitemap
from distribution.reports.feed_checks import check_posting
from ingestion.models import Job, JobDesk
from tests.distribution.listing import make_listed
from tests.make import make_company, make_job, make_source

pytestmark = pytest.mark.django_db
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
def company():
    return make_company("acme", name="Acme & Sons")


def page(query=""):
    return Client().get(f"/boards/acme/{query}").content.decode()


def places(url):
    answer = Client().get(url)
    raw = b"".join(answer) if answer.streaming else answer.content
    return [one.text or "" for one in ElementTree.fromstring(raw).iter(f"{SITEMAP}loc")]


def path_of(address):
    return "/" + address.split("/", 3)[3]


def test_a_board_shows_the_public_live_jobs_of_its_company_only(company):
    make_listed(company, title="Night welder")
    make_listed(company, title="Closed welder", status="closed")
    make_listed(company, title="Draft welder", on_board=False)
    make_listed(make_company("other"), title="Foreign welder")
    hidden = make_listed(company, title="Secret welder")
    JobDesk.objects.create(job=hidden, is_public=False)
    shown = page()
    assert "Night welder" in shown
    for word in ("Closed", "Draft", "Foreign", "Secret"):
        assert f"{word} welder" not in shown
    assert "<title>Jobs at Acme &amp; Sons · Jobly</title>" in shown
    assert '<link rel="canonical" href="http://testserver/boards/acme/">' in shown
    for file in ("rss.xml", "atom.xml", "jobs.json"):
        assert f'href="/feeds/acme/{file}"' in shown
    assert "noindex" not in shown


def test_a_board_without_jobs_says_so_and_is_not_indexed(company):
    shown = page()
    assert "is not hiring right now" in shown
    assert "noindex" in shown
    assert Client().get("/boards/nobody/").status_code == 404


def test_a_board_is_narrowed_by_place_department_kind_and_title(company):
    more = [{"city": "Bergen", "region": "", "country": "NO", "lat": None, "lon": None}]
    make_listed(company, title="Welder A", department="steel", more_places=more)
    make_listed(company, title="Rigger B", city="Bergen", remote="remote")
    make_listed(company, title="Cook C", employment_type="PART_TIME", department="galley")
    for query, kept in (
        ("?place=Bergen", "AB"),
        ("?place=Oslo", "AC"),
        ("?department=galley", "C"),
        ("?type=PART_TIME", "C"),
        ("?remote=remote", "B"),
        ("?q=welder", "A"),
        ("?q=nothing", ""),
        ("?type=bogus&page=x", "ABC"),
        ("?q=%00", "ABC"),
    ):
        shown = page(query)
        titles = ("Welder A", "Rigger B", "Cook C")
        found = "".join(title[-1] for title in titles if f"{title}</a>" in shown)
        assert found == kept, query
    assert "No job fits all of that" in page("?q=nothing")
    assert "noindex" in page("?q=welder")


def test_pages_of_a_board_follow_each_other_and_do_not_overlap(company):
    for _ in range(23):
        make_listed(company)
    first, second = page(), page("?page=2")
    assert (first.count("<article"), second.count("<article")) == (20, 3)
    assert 'rel="next" href="?page=2"' in first
    assert 'rel="prev" href="/boards/acme/"' in second
    assert Client().get("/boards/acme/?page=9")["Location"].startswith("/boards/acme/")


@pytest.mark.parametrize("jobs", [1, 20])
def test_a_board_takes_few_queries_whatever_its_jobs(company, jobs):
    for _ in range(jobs):
        make_listed(company)
    with CaptureQueriesContext(connection) as queries:
        page()
    assert len(queries) <= 9


def test_the_sitemap_names_every_public_live_job_and_board_once(company):
    shown = [make_listed(company), make_job("Public welder")]
    make_listed(company, status="expired")
    make_listed(company, on_board=False)
    make_job("A copy", is_copy=True)
    make_job("Not for you", source=make_source(rights="private"))
    files = places("/sitemap.xml")
    found = [path_of(place) for file in files for place in places(path_of(file))]
    assert sorted(found) == sorted(["/boards/acme/", *(job.path for job in shown)])


def test_a_closed_job_leaves_the_sitemap_and_its_file_when_it_was_the_last(company):
    job = make_listed(company)
    assert len(places("/sitemap.xml")) == 2
    job.move(Job.Status.CLOSED)
    assert len(places("/sitemap.xml")) == 2  # counted minutes ago
    Sitemap.objects.update(checked_at=None)
    assert len(places("/sitemap.xml")) == 1


def test_a_sitemap_file_is_not_sent_again_until_it_changed(company):
    job = make_listed(company)
    (_, file) = places("/sitemap.xml")
    path = path_of(file)
    first = Client().get(path)
    again = Client().get(path, headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    Job.objects.filter(pk=job.pk).update(title="Chief welder", updated_at=now())
    sitemaps.refresh()
    assert Client().get(path, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_robots_are_told_where_the_sitemap_is():
    told = Client().get("/robots.txt").content.decode()
    assert "/sitemap.xml" in told
    assert "Disallow: /admin/" in told


def test_a_closed_job_keeps_its_page_without_markup_and_a_removed_one_is_gone(company):
    job, other = make_listed(company, title="Night welder"), make_job("Night welder, pipes")
    assert "application/ld+json" in Client().get(job.path).content.decode()
    job.move(Job.Status.CLOSED)
    ended = Client().get(job.path)
    text = ended.content.decode()
    assert ended.status_code == 200
    assert "This job is closed" in text
    assert "noindex" in text
    assert "application/ld+json" not in text
    assert other.path in text
    job.move(Job.Status.REMOVED)
    assert Client().get(job.path).status_code == 410


@pytest.mark.parametrize("changes", [{}, {"remote": "remote"}, {"apply_url": "", "url": ""}])
def test_the_posting_on_a_page_keeps_googles_rules(company, changes):
    posted = now() - timedelta(days=2)
    text = "Joins pipes by hand and by machine. " * 4
    more = [{"city": "Bergen", "region": "", "country": "NO", "lat": None, "lon": None}]
    fields = {"description_text": text, "education": "master", "experience_months": 24}
    fields |= {"posted_at": posted, "expires_at": now() + timedelta(days=9), "more_places": more}
    job = make_listed(company, **fields | changes)
    page = Client().get(job.path).content.decode()
    script = page.partition('type="application/ld+json"')[2].partition(">")[2]
    script = script.partition("</script>")[0]
    assert check_posting(script, job=str(job.pk), now=now()) == []
    assert ('"directApply":true' in script) is ("apply_url" in changes)
