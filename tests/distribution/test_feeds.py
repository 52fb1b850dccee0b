"""Feeds: what boards fetch, when it counts as changed, and what is kept of each fetch."""

import gzip
import json
from datetime import timedelta

import feedparser
import pytest
from defusedxml import ElementTree
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from distribution.actions import feeding
from distribution.models import Feed, FeedEdition, FeedEntry, FeedFetch, FeedFetchSum
from distribution.rules.feeds.formats import ALL, FILES
from ingestion.models import Employer, Job, JobDesk
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from tests.distribution.listing import HOSTILE, make_listed
from tests.make import make_company, make_member, make_source

pytestmark = pytest.mark.django_db
INDEED = "Mozilla/5.0 (compatible; Indeedbot/1.1)"


@pytest.fixture
def company():
    return make_company("acme", name="Acme & Sons")


def get(file="indeed.xml", slug="acme", client=None, **headers):
    return (client or Client()).get(f"/feeds/{slug}/{file}", headers=headers)


def body(answer):
    return b"".join(answer.streaming_content)


def references(file="generic.xml", **headers):
    root = ElementTree.fromstring(body(get(file, **headers)))
    return [one.text for one in root.iter("reference")]


@pytest.mark.parametrize("file", sorted(FILES))
def test_every_format_is_there_even_without_a_job(company, file):
    answer = get(file)
    assert answer.status_code == 200
    read = json.loads if file.endswith("json") else ElementTree.fromstring
    read(body(answer))


def test_a_company_or_format_nobody_knows_is_not_found(company):
    assert get(slug="nobody").status_code == 404
    assert get("monster.xml").status_code == 404
    assert Feed.objects.count() == 0


@pytest.mark.parametrize("file", sorted(FILES))
def test_no_text_breaks_a_format(company, file):
    for text in HOSTILE:
        place = {"city": text, "region": "", "country": "NO", "lat": None, "lon": None}
        make_listed(
            company,
            title=text.strip() or "x",
            description_html=f"<p>{text}</p>",
            city=text,
            reference=text,
            more_places=[place | {"city": f"{text}2"}],
        )
    raw = body(get(file))
    if file.endswith("json"):
        items = json.loads(raw)["items"]
        titles = [item["title"] for item in items]
    else:
        root = ElementTree.fromstring(raw)
        parts = ("title", "name", "{http://www.w3.org/2005/Atom}title")
        titles = [one.text for part in parts for one in root.iter(part)]
        assert len(list(root.iter("script"))) == 0
        texts = [one.text or "" for one in root.iter("description")]
        assert not [text for text in texts if "<script" in text]
    if file != "google.xml":
        assert any("a ]]> b" in (title or "") for title in titles)
        assert any("日本語" in (title or "") for title in titles)
    assert b"\x07" not in raw


def test_only_public_live_jobs_are_listed(company):
    shown = make_listed(company)
    make_listed(company, status="closed")
    make_listed(company, on_board=False)
    hidden = make_listed(company)
    JobDesk.objects.create(job=hidden, is_public=False)
    make_listed(company, source=make_source(company=company, rights="no_boards"))
    make_listed(make_company("other"))
    assert references() == [f"jobly-{shown.pk}"]


def test_a_closed_job_drops_out_and_comes_back_under_its_reference(company):
    job, other = make_listed(company), make_listed(company)
    first = references()
    job.move(Job.Status.CLOSED)
    assert references() == [f"jobly-{other.pk}"]
    job.move(Job.Status.LIVE)
    assert references() == first


def test_each_place_is_an_entry_with_a_reference_of_its_own(company):
    places = [
        {"city": city, "region": "", "country": "NO", "lat": None, "lon": None}
        for city in ("Bergen", "Oslo", "Tromsø", "Bergen")
    ]
    job = make_listed(company, more_places=places)
    root = ElementTree.fromstring(body(get("linkedin.xml")))
    known = [one.findtext("partnerJobId") for one in root.iter("job")]
    assert [one.findtext("city") for one in root.iter("job")] == ["Oslo", "Bergen", "Tromsø"]
    assert root.findtext("expectedJobCount") == "3"
    assert known[0] == f"jobly-{job.pk}"
    assert len(set(known)) == 3
    assert max(len(name or "") for name in known) <= 40

    Job.objects.filter(pk=job.pk).update(more_places=places[::-1])
    again = ElementTree.fromstring(body(get("linkedin.xml")))
    assert {one.findtext("partnerJobId") for one in again.iter("job")} == set(known)


