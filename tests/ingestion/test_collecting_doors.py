"""The doors of collecting: the command, the API, the clock."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client
from werkzeug import Response

from ingestion.actions.sources import set_clock
from ingestion.models import Fetch, Job
from jobly.errors import Rejected
from jobly.runs.actions.execution import drain
from jobly.runs.actions.schedules import fire
from jobly.runs.models import Run
from tests.ingestion.replaying import Replay, source_of
from tests.make import make_company, make_key, make_member, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_pipeline")]


def collect(capsys, *arguments):
    call_command("collect", *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def test_the_command_collects_until_all_is_searchable(httpserver, capsys):
    source_of(Replay(httpserver, "arbeitnow").open(12))
    found = collect(capsys, "--source", "arbeitnow board")
    assert (found["calls"], found["collections"], found["raw"], found["loaded"]) == (2, 2, 12, 12)
    assert Run.objects.get(pk=found["run"]).status == "succeeded"
    (walk,) = found["fetches"]
    assert (walk["status"], walk["got"], walk["fresh"]) == ("complete", 12, 12)
    again = collect(capsys, "--source", "arbeitnow board", "--strategy", "incremental")
    assert (again["calls"], again["collections"], again["raw"]) == (1, 0, 0)


def test_the_command_says_what_a_query_would_take_and_asks_nothing(httpserver, capsys):
    replay = Replay(httpserver, "jsearch").open(25)
    source_of(replay, call_price="0.01", quota_limit=50)
    words = ("--source", "jsearch board", "--query", "engineer", "--location", "Bergen")
    found = collect(capsys, *words, "--pages", "3", "--estimate")
    assert {k: found[k] for k in ("calls", "quota_left", "cost")} == {
        "calls": 3,
        "quota_left": 50,
        "cost": 0.03,
    }
    assert not replay.asked
    done = collect(capsys, *words, "--pages", "1")
    assert (done["calls"], done["raw"]) == (1, 10)
    assert replay.asked[0].args["query"] == "engineer in Bergen"
    assert collect(capsys, *words, "--estimate")["quota_left"] == 49


def test_a_source_that_forbids_everything_is_a_failed_command(httpserver, capsys):
    replay = Replay(httpserver, "greenhouse").open(1)
    replay.faults.append(Response("no", 403))
    source_of(replay)
    with pytest.raises(SystemExit) as ended:
        call_command("collect", "--source", "greenhouse board", "--json")
    assert ended.value.code == 1
    assert "forbids it (403)" in capsys.readouterr().err


def test_the_api_starts_a_walk_for_those_whose_source_it_is(httpserver):
    company, rival = make_company(), make_company()
    replay = Replay(httpserver, "greenhouse").open(2)
    source = source_of(replay, company=company)
    _, key = make_key(make_member(company), company=company)
    _, foreign = make_key(make_member(rival), company=rival)
    body = {"source": source.name}

    def post(text, body):
        headers = {"Authorization": f"Bearer {text}"}
        return Client().post("/api/v1/jobs/collect", body, "application/json", headers=headers)

    assert post(foreign, body).status_code == 400
    assert post(key, body | {"query": "welder"}).status_code == 400
    told = post(key, body | {"estimate": True})
    assert told.json() == {"calls": 100, "quota_left": None, "cost": 0.0}
    answer = post(key, body)
    assert answer.status_code == 202
    assert set(answer.json()) == {"job_id", "type", "status", "message", "run_url"}
    drain()
    assert Run.objects.get(pk=answer.json()["job_id"]).status == "succeeded"
    assert Job.objects.filter(company=company).count() == 2

    headers = {"Authorization": f"Bearer {key}"}
    status = Client().get("/api/v1/jobs/processing-status/", headers=headers).json()
    assert (status["collecting"]["complete"], status["processing"]["processed"]) == (1, 1)
    assert status["loading"] == {"loaded": 2, "updated": 0, "duplicates": 0, "waiting": 0}
    headers = {"Authorization": f"Bearer {foreign}"}
    none = Client().get("/api/v1/jobs/processing-status/", headers=headers).json()
    assert none["collecting"]["complete"] == 0


def test_the_api_collects_from_all_sources_and_counts_what_they_brought(httpserver):
    company, rival = make_company(), make_company()
    replay = Replay(httpserver, "greenhouse").open(2)
    theirs = source_of(replay, company=company)
    replay.faults.append(Response("no", 403))  # to whichever asks first
    source_of(replay, company=company, name="second board")
    source_of(replay, company=rival, name="arbeitnow board")
    source_of(replay, company=company, name="recruitee board", enabled=False)
    _, key = make_key(make_member(company), company=company)

    def post(body):
        headers = {"Authorization": f"Bearer {key}"}
        return Client().post("/api/v1/jobs/ingest", body, "application/json", headers=headers)

    for wrong in ({"sources": ["arbeitnow board"]}, {"sources": ["recruitee board"]}):
        answer = post(wrong)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["sources"])
    assert not Run.objects.exists()
    answer = post({})
    assert answer.status_code == 202
    assert set(answer.json()) == {"job_id", "type", "status", "message", "run_url"}
    drain_until_ended(answer.json()["job_id"])
    run = Run.objects.get(pk=answer.json()["job_id"])
    assert (run.status, run.company) == ("succeeded", company)
    assert run.result == {
        "jobs_new": 2, "jobs_updated": 0, "duplicates": 0, "failed_rows": 0,
        "sources": 2, "sources_failed": 1,
    }  # fmt: skip
    assert Run.objects.filter(kind="ingestion.collect").count() == 2
    again = post({"sources": [theirs.name]})
    drain_until_ended(again.json()["job_id"])
    run = Run.objects.get(pk=again.json()["job_id"])
    assert (run.result["jobs_new"], run.result["sources_failed"]) == (0, 0)


def drain_until_ended(run_id):
    """Work until a run has ended that looks again every two seconds."""
    for _ in range(20):
        drain()
        if Run.objects.get(pk=run_id).finished_at:
            return
        Run.objects.unfinished().update(available_at=Now())
    raise AssertionError("it goes on for ever")


def test_the_clock_collects_from_a_source_that_has_one(httpserver):
    source = source_of(Replay(httpserver, "greenhouse").open(2), strategy="incremental")
    with pytest.raises(Rejected):
        set_clock(source, "at dawn", actor=None)
    set_clock(source, "every 1 s", actor=make_user(is_staff=True))
    source.refresh_from_db()
    source.schedule.created_at -= timedelta(seconds=5)
    source.schedule.save(update_fields=["created_at"])
    assert len(fire(source.schedule.name)) == 1
    drain()
    assert Fetch.objects.get().strategy == "incremental"
    set_clock(source, "", actor=None)
    source.schedule.refresh_from_db()
    assert not source.schedule.enabled
