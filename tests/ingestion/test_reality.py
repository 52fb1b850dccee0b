"""Facts about postings: our own first sight, reposts, copies, and when they were surely there."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from rest_framework.test import APIClient

from ingestion.models import Cluster, Job, Liveness
from ingestion.reports.reality import reality
from tests.make import make_job, make_source

pytestmark = pytest.mark.django_db

SAME = {"content_key": "a" * 64}


def seen(job, *, days):
    Job.objects.filter(pk=job.pk).update(first_seen_at=now() - timedelta(days=days))
    job.refresh_from_db()
    return job


def facts(job):
    return reality(Job.objects.select_related("liveness").get(pk=job.pk))


def test_a_posting_that_comes_under_a_new_number_is_no_younger():
    board = make_source()
    old = seen(make_job(source=board, status="closed", **SAME), days=90)
    older = seen(make_job(source=board, status="closed", **SAME), days=120)
    new = seen(make_job(source=board, **SAME), days=1)
    make_job(source=board)

    found = facts(new)
    assert (found.reposts, found.copies, found.first_seen_at) == (2, 0, older.first_seen_at)
    assert found.age(now()).days == 120
    assert facts(old).reposts == 1


def test_copies_are_those_of_other_sources_in_its_cluster():
    job, copy = make_job(), seen(make_job(), days=3)
    cluster = Cluster.objects.create(canonical=job)
    Job.objects.filter(pk__in=[job.pk, copy.pk]).update(cluster=cluster)

    found = facts(job)
    assert (found.reposts, found.copies) == (0, 1)
    assert found.first_seen_at == copy.first_seen_at


def test_it_was_surely_there_when_it_was_listed_or_when_we_looked_last():
    job = make_job()
    assert facts(job).how == "listed"
    at = now() + timedelta(hours=1)
    Liveness.objects.create(
        job=job, verdict="alive", rung="jsonld", checked_at=at, verified_at=at, next_at=at
    )
    found = facts(job)
    assert (found.how, found.verified_at) == ("checked", at)


def test_page_and_api_tell_them(client, django_assert_max_num_queries):
    board = make_source()
    seen(make_job(source=board, status="closed", **SAME), days=40)
    job = seen(make_job(source=board, **SAME), days=1)
    at = now() + timedelta(hours=1)
    Liveness.objects.create(
        job=job, verdict="alive", rung="http", checked_at=at, verified_at=at, next_at=at
    )

    text = client.get(job.path).content.decode()
    assert "Posted before" in text
    assert "1 time" in text
    assert "Last checked" in text

    with django_assert_max_num_queries(4):
        told = APIClient().get(f"/api/v1/jobs/{job.pk}/").json()["reality"]
    assert (told["reposts"], told["copies"], told["how"]) == (1, 0, "checked")
    assert "reality" not in APIClient().get("/api/v1/jobs/").json()["results"][0]
