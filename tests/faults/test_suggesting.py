"""Kill -9 around a call to a model: no job is looked at twice, no cost is forgotten."""

from types import SimpleNamespace

import pytest
from pytest_httpserver import HTTPServer

from tests.faults.test_crashes import MODELS
from tests.models_server import ModelServer, claim

pytestmark = [pytest.mark.faults, pytest.mark.row(1), pytest.mark.row(23)]
JOBS, CAP = 3, 200_000
WAIT = 180  # seconds: a lease that outlasts a call, and a rest after the death
DEATHS = [(point, nth) for point in sorted(MODELS) for nth in (1, 2)]


@pytest.mark.story
@pytest.mark.parametrize(("point", "nth"), DEATHS)
def test_each_job_is_looked_at_once_and_every_call_is_paid_for(point, nth, world):
    died, named = world.var / "died", SimpleNamespace()
    with HTTPServer() as http:
        model = ModelServer(http, named)
        model.suggests(seniority=claim("senior", "welder"))
        there = {name: getattr(named, name) for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL")}
        world.start_worker(JOBLY_CRASH=f"{point}:{nth}", JOBLY_CRASH_ONCE=str(died), **there)
        ids = world.act("jobs", count=JOBS)
        allow = (
            "UPDATE users_company SET outside_model = true, monthly_tokens = %s"
            " WHERE id = (SELECT company_id FROM ingestion_job LIMIT 1) RETURNING id"
        )
        company = world.value(allow, CAP)
        args = {"company_id": str(company), "job_ids": ids}
        world.act("repeat", kind="ingestion.enrich", args=args, times=1)
        world.until(
            lambda: world.count("runs_run", "kind = 'ingestion.enrich' AND status = 'succeeded'"),
            "the jobs are looked at",
            WAIT,
        )
    assert died.exists(), f"nobody reached {point} {nth} times"
    assert world.count("ingestion_enrichment") == JOBS
    assert world.value("SELECT count(DISTINCT job_id) FROM ingestion_enrichment") == JOBS
    asked_again = point == "ingestion.after_model"
    assert len(model.calls) == JOBS + asked_again
    (spend,) = world.query("SELECT * FROM users_modelspend WHERE purpose = 'suggestions'")
    used = spend["tokens_in"] + spend["tokens_out"]
    # what the death hid is counted at its most, and stays
    assert (spend["calls"], used) == (JOBS, JOBS * 790)
    assert 790 < spend["reserved"] < 10_000
    assert used + spend["reserved"] <= CAP
