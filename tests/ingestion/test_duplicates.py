"""One job told by several postings: found, kept with its evidence, merged, split, undone."""

import json
import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ingestion.actions.catalogue import close_job, show_on_board
from ingestion.actions.comparing import compare_jobs, judge_again, tidy_likeness
from ingestion.actions.verdicts import change_rule, say, take_back
from ingestion.errors import PairMoved
from ingestion.models import (
    Cluster,
    Job,
    Likeness,
    LikenessKey,
    LikenessRule,
    LikenessSign,
    LikenessVerdict,
)
from ingestion.reports.likeness import look_alikes
from ingestion.reports.pairs import quality, standing_rule, what_if
from ingestion.rules.likeness.judging import Answer, Rule
from ingestion.rules.normalise import Posting
from jobly.errors import Rejected
from jobly.runs.actions.execution import drain, foreground
from tests.ingestion.test_pipeline import collect
from tests.make import make_company, make_user

pytestmark = pytest.mark.django_db

NOUNS = "pumps ledgers turbines invoices gardens patients cables menus robots soils".split()
VERBS = "repairs checks plans teaches measures cleans sells designs carries tests".split()
ADVERBS = "daily carefully together outside early abroad alone soon twice gladly".split()


def words(seed, count=160):
    chance = random.Random(seed)
    made = [
        f"{chance.choice(VERBS)} {chance.choice(NOUNS)} {chance.choice(ADVERBS)}"
        f" {chance.randrange(900)}"
        for _ in range(count // 4)
    ]
    return ". ".join(made)


def row(number, text, **fields):
    return {
        "id": f"P{number}",
        "title": "Pump Engineer",
        "company": "Harbour Works",
        "location": "Oslo, Norway",
        "description": text,
        "url": f"https://board{number}.example/jobs/{number}",
    } | fields


def load(source, *rows):
    collection = collect(json.dumps(list(rows)), source)
    drain()
    return collection


def compare(*ids):
    return foreground(
        "ingestion.compare_jobs",
        {"job_ids": list(ids)},
        actor=None,
        body=lambda progress: compare_jobs(progress, list(ids)),
    )


def jobs():
    return list(Job.objects.order_by("pk"))


def pair():
    return Likeness.objects.get()


def test_the_same_text_at_two_boards_is_one_job_with_its_evidence():
    text = words(1)
    load("first", row(1, text))
    load("second", row(2, text + ". Apply by phone.", location="Oslo"))
    one, other = jobs()
    assert one.cluster_id == other.cluster_id is not None
    assert [one.is_copy, other.is_copy] == [False, True]
    found = pair()
    assert (found.job_a, found.job_b) == (one, other)
    assert (found.answer, found.place, found.rank, found.employer) == ("same",) * 4
    assert found.rule in {"exact", "fuzzy"}
    assert found.jaccard > 0.9
    assert found.cosine > 0.95


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"location": "Bergen, Norway"}, "another town"),
        ({"title": "Senior Pump Engineer"}, "a rank that the other leaves open"),
        ({"title": "Night Nurse"}, "another trade"),
        ({"location": "Lyon, France"}, "another country"),
    ],
)
def test_the_same_text_for_another_job_is_not_merged(fields, why):
    text = words(2)
    load("first", row(1, text))
    load("second", row(2, text, **fields))
    assert not Cluster.objects.exists(), why
    assert not Likeness.objects.filter(answer="same").exists()
    assert not Job.objects.filter(is_copy=True).exists()


def test_comparing_again_changes_nothing():
    text = words(3)
    load("first", row(1, text))
    load("second", row(2, text))
    state = (
        list(Likeness.objects.values()),
        list(Cluster.objects.values()),
        list(Job.objects.order_by("pk").values("cluster", "is_copy", "updated_at")),
        set(LikenessKey.objects.values_list("key", "job_id")),
    )
    compare(*[job.pk for job in jobs()])
    assert state == (
        list(Likeness.objects.values()),
        list(Cluster.objects.values()),
        list(Job.objects.order_by("pk").values("cluster", "is_copy", "updated_at")),
        set(LikenessKey.objects.values_list("key", "job_id")),
    )
