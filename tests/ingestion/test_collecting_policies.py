"""What collecting does when a source is slow, full, broken, lying or not there."""

import gzip
import json
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connections
from django.db.models.functions import Now
from werkzeug import Response

from ingestion.actions import quotas, spooling
from ingestion.actions.sources import search_of, set_searches, source_to_collect
from ingestion.clients import walking
from ingestion.errors import SourceMisconfigured
from ingestion.models import Fetch, Job, Listing, Quota, RawCollection, Sighting, Source
from jobly.errors import Rejected
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.ingestion.replaying import SECRETS, Replay, arbeitnow, source_of
from tests.make import make_source

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_pipeline")]
QUOTA_WORDS = "You have exceeded the MONTHLY quota for Requests on your current plan, BASIC."


def begin(source, strategy="scheduled", pages=None, search=None):
    args = {"source_id": str(source.pk), "strategy": strategy, "pages": pages}
    args["search_id"] = str(search.pk) if search else None
    with transaction():
        return start("ingestion.collect", args, actor=None)


def work_off(tries=8):
    """Execute what is queued, what waits for a later try too."""
    for _ in range(tries):
        Run.objects.filter(status="queued").update(available_at=Now())
        if not drain():
            return


def collect(source, strategy="scheduled", pages=None, search=None):
    begin(source, strategy, pages, search)
    work_off()
    return Fetch.objects.filter(source=source).order_by("-started_at").first()


def fetch_run(fetch):
    return Run.objects.get(pk=fetch.run_id)


@pytest.mark.row(14)
def test_a_source_that_asks_for_a_pause_gets_it_and_the_walk_goes_on_behind_its_last_page(
    httpserver,
):
    replay = Replay(httpserver, "arbeitnow", size=2).open(5)
    replay.faults.extend([None, Response("slow down", 429, {"Retry-After": "0"})])
    source = source_of(replay)
    fetch = collect(source)
    assert (fetch.status, fetch.got, fetch.calls) == ("complete", 5, 4)
    assert [r.args.get("page") for r in replay.asked] == ["1", "2", "2", "3"]
    assert Job.objects.count() == 5
    assert fetch_run(fetch).attempt == 1  # a pause uses up no try


@pytest.mark.row(14)
def test_a_used_up_quota_parks_the_source_and_keeps_what_came(httpserver):
    replay = Replay(httpserver, "jsearch").open(25)
    replay.faults.extend([None, Response(json.dumps({"message": QUOTA_WORDS}), 429)])
    source = source_of(replay)
    search = search_of(source, "engineer", "")
    fetch = collect(source, search=search)
    assert (fetch.status, fetch.reason_code, fetch.got) == ("partial", "quota_spent", 10)
    source.refresh_from_db()
    assert source.parked_until is not None
    assert quotas.left_of(source) == 0
    asked = len(replay.asked)
    assert collect(source).pk == fetch.pk  # the clock leaves it alone
    assert len(replay.asked) == asked
    assert Event.objects.filter(fact="ingestion.source_parked").count() == 1


@pytest.mark.row(14)
def test_too_many_calls_a_second_are_no_used_up_quota(httpserver):
    replay = Replay(httpserver, "jsearch").open(12)
    replay.headers["X-RateLimit-Requests-Remaining"] = "150"
    replay.faults.extend([None, Response('{"message": "Too many requests"}', 429)])
    source = source_of(replay)
    fetch = collect(source, search=search_of(source, "engineer", ""))
    assert (fetch.status, fetch.got) == ("complete", 12)
    assert Quota.objects.get(source=source).spent_until is None


def test_the_stop_line_holds_and_the_staff_is_told_once_and_at_once(httpserver):
    replay = Replay(httpserver, "arbeitnow", size=2).open(20)
    source = source_of(replay, quota_limit=5)
    fetch = collect(source)
    assert len(replay.asked) == 5
    assert (fetch.status, fetch.reason_code, fetch.calls) == ("partial", "quota_spent", 5)
    told = Event.objects.filter(fact="ingestion.alert_began")
    assert [(e.stream, e.data["rule"], e.data["subject"]) for e in told] == [
        ("staff", "quota", str(source.pk))
    ]
    look = Run.objects.get(kind="ingestion.look_for_alerts")
    assert (look.parent, look.stream) == (None, "staff")
    assert Quota.objects.get(source=source).calls == 5


