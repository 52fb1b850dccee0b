"""JSearch's postings asked for one by one, through the same ledger of calls."""

from datetime import UTC, datetime

import pytest
from werkzeug import Response

from ingestion.actions.sources import search_of
from ingestion.models import Fetch, Job, Quota, RawCollection
from ingestion.reports.collecting import estimate
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from tests.ingestion.replaying import Replay, source_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_pipeline")]
QUOTA_WORDS = "You have exceeded the MONTHLY quota for Requests on your current plan, BASIC."


def begun(httpserver, count, **columns):
    replay = Replay(httpserver, "jsearch").open(count)
    source = source_of(replay, settings={"details": True}, **columns)
    return replay, source, search_of(source, "engineer", "")


def collect(source, search, strategy="scheduled"):
    args = {"source_id": str(source.pk), "strategy": strategy, "pages": None}
    with transaction():
        start("ingestion.collect", args | {"search_id": str(search.pk)}, actor=None)
    drain()
    return Fetch.objects.filter(source=source).order_by("-started_at").first()


def asked_details(replay):
    return [r.args["job_id"] for r in replay.asked if r.path.endswith("/job-details")]


def test_what_is_new_is_asked_for_by_itself_and_each_call_is_counted(httpserver):
    replay, source, search = begun(httpserver, 12)
    fetch = collect(source, search)
    assert (fetch.status, fetch.got, fetch.fresh, fetch.calls) == ("complete", 12, 12, 14)
    assert Quota.objects.get(source=source).calls == 14
    assert sorted(asked_details(replay)) == sorted(f"{number}==" for number in range(1, 13))
    assert {r.headers["x-api-key"] for r in replay.asked} == {"ak_right"}
    assert Job.objects.filter(description_text__contains="The pension is paid").count() == 12
    kinds = RawCollection.objects.values_list("status", flat=True)
    assert sorted(set(kinds)) == ["list", "processed"]

    replay.open(1)
    again = collect(source, search)
    assert (again.fresh, len(asked_details(replay))) == (1, 13)
    everything = collect(source, search, "backfill")
    assert (everything.fresh, len(asked_details(replay))) == (13, 26)
    assert Job.objects.count() == 13


def test_a_posting_that_is_known_no_more_is_left_out(httpserver):
    replay, source, search = begun(httpserver, 3)
    replay.faults.extend([None, Response('{"status": "OK", "data": []}')])
    fetch = collect(source, search)
    assert (fetch.status, fetch.fresh) == ("complete", 2)
    assert Job.objects.count() == 2


@pytest.mark.row(14)
def test_a_quota_that_ends_among_details_parks_the_source_and_the_rest_comes_later(httpserver):
    replay, source, search = begun(httpserver, 5)
    replay.faults.extend([None, None, None, Response(f'{{"message": "{QUOTA_WORDS}"}}', 429)])
    fetch = collect(source, search)
    assert (fetch.status, fetch.reason_code, fetch.got) == ("partial", "quota_spent", 2)
    source.refresh_from_db()
    assert source.parked_until is not None
    Quota.objects.update(spent_until=None)
    assert collect(source, search, "on_demand").fresh == 3
    assert Job.objects.count() == 5


def test_an_error_instead_of_a_posting_ends_the_walk_with_its_words(httpserver):
    replay, source, search = begun(httpserver, 3)
    bad = Response('{"status": "ERROR", "error": {"message": "job_id is wrong", "code": 400}}')
    replay.faults.extend([None, bad])
    fetch = collect(source, search)
    assert (fetch.status, fetch.reason_code) == ("failed", "source_refused")
    assert "job_id is wrong" in fetch.reason


def test_an_estimate_counts_the_details(httpserver):
    _, source, search = begun(httpserver, 3)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert estimate(source, [search], pages=2, now=now).calls == 22
