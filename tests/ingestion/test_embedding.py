"""Vectors of jobs: made when jobs are loaded, by either model, kept current, compared exactly."""

import numpy as np
import pytest
from django.core.management import call_command
from django.db.models.functions import Now

from ingestion.models import Job, JobEmbedding
from ingestion.reports.embeddings import outdated
from ingestion.rules import minilm
from ingestion.rules.embedding import DIMENSIONS, MODEL
from jobly import ai, limits
from jobly.environment import LOCAL_MODEL
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from jobly.users.models import ModelSpend
from tests.ingestion.test_pipeline import TWO, imported
from tests.make import make_company, make_job
from tests.models_server import ModelServer, as_json, vectors

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(httpserver, settings):
    settings.EMBEDDING_MODEL = "small-vectors"
    return ModelServer(httpserver, settings)


def made(kind="ingestion.embed_missing", **args):
    """Do the work of one run; return what it says of itself."""
    with transaction():
        run = start(kind, args, actor=None)
    drain()
    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED, run.error
    return run.result


def test_loaded_jobs_get_vectors_of_unit_length_without_any_network():
    imported(TWO)

    rows = list(JobEmbedding.objects.order_by("pk"))
    assert [row.model for row in rows] == [MODEL, MODEL]
    assert {row.dimensions for row in rows} == {DIMENSIONS}
    for row in rows:
        assert np.linalg.norm(row.vector) == pytest.approx(1.0, abs=1e-5)
    assert not outdated().exists()


def test_the_same_jobs_again_are_not_made_again_and_a_changed_one_is():
    imported(TWO)
    ids = list(Job.objects.values_list("pk", flat=True))
    assert made("ingestion.embed_jobs", job_ids=ids)["unchanged"] == 2

    before = JobEmbedding.objects.get(job__title="Baker").vector
    Job.objects.filter(title="Baker").update(title="Surgeon", updated_at=Now())
    assert made() == {"embedded": 1, "unchanged": 0, "failed": 0, "tokens": 0, "why": ""}
    assert not np.allclose(before, JobEmbedding.objects.get(job__title="Surgeon").vector)


def test_jobs_that_are_alike_are_shown_beside_one_the_nearest_first():
    job = make_job("Senior Python Developer", skills=["Python", "Django"], last_seen_at=Now())
    same = make_job("Python Developer (Senior)", skills=["Python", "Django"])
    near = make_job("Python Engineer", skills=["Python", "Flask"])
    make_job("Night Nurse", description_text="Our developer is a Python. " + "Care at night. " * 9)
    colleague = make_job("Night Nurse", employer=job.employer)
    assert {row.pk for row in Job.objects.all().like(job)} > {same.pk, colleague.pk}
    made()

    assert Job.objects.all().like(job) == [same, near, colleague]
    assert Job.objects.filter(pk=near.pk).like(job) == [near]


def test_jobs_of_another_model_are_compared_by_their_words_until_they_are_made_anew(settings):
    job, same = make_job("Python Developer"), make_job("Python Developer", skills=["Python"])
    make_job("Nurse")
    made("ingestion.embed_jobs", job_ids=[job.pk])
    settings.EMBEDDING_MODEL = LOCAL_MODEL
    made("ingestion.embed_jobs", job_ids=[same.pk])

    assert set(JobEmbedding.objects.values_list("dimensions", flat=True)) == {256, 384}
    assert Job.objects.all().like(job) == [same]


def test_the_local_model_makes_the_vectors_of_all_jobs_where_it_is_chosen(server, settings):
    public, own = make_job("Physician"), make_job("Medical doctor", company=make_company())
    allowed = make_job("Bricklayer", company=make_company(outside_model=True))
    settings.EMBEDDING_MODEL = LOCAL_MODEL

    assert made() == {"embedded": 3, "unchanged": 0, "failed": 0, "tokens": 0, "why": ""}
    assert not server.calls
    rows = JobEmbedding.objects.in_bulk([public.pk, own.pk, allowed.pk])
    assert {(row.model, row.dimensions) for row in rows.values()} == {(minilm.MODEL, 384)}
    first, second, third = (np.array(rows[job.pk].vector) for job in (public, own, allowed))
    assert first @ second > first @ third
    assert not outdated().exists()

    settings.EMBEDDING_MODEL = ""
    assert outdated().count() == 3


def test_a_model_server_embeds_what_may_leave_and_our_rules_the_rest(server):
    public, own = make_job(), make_job(company=make_company())
    allowed = make_job(company=make_company(outside_model=True))

    assert made()["embedded"] == 3
    models = dict(JobEmbedding.objects.values_list("job", "model"))
    assert models == {public.pk: "small-vectors", own.pk: MODEL, allowed.pk: "small-vectors"}
    assert JobEmbedding.objects.get(job=public).dimensions == 8
    assert sum(len(call["input"]) for call in server.calls) == 2
    assert ModelSpend.objects.get(company=allowed.company).tokens_in == 5
    assert ModelSpend.objects.get(company=None).reserved == 0


@pytest.mark.parametrize(
    "reply",
    [
        as_json({"error": {"message": "overloaded"}}, 500),
        as_json({"error": {"message": "slower"}}, 429, **{"Retry-After": "3"}),
        as_json({"error": {"message": "who are you"}}, 401),
        vectors([]),
        vectors([[0.1, 0.2], [0.1]]),
        vectors([[0.0, 0.0], [0.0, 0.0]]),
        vectors([[1.0], ["x"]]),
        vectors([[1e400, 1.0], [1.0, 1.0]]),
        vectors([[1.0, 1.0]] * 2, data=[{"index": 7, "embedding": [1.0]}] * 2),
        as_json(["no object"]),
    ],
    ids=["500", "429", "401", "none", "lengths", "zeros", "text", "infinite", "foreign", "list"],
)
def test_a_failing_model_server_leaves_jobs_for_later_and_is_counted(server, reply):
    server.reply = reply
    make_job(), make_job()
    result = made()
    assert (result["embedded"], result["failed"]) == (0, 2)
    assert result["why"]
    assert not JobEmbedding.objects.exists()

    server.reply = None
    limits.reset(ai.configured_server().breaker)
    assert made()["embedded"] == 2


def test_another_model_makes_all_vectors_anew_by_command(server, settings):
    make_job(), make_job()
    made()
    assert set(JobEmbedding.objects.values_list("dimensions", flat=True)) == {8}

    settings.EMBEDDING_MODEL = ""
    assert outdated().count() == 2
    call_command("embed", verbosity=0)
    assert set(JobEmbedding.objects.values_list("model", flat=True)) == {MODEL}


def test_a_job_that_is_gone_is_no_failure():
    job = make_job()
    assert made("ingestion.embed_jobs", job_ids=[job.pk, job.pk + 1])["embedded"] == 1