def test_a_backup_is_asked_while_the_quota_is_used_up(httpserver):
    replay = Replay(httpserver, "jsearch").open(8)
    backup = source_of(replay, name="another board")
    source = source_of(replay, quota_limit=0, backup=backup)
    fetch = collect(source, search=search_of(source, "engineer", "Bergen"))
    assert (fetch.status, fetch.reason_code, fetch.calls) == ("failed", "quota_spent", 0)
    instead = Fetch.objects.get(source=backup)
    assert (instead.status, instead.got, str(instead.search)) == (
        "complete",
        8,
        "engineer · Bergen",
    )
    source.refresh_from_db()
    assert source.parked_until is None


def test_calls_of_many_pages_count_as_many_requests(httpserver):
    replay = Replay(httpserver, "jsearch").open(35)
    source = source_of(replay, settings={"num_pages": 3})
    fetch = collect(source, search=search_of(source, "engineer", ""))
    assert (fetch.got, fetch.pages, fetch.calls) == (35, 2, 4)
    assert Quota.objects.get(source=source).calls == 4


def test_an_endpoint_that_is_not_on_the_plan_is_learned_once(httpserver):
    replay = Replay(httpserver, "jsearch").open(12)
    replay.faults.append(Response('{"message": "Endpoint does not exist"}', 404))
    source = source_of(replay)
    search = search_of(source, "engineer", "")
    assert collect(source, search=search).got == 12
    assert [r.path for r in replay.asked] == ["/search", "/search-v2", "/search-v2"]
    collect(source, search=search)
    assert [r.path for r in replay.asked][3:] == ["/search-v2", "/search-v2"]


