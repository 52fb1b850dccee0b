"""What becomes of a run over a whole search set when some or all of its walks fail."""

import pytest
from werkzeug import Response

from ingestion.actions.sources import search_of, set_searches
from ingestion.management.commands.collect import Command
from ingestion.models import Fetch, Source
from jobly.errors import Rejected
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.ingestion.replaying import Replay, source_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_pipeline")]
QUERIES = ["analyst", "engineer", "welder"]


def collect(source, search=None):
    args = {"source_id": str(source.pk), "strategy": "on_demand", "pages": None}
    args["search_id"] = str(search.pk) if search else None
    with transaction():
        run = start("ingestion.collect", args, actor=None)
    drain()
    run.refresh_from_db()
    return run


def searched(httpserver, faults=(), **columns):
    replay = Replay(httpserver, "jsearch").open(4)
    replay.faults.extend(faults)
    source = source_of(replay, **columns)
    set_searches(source, QUERIES, ["Oslo"], pages=1)
    return source


def no(_request=None):
    return Response('{"message": "You are not subscribed to this API."}', 403)


@pytest.mark.row(16)
def test_a_set_whose_walks_all_failed_is_a_failed_run_that_says_why(httpserver):
    run = collect(searched(httpserver, [no()] * 9))
    assert Fetch.objects.filter(status="failed").count() == 3
    assert (run.status, run.error_code) == ("failed", "forbidden")
    assert run.error.startswith("All 3 of ingestion.fetch failed, the last because: ")
    assert (run.result["parts"], run.result["failed_parts"]) == (3, 3)
    (told,) = Event.objects.filter(run=run, type="job.failed")
    assert told.data["status"] == "failed"


def test_a_set_of_which_some_failed_says_how_many(httpserver):
    run = collect(searched(httpserver, [no()]))
    assert sorted(Fetch.objects.values_list("status", flat=True)) == [
        "complete",
        "complete",
        "failed",
    ]
    assert (run.status, run.error_code) == ("succeeded", "")
    assert run.step == "1 of 3 of ingestion.fetch failed"
    assert (run.result["parts"], run.result["failed_parts"]) == (3, 1)


def test_a_whole_set_has_nothing_to_say(httpserver):
    run = collect(searched(httpserver))
    assert (run.status, run.step) == ("succeeded", "")
    assert (run.result["parts"], run.result["failed_parts"]) == (3, 0)


def test_a_set_that_fails_in_the_foreground_fails_there_too(httpserver):
    source = searched(httpserver, [no()] * 9)
    with pytest.raises(Rejected):
        Command().run(source=source.name, **dict.fromkeys(["query", "location", "country"], ""),
                      pages=None, strategy="on_demand", estimate=False)  # fmt: skip
    run = Run.objects.get(kind="ingestion.collect")
    assert (run.status, run.error_code, run.result["failed_parts"]) == ("failed", "forbidden", 3)


@pytest.mark.parametrize(("limit", "status"), [(0, "failed"), (1, "succeeded")])
def test_a_walk_stands_on_its_backup_only_when_it_got_nothing_itself(limit, status, httpserver):
    replay = Replay(httpserver, "jsearch").open(14)
    backup = source_of(replay, name="another board", settings={"num_pages": 9}, quota_limit=0)
    source = source_of(replay, quota_limit=limit, backup=backup)
    run = collect(source, search_of(source, "engineer", ""))
    assert Fetch.objects.get(source=backup).status == "failed"
    assert run.status == status
    assert Source.objects.get(pk=backup.pk).parked_until is not None
