"""Collecting from every source over real HTTP, from a server that plays it in our own words."""

import pytest

from ingestion.clients import SOURCES
from ingestion.models import Fetch, Job, RawCollection
from ingestion.rules.sources import PROFILES
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from tests.ingestion.replaying import PLAYS, Replay, source_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_pipeline")]
#: adapter → openings, so that paged ones have a second or third page
MANY = {"arbeitnow": 12, "himalayas": 22, "jsearch": 12, "smartrecruiters": 12, "workday": 22}


def collect(source, strategy="scheduled", pages=None, search=None):
    with transaction():
        args = {"source_id": str(source.pk), "strategy": strategy, "pages": pages}
        start(
            "ingestion.collect",
            {**args, "search_id": str(search.pk) if search else None},
            actor=None,
        )
    drain()
    return Fetch.objects.filter(source=source).order_by("-started_at").first()


def test_every_adapter_is_played_and_known():
    by_page = {"pages", "linkedin_guest"}  # the polite collector has tests of its own
    assert set(SOURCES) - by_page == set(PLAYS) == set(PROFILES) - by_page


@pytest.mark.parametrize("adapter", sorted(PLAYS))
def test_a_source_is_read_to_its_end_and_then_only_for_what_is_new(adapter, httpserver):
    count = MANY.get(adapter, 3)
    listed = 1 if adapter == "hackernews" else count  # there it is stories that are listed
    replay = Replay(httpserver, adapter).open(count)
    source = source_of(replay, name=adapter)
    if PROFILES[adapter].searches:
        source.searches.create(query="engineer", location="Bergen")

    first = collect(source)
    assert (first.status, first.reason) == ("complete", "")
    assert (first.got, first.fresh) == (listed, listed)
    assert Job.objects.count() == count
    check_job(Job.objects.get(title="Pipe Engineer 2"), adapter)
    assert not RawCollection.objects.filter(status="quarantined").exists()

    calls, held = len(replay.asked), with_postings()
    again = collect(source, "incremental")
    assert (again.status, again.fresh) == ("complete", 0)
    assert again.got == listed or again.reason_code == "known"
    assert len(replay.asked) - calls <= first.pages  # no details, no further pages
    assert with_postings() == held

    replay.open(1)
    third = collect(source, "incremental")
    assert (third.status, third.fresh) == ("complete", 1)
    assert Job.objects.count() == count + 1
    assert with_postings() == held + 1
    show(adapter, first, again, third)


def check_job(job, adapter):
    assert job.employer.name in ("Nordwerft", adapter)
    assert len(job.description_text) > 200
    assert job.url or job.apply_url
    assert job.posted_at.date().isoformat() == "2026-11-01"


def with_postings():
    return RawCollection.objects.exclude(status="list").count()


def show(adapter, *fetches):
    """With -s: what a person wants to see of each source."""
    books = [f"{f.pages:>3} {f.calls:>4} {f.got:>4} {f.fresh:>4}  " for f in fetches]
    print(f"{adapter:16}", *books)  # noqa: T201 # shown with -s only