@pytest.mark.row(16)
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response("<!DOCTYPE html><html><body>Maintenance</body></html>"), "answer_html_page"),
        (Response('{"message": "You are not subscribed to this API."}', 403), "forbidden"),
        (Response('{"message": "Invalid API key"}', 401), "credentials_refused"),
        (Response('{"status": 404, "error": "Job not found"}', 404), "not_there"),
        (Response("", 302, {"Location": "/v1/boards/nordwerft/jobs"}), "redirected"),
        (Response("", 302, {"Location": "http://169.254.169.254/"}), "redirected"),
        (Response('{"error": "no such board"}'), "answer_no_postings"),
        (Response(b"%PDF-1.7 x", content_type="application/pdf"), "answer_wrong_type"),
        (Response('{"jobs": [{"title": "We'), "bad_answer"),
        (Response("", 503), "unavailable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_source_that_gives_no_postings_is_a_failed_run_with_a_reason(answer, code, httpserver):
    replay = Replay(httpserver, "greenhouse").open(3)
    replay.faults.extend([answer] * 30)
    fetch = collect(source_of(replay))
    assert (fetch.status, fetch.reason_code, fetch.got) == ("failed", code, 0)
    assert fetch.reason
    run = fetch_run(fetch)
    assert (run.status, run.error_code) == ("failed", code)
    assert run.kind == "ingestion.collect"
    assert Job.objects.count() == 0


def test_an_error_that_comes_with_status_200_is_an_error(httpserver):
    replay = Replay(httpserver, "jsearch").open(3)
    replay.faults.append(
        Response('{"status": "ERROR", "error": {"message": "query is wrong", "code": 400}}')
    )
    source = source_of(replay)
    fetch = collect(source, search=search_of(source, "engineer", ""))
    assert (fetch.status, fetch.reason_code) == ("failed", "source_refused")
    assert "query is wrong" in fetch.reason
    assert len(replay.asked) == 1


@pytest.mark.row(16)
def test_a_cut_answer_is_kept_and_asked_for_again(httpserver):
    replay = Replay(httpserver, "greenhouse").open(3)
    replay.faults.append(Response('{"jobs": [{"id": 1, "title": "Pipe'))
    fetch = collect(source_of(replay))
    assert (fetch.status, fetch.got, fetch.calls) == ("complete", 3, 2)
    cut = RawCollection.objects.get(status="quarantined")
    assert cut.error_code == "broken_json"
    with cut.artifact.open() as stream:
        assert stream.read() == b'{"jobs": [{"id": 1, "title": "Pipe'


def test_fewer_than_the_source_said_it_has_is_partial(httpserver):
    replay = Replay(httpserver, "greenhouse", told=2422).open(13)
    fetch = collect(source_of(replay))
    assert (fetch.status, fetch.reason_code) == ("partial", "coverage")
    assert fetch.reason == "The source said 2,422 and gave 13."
    assert (fetch.expected, fetch.got) == (2422, 13)
    assert Job.objects.count() == 13


@pytest.mark.row(16)
def test_a_feed_that_repeats_its_pages_for_ever_ends(httpserver):
    replay = Replay(httpserver, "arbeitnow", size=2).open(6)

    def answer(request):
        request.args = {"page": 1 + int(request.args["page"]) % 2}
        return Response(json.dumps(arbeitnow(replay, request)), content_type="application/json")

    replay.faults.extend([answer] * 99)
    fetch = collect(source_of(replay))
    assert (fetch.status, fetch.reason_code, fetch.got) == ("partial", "page_repeated", 4)
    assert len(replay.asked) == 3


def test_a_feed_without_end_is_left_at_the_bound(httpserver):
    replay = Replay(httpserver, "arbeitnow", size=2).open(20)
    fetch = collect(source_of(replay, max_pages=4))
    assert (fetch.status, fetch.reason_code, fetch.pages) == ("partial", "page_limit", 4)
    asked_for = collect(source_of(replay, name="another board"), pages=2)
    assert (asked_for.status, asked_for.reason_code) == ("complete", "page_limit")


def test_a_board_that_lost_everything_is_asked_about_not_believed(httpserver):
    replay = Replay(httpserver, "greenhouse").open(3)
    source = source_of(replay)
    collect(source)
    replay.openings.clear()
    fetch = collect(source)
    assert (fetch.status, fetch.reason_code) == ("partial", "empty")
    assert Job.objects.filter(status="live").count() == 3


def test_an_empty_board_is_no_failure(httpserver):
    assert collect(source_of(Replay(httpserver, "greenhouse"))).status == "complete"
    assert collect(source_of(Replay(httpserver, "personio"))).status == "complete"


def test_a_backfill_takes_everything_again_and_leaves_the_cursor_alone(httpserver):
    replay = Replay(httpserver, "arbeitnow").open(12)
    source = source_of(replay)
    collect(source)
    source.refresh_from_db()
    cursor = source.cursor
    assert cursor["walked_at"]
    fetch = collect(source, "backfill")
    source.refresh_from_db()
    assert source.cursor == cursor
    assert (fetch.status, fetch.fresh, fetch.pages) == ("complete", 12, 2)


def test_what_a_broken_walk_left_unseen_is_not_taken_for_known(httpserver):
    replay = Replay(httpserver, "arbeitnow", size=2).open(6)
    replay.faults.extend([None, *[Response("no", 403)] * 9])
    source = source_of(replay)
    fetch = collect(source, "incremental")
    assert (fetch.status, fetch.reason_code, fetch.got) == ("partial", "forbidden", 2)
    replay.faults.clear()
    again = collect(source, "incremental")
    assert (again.status, again.reason_code, again.got, again.fresh) == ("complete", "", 6, 4)


def test_details_that_do_not_come_are_counted_and_come_the_next_time(httpserver):
    replay = Replay(httpserver, "smartrecruiters").open(4)
    replay.faults.extend([None, Response("<html><body>busy</body></html>")])
    source = source_of(replay)
    fetch = collect(source)
    assert (fetch.status, fetch.reason_code, fetch.fresh) == ("partial", "details_missing", 3)
    again = collect(source)
    assert (again.status, again.fresh) == ("complete", 1)
    assert Job.objects.count() == 4


def test_jobs_that_are_still_listed_are_seen_again_though_nothing_is_loaded(httpserver):
    replay = Replay(httpserver, "greenhouse").open(2)
    source = source_of(replay)
    collect(source)
    Sighting.objects.update(last_seen_at="2026-01-01T00:00:00Z")
    fetch = collect(source)  # answered with 304
    assert replay.asked[-1].headers["If-None-Match"]
    assert (fetch.got, fetch.fresh) == (2, 0)
    assert not Sighting.objects.filter(last_seen_at__year=2026, last_seen_at__month=1).exists()
    assert Listing.objects.filter(fetch=fetch).count() == 2


def test_secrets_are_kept_nowhere_but_sealed(httpserver):
    replay = Replay(httpserver, "adzuna").open(2)
    secret = "right-to-the-end"
    source = source_of(replay, credentials={"app_id": "me", "app_key": secret})
    fetch = collect(source, search=search_of(source, "engineer", ""))
    assert fetch.reason_code == "credentials_refused"
    assert replay.asked[0].args["app_key"] == secret
    source.credentials = SECRETS["adzuna"]
    source.save()
    assert collect(source, search=search_of(source, "engineer", "")).status == "complete"
    rows = [
        *RawCollection.objects.values("request", "response"),
        *Fetch.objects.values(),
        *Run.objects.values("args", "error", "result", "history"),
        *Event.objects.values("data"),
    ]
    assert "right" not in str(rows)


def test_two_runs_never_walk_the_same_part_at_once(httpserver):
    replay = Replay(httpserver, "arbeitnow").open(15)
    source = source_of(replay)
    other = begin(source)
    Fetch.objects.create(source=source, strategy="scheduled", run_id=other.pk)
    Run.objects.filter(pk=other.pk).update(
        status="running", lease_until=Now() + timedelta(minutes=1), owner="x", fence=9
    )
    begin(source)
    work_off()
    busy = Run.objects.exclude(pk=other.pk).get()
    assert (busy.status, busy.error_code) == ("failed", "source_busy")
    assert not replay.asked


@pytest.mark.row(8)
def test_an_answer_that_cannot_be_stored_waits_in_a_file_and_is_asked_for_once(
    httpserver, settings, tmp_path, monkeypatch
):
    settings.SPOOL_DIR = tmp_path
    settings.RUN_BACKOFF_SCALE = 100  # no next try falls due meanwhile
    replay = Replay(httpserver, "arbeitnow").open(12)
    source = source_of(replay)
    broken = iter([True])

    def note_or_break(*args, **kwargs):
        if next(broken, False):
            raise OperationalError("the line is cut")
        return real(*args, **kwargs)

    real = Listing.objects.bulk_create
    # the line to the database goes in the middle of storing: nothing of ours is replaced
    monkeypatch.setattr(Listing.objects, "bulk_create", note_or_break)
    begin(source)
    drain()
    assert len(list(tmp_path.glob("*.answer"))) == 1
    assert RawCollection.objects.count() == 0
    work_off()
    fetch = Fetch.objects.get()
    assert (fetch.status, fetch.got, fetch.calls) == ("complete", 12, 2)
    assert [r.args["page"] for r in replay.asked] == ["1", "2"]
    assert not list(tmp_path.glob("*"))
    assert Job.objects.count() == 12


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 2], ids=["a page", "the last page"])
def test_a_page_whose_commit_was_not_heard_of_is_taken_once(
    number, httpserver, settings, tmp_path, monkeypatch
):
    settings.SPOOL_DIR = tmp_path
    replay = Replay(httpserver, "arbeitnow").open(12)
    source = source_of(replay)
    unheard = [number]
    line = connections["default"]
    commit = line.commit

    def commit_and_break():
        commit()
        is_stored = Fetch.objects.filter(pages__in=unheard).exists()
        line.rollback()  # what the look began
        if is_stored:
            unheard.clear()
            raise OperationalError("the line is cut")

    monkeypatch.setattr(line, "commit", commit_and_break)
    begin(source)
    work_off()
    fetch = Fetch.objects.get()
    assert (fetch.status, fetch.got, fetch.pages) == ("complete", 12, 2)
    assert [r.args["page"] for r in replay.asked] == ["1", "2"]
    assert not unheard
    assert Job.objects.count() == 12