def test_an_unchanged_feed_is_answered_without_being_written(company):
    for _ in range(3):
        make_listed(company)
    first = get()
    body(first)
    again = get(**{"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert again["ETag"] == first["ETag"]
    dated = get(**{"if-modified-since": first["Last-Modified"]})
    assert dated.status_code == 304
    assert FeedEdition.objects.count() == 1


def test_the_edition_moves_if_and_only_if_the_content_does(company):
    job = make_listed(company)
    known = get()["ETag"]
    Job.objects.filter(pk=job.pk).update(last_seen_at=now())
    Job.objects.filter(pk=job.pk).update(content_key="0" * 64)  # noted as a change, but not told
    make_listed(make_company("other"))
    make_listed(company, on_board=False)
    assert get()["ETag"] == known

    Job.objects.filter(pk=job.pk).update(title="Chief welder")
    after = get()["ETag"]
    assert after != known
    assert Feed.objects.get(company=company).edition == 2
    Job.objects.filter(pk=job.pk).update(on_board=False)
    assert get()["ETag"] not in (known, after)


def test_a_renamed_employer_is_seen_within_the_hour(company):
    make_listed(company)
    known = get()["ETag"]
    Employer.objects.update(name="Acme Reborn")
    Feed.objects.update(checked_at=now() - timedelta(hours=1))
    assert get()["ETag"] != known


def test_a_change_that_is_not_committed_yet_is_not_passed_over(company):
    job = make_listed(company)
    body(get())
    feed = Feed.objects.get()
    # a job changed by a transaction that was open when the edition was made
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        assert feed.mark <= cursor.fetchone()[0]
    Job.objects.filter(pk=job.pk).update(title="Later")
    assert b"Later" in body(get())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("jobs", [1, 20])
def test_asking_again_takes_few_queries_whatever_the_jobs(company, jobs):
    for _ in range(jobs):
        make_listed(company)
    etag = get()["ETag"]
    with CaptureQueriesContext(connection) as queries:
        assert get(**{"if-none-match": etag}).status_code == 304
    assert len(queries) <= 11


def test_head_has_the_headers_and_no_body(company):
    make_listed(company)
    whole = get()
    head = Client().head("/feeds/acme/indeed.xml")
    assert head["ETag"] == whole["ETag"]
    assert head["Last-Modified"] == whole["Last-Modified"]
    assert b"".join(head) == b""
    assert "Content-Length" not in head


def test_a_packed_feed_holds_the_same(company):
    make_listed(company)
    plain = get()
    packed = get(**{"accept-encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert packed["ETag"] != plain["ETag"]
    assert "Accept-Encoding" in packed["Vary"]
    assert gzip.decompress(body(packed)) == body(plain)
    again = get(**{"accept-encoding": "gzip", "if-none-match": packed["ETag"]})
    assert again.status_code == 304


def test_who_asks_too_often_is_told_when_to_come_back(company):
    answers = [get("rss.xml", slug="nobody").status_code for _ in range(60)]
    assert set(answers) == {404}
    refused = get()
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0


def test_each_fetch_is_kept_with_who_came(company):
    make_listed(company)
    body(get(**{"user-agent": INDEED}))
    row = FeedFetch.objects.get()
    assert (row.who, row.format, row.edition, row.status) == ("indeed", "indeed", 1, 200)
    assert (row.jobs, row.finished, row.count) == (1, 1, 1)
    assert row.bytes > 500
    assert row.address
    assert "127.0.0.1" not in row.address


def test_a_burst_of_one_program_is_one_row_a_minute(company):
    for _ in range(12):
        body(get(**{"user-agent": INDEED}))
    rows = FeedFetch.objects.all()
    assert len(rows) <= 2  # the minute may have turned
    assert sum(row.count for row in rows) == 12


@pytest.mark.django_db(transaction=True)
def test_a_fetch_that_breaks_off_is_kept_as_cut(company):
    for _ in range(3):
        make_listed(company)
    answer = get(**{"user-agent": INDEED})
    next(iter(answer.streaming_content))
    answer.close()
    row = FeedFetch.objects.get()
    assert (row.status, row.finished, row.count) == (200, 0, 1)
    assert not row.is_whole


def test_members_of_ours_are_no_board(company):
    client = Client()
    client.force_login(make_member(company), backend="django.contrib.auth.backends.ModelBackend")
    body(get(client=client, **{"user-agent": INDEED}))
    assert FeedFetch.objects.get().who == "us"


def test_what_an_edition_contained_can_be_told_later(company):
    kept, dropped = make_listed(company), make_listed(company)
    body(get())
    dropped.move(Job.Status.CLOSED)
    added = make_listed(company)
    body(get())

    def contained(edition):
        return set(FeedEntry.objects.in_edition(edition).values_list("job_id", flat=True))

    assert contained(1) == {kept.pk, dropped.pk}
    assert contained(2) == {kept.pk, added.pk}
    assert FeedEntry.objects.count() == 3


def test_foreign_readers_read_rss_and_atom(company):
    job = make_listed(company, title="Welder ]]> & <rigger>", department="Steel")
    for file in ("rss.xml", "atom.xml"):
        found = feedparser.parse(body(get(file)))
        assert not found.bozo, found.get("bozo_exception")
        assert found.feed.title == "Jobs at Acme & Sons"
        assert len(found.entries) == 1
        entry = found.entries[0]
        assert "]]>" in entry.title
        assert entry.link.endswith(job.path)
        assert entry.published_parsed[:3] == (2026, 11, 2)
        assert entry.tags[0].term == "Steel"


def test_the_json_feed_has_the_shape_of_its_specification(company):
    job = make_listed(company)
    told = json.loads(body(get("jobs.json")))
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert told["feed_url"].endswith("/feeds/acme/jobs.json")
    (item,) = told["items"]
    assert item["id"] == f"jobly-{job.pk}"
    assert item["url"].endswith(job.path)
    assert {"title", "content_html", "date_published", "date_modified"} <= item.keys()


def test_many_jobs_go_out_in_steps_and_all_once(company, monkeypatch):
    monkeypatch.setattr("distribution.reports.feeds.AT_A_TIME", 3)
    jobs = [make_listed(company) for _ in range(8)]
    for kind in ALL:
        raw = body(get(kind.file))
        for job in jobs:
            assert raw.count(f"/jobs/{job.pk}-".encode()) >= 1
        if kind.name == "json":
            assert len(json.loads(raw)["items"]) == 8
    assert references() == [f"jobly-{job.pk}" for job in jobs]


@pytest.mark.django_db(transaction=True)
def test_a_job_that_closes_under_way_is_left_out_and_the_fetch_is_no_proof(company, monkeypatch):
    monkeypatch.setattr("distribution.reports.feeds.AT_A_TIME", 1)
    jobs = [make_listed(company) for _ in range(3)]
    answer = get("generic.xml", **{"user-agent": INDEED})
    pieces = answer.streaming_content
    read = next(pieces) + next(pieces)
    jobs[2].move(Job.Status.CLOSED)
    read += b"".join(pieces)
    answer.close()
    assert f"jobly-{jobs[2].pk}".encode() not in read
    assert FeedFetch.objects.get().finished == 0


def test_the_address_of_a_caller_cannot_be_read_back():
    one, two = feeding.address_digest("10.0.0.1"), feeding.address_digest("10.0.0.2")
    assert one != two
    assert one == feeding.address_digest("10.0.0.1")
    assert len(one) == 32


def test_being_touched_without_a_change_begins_no_edition(company):
    job = make_listed(company)
    known = get("atom.xml")
    before = body(known)
    Job.objects.filter(pk=job.pk).update(updated_at=now() + timedelta(hours=2))
    again = get("atom.xml")
    assert again["ETag"] == known["ETag"]
    assert body(again) == before
    assert FeedEdition.objects.count() == 1


def test_a_fetch_is_kept_before_its_first_byte_and_cut_off_where_nobody_ended_it(company):
    make_listed(company)
    kind = FILES["indeed.xml"]
    feed = feeding.present(company, kind)
    feeding.begin_fetch(feed, kind, feeding.Fetch(200, "indeed", INDEED))  # and then we die
    row = FeedFetch.objects.get()
    assert (row.count, row.ended, row.is_whole) == (1, 0, False)
    assert (row.is_under_way, row.cut_off) == (True, 0)
    FeedFetch.objects.update(at=now() - timedelta(hours=2))
    row.refresh_from_db()
    assert (row.is_under_way, row.cut_off) == (False, 1)
    body(get())
    whole = FeedFetch.objects.get(finished=1)
    assert whole.ended == whole.count - (1 if whole.pk == row.pk else 0)


def test_old_receipts_are_summed_up_and_the_first_and_last_proof_of_each_job_stay(company):
    job = make_listed(company)
    kind = FILES["indeed.xml"]

    def fetch(days, *, whole=True, who="indeed"):
        feed = feeding.present(company, kind)
        receipt = feeding.begin_fetch(feed, kind, feeding.Fetch(200, who))
        feeding.end_fetch(feed, receipt, who, feeding.Got(1, 9, whole=whole))
        at = now() - timedelta(days=days)
        FeedFetch.objects.filter(pk=receipt).update(at=at, minute=at)
        return receipt

    first = fetch(200)
    idle = [fetch(199), fetch(198), fetch(197, whole=False)]
    last = fetch(196)
    Job.objects.filter(pk=job.pk).update(status="closed")
    empty = [fetch(150), fetch(120)]
    young = [fetch(89), fetch(88), fetch(1)]
    for _ in range(2):
        with transaction():
            start("distribution.tidy_receipts", {}, actor=None)
        drain()
    left = set(FeedFetch.objects.values_list("pk", flat=True))
    assert left == {first, last, *young}
    sums = FeedFetchSum.objects.all()
    assert sum(row.count for row in sums) == len(idle) + len(empty)
    assert sum(row.finished for row in sums) == len(idle) + len(empty) - 1