def test_answers_in_files_that_no_walk_waits_for_are_stored_all_the_same(
    httpserver, settings, tmp_path
):
    settings.SPOOL_DIR = tmp_path
    source = source_of(Replay(httpserver, "greenhouse"))
    fetch = Fetch.objects.create(source=source, strategy="scheduled", run_id=source.pk)
    body = b'{"jobs": [{"id": 1, "title": "Welder", "absolute_url": "https://a.example/1"}]}'
    request = {"method": "GET", "url": "https://a.example/jobs"}
    page = walking.Page(body, request, "k", 200, {"content-type": "application/json"}, 3)
    with pytest.raises(OperationalError), spooling.spooling(fetch, page):
        raise OperationalError
    with transaction():
        start("ingestion.tidy_fetches", {}, actor=None)
    work_off(1)
    fetch.refresh_from_db()
    assert (fetch.status, fetch.reason_code) == ("partial", "broken_off")
    with transaction():
        start("ingestion.tidy_fetches", {}, actor=None)
    work_off()
    assert Job.objects.get().title == "Welder"
    assert Event.objects.get(fact="ingestion.spool_imported").data == {"files": 1, "refused": 0}
    assert not list(tmp_path.glob("*"))


@pytest.mark.row(16)
def test_a_source_that_trickles_is_left_at_the_deadline_and_asked_again(httpserver):
    def trickle():
        while True:
            yield b" "
            time.sleep(0.05)

    replay = Replay(httpserver, "arbeitnow").open(12)
    replay.faults.extend([None, Response(trickle(), 200, content_type="application/json")])
    began = time.monotonic()
    fetch = collect(source_of(replay, call_timeout=timedelta(seconds=1)))
    assert (fetch.status, fetch.got, fetch.calls) == ("complete", 12, 3)
    assert [r.args["page"] for r in replay.asked] == ["1", "2", "2"]
    assert 1 <= time.monotonic() - began < 5


@pytest.mark.row(16)
def test_an_endless_body_and_a_gzip_bomb_end_at_the_cap(httpserver, monkeypatch):
    monkeypatch.setattr(walking, "PAGE_BYTES", 1 << 20)
    bomb = gzip.compress(b" " * (8 << 20))
    packed = Response(bomb, headers={"Content-Encoding": "gzip"})

    def endless(request):
        return Response((b"x" * 65536 for _ in range(1 << 14)), content_type="application/json")

    for answer in (packed, endless):
        replay = Replay(httpserver, "greenhouse")
        replay.faults.append(answer)
        fetch = collect(source_of(replay, name=f"board {id(answer)}"))
        assert (fetch.status, fetch.reason_code) == ("failed", "answer_too_large")
        httpserver.clear()


@pytest.mark.row(16)
def test_an_xml_bomb_is_set_aside(httpserver):
    entities = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 9))
    feed = "<rss><channel><item><title>&x8;</title></item></channel></rss>"
    bomb = f'<!DOCTYPE rss [<!ENTITY x0 "ha">{entities}]>{feed}'
    replay = Replay(httpserver, "teamtailor")
    replay.faults.extend([Response(bomb, content_type="application/rss+xml")] * 9)
    fetch = collect(source_of(replay))
    assert fetch.status == "failed"
    assert RawCollection.objects.get().status == "quarantined"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"settings": {}}, "lacks board"),
        ({"enabled": False}, "switched off"),
        ({"adapter": ""}, "files only"),
        ({"adapter": "gopher"}, "no adapter gopher"),
        (
            {"adapter": "recruitee", "base_url": "", "settings": {"company": "evil.example/#"}},
            "single name",
        ),
        ({"adapter": "adzuna", "credentials": {"app_id": "x"}}, "lacks app_key"),
    ],
)
def test_a_source_that_cannot_be_asked_says_what_it_lacks(columns, words, httpserver):
    replay = Replay(httpserver, "greenhouse").open(1)
    begin(source_of(replay, **columns))
    work_off()
    run = Run.objects.get(kind="ingestion.collect")
    assert run.status == "failed"
    assert words in run.error
    assert not replay.asked


def test_a_search_set_is_made_of_queries_and_locations(httpserver):
    replay = Replay(httpserver, "jsearch").open(4)
    source = source_of(replay)
    queries, places = ["engineer", "analyst"], ["Oslo", "Bergen", "Narvik"]
    assert set_searches(source, queries, places, pages=1) == 6
    assert set_searches(source, queries, places, pages=1) == 0
    fetch = collect(source)
    assert Fetch.objects.filter(source=source, status="complete").count() == 6
    assert {r.args["query"] for r in replay.asked} == {
        f"{query} in {place}" for query in queries for place in places
    }
    assert fetch.search is not None
    with pytest.raises(SourceMisconfigured):
        search_of(source_of(Replay(httpserver, "lever")), "engineer", "")


def test_an_unknown_source_is_refused_with_the_nearest_names():
    make_source("North Wind Jobs")
    with pytest.raises(Rejected, match="North Wind Jobs"):
        source_to_collect("North Wind Job")
    made = source_to_collect("greenhouse:nordwerft")
    assert (made.adapter, made.settings) == ("greenhouse", {"board": "nordwerft"})
    assert source_to_collect("greenhouse:nordwerft") == made
    assert Source.objects.filter(adapter="greenhouse").count() == 1
