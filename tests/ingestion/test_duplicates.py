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
    chance = random.Random(seed)  # noqa: S311 # no secret
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
    load("second", row(2, f"Apply by phone. {text}", location="Oslo"))
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


def two_boards(seed=4, **fields):
    text = words(seed)
    load("first", row(1, f"Come and see us. {text}"))
    load("second", row(2, f"Apply by phone. {text}", location="Oslo", **fields))
    return jobs()


def run(action):
    return foreground("ingestion.judge_again", {}, actor=None, body=action).result


def test_a_verdict_splits_at_once_and_outlives_text_and_rule():
    one, other = two_boards()
    person = make_user()
    say(pair(), Answer.DIFFERENT, actor=person)
    assert not Cluster.objects.exists()
    assert not Job.objects.filter(is_copy=True).exists()

    load("second", row(2, f"Apply by letter. {words(4)}", location="Oslo"))
    compare(one.pk, other.pk)
    change_rule(Rule(jaccard=0.2), source=None, actor=person)
    drain()
    row_ = pair()
    assert (row_.said, row_.said_by, row_.answer) == ("different", person, "same")
    assert not Cluster.objects.exists()


def test_a_verdict_merges_at_once_and_can_be_taken_back():
    text = words(5)
    load("first", row(1, text))
    load("second", row(2, text, title="Senior Pump Engineer"))
    assert pair().answer == "unsure"
    say(pair(), Answer.SAME, actor=make_user())
    one, other = jobs()
    assert one.cluster_id == other.cluster_id is not None
    assert other.is_copy

    take_back(pair(), actor=None)
    assert not Cluster.objects.exists()
    assert list(LikenessVerdict.objects.values_list("said", "before")) == [
        ("", "same"),
        ("same", ""),
    ]
    with pytest.raises(PairMoved):
        take_back(pair(), actor=None)


def test_two_that_a_person_set_apart_stay_apart_though_a_third_is_like_both():
    text = words(6)
    for number in (1, 2, 3):
        load(f"board {number}", row(number, text))
    first, second, _ = jobs()
    assert len({job.cluster_id for job in jobs()}) == 1
    say(Likeness.objects.get(job_a=first, job_b=second), Answer.DIFFERENT, actor=None)
    clusters = [job.cluster_id for job in jobs()]
    assert clusters[0] != clusters[1]
    assert Cluster.objects.count() == 1
    assert Job.objects.filter(is_copy=True).count() == 1


def test_the_employers_own_link_is_shown_before_a_boards():
    text = words(7)
    load("board", row(1, text, url="https://www.jobs-board.example/1"))
    load("site", row(2, text, url="https://careers.harbourworks.example/pump"))
    one, other = jobs()
    assert [one.is_copy, other.is_copy] == [True, False]


def test_when_the_job_shown_closes_another_of_its_cluster_is_shown():
    one, other = two_boards(8)
    close_job(one, actor=None)
    drain()
    assert [job.is_copy for job in jobs()] == [True, False]
    assert Cluster.objects.get().canonical == other


def test_a_companys_own_job_is_never_hidden_nor_merged_with_another_of_its_own():
    company, text = make_company(), words(9)
    load("board", row(1, text))
    own = [make_own(company, text, number) for number in (1, 2)]
    compare(*[job.pk for job in own])
    found = jobs()
    assert [job.is_copy for job in found] == [False, False, False]
    assert not Likeness.objects.filter(job_a__in=own, job_b__in=own).exists()

    show_on_board(own[0].pk, visible=True)
    public = Job.objects.get(company=None)
    assert public.is_copy
    assert Cluster.objects.get().canonical == own[0]
    show_on_board(own[0].pk, visible=False)
    public.refresh_from_db()
    assert not public.is_copy


def make_own(company, text, number):
    seen = Job.objects.get(company=None)
    return Job.objects.create(
        company=company, source=seen.source, employer=seen.employer, title=seen.title,
        location_text=seen.location_text, city=seen.city, country=seen.country, lat=seen.lat,
        lon=seen.lon, description_text=text, skills=seen.skills, reference=f"R{number}",
        content_key=f"own{number}", content_hash=f"own{number}",
    )  # fmt: skip


def test_jobs_first_seen_more_than_a_week_apart_are_not_merged_by_words():
    text = words(10)
    load("first", row(1, text))
    Job.objects.update(first_seen_at="2020-01-01T00:00:00Z")
    load("second", row(2, f"Apply by phone. {text}", location="Oslo"))
    assert not Cluster.objects.exists()


def test_each_source_may_be_judged_by_cosine():
    text = words(11)
    load("first", row(1, text))
    load("second", row(2, text, location="Bergen, Norway"))
    first, second = jobs()
    assert not Cluster.objects.exists()
    for job in (first, second):
        LikenessRule.objects.create(source=job.source, name="cosine")
    compare(first.pk, second.pk)
    assert (pair().rule, pair().answer) == ("cosine", "same")
    LikenessRule.objects.create(source=second.source, name="likeness")
    compare(first.pk, second.pk)
    assert pair().answer == "unsure"  # one source's rule says so, the other's does not
    assert not Cluster.objects.exists()


def test_what_if_tells_what_applying_then_does():
    two_boards(12)
    strict = Rule(jaccard=0.999, containment=1.0)
    planned = what_if(strict)
    assert (planned.merged, planned.split, planned.asked) == (0, 1, 1)
    assert [row.pk for row in planned.split_pairs] == [pair().pk]
    assert Cluster.objects.exists()
    change_rule(strict, source=None, actor=None)
    drain()
    assert standing_rule() == strict
    assert (pair().answer, Cluster.objects.count()) == ("unsure", 0)
    change_rule(Rule(), source=None, actor=None)
    drain()
    assert (pair().answer, Cluster.objects.count()) == ("same", 1)


def test_a_bar_out_of_range_changes_nothing():
    with pytest.raises(Rejected):
        change_rule(Rule(jaccard=0.1), source=None, actor=None)
    assert not LikenessRule.objects.exists()


def test_verdicts_are_the_test_of_the_rule():
    two_boards(13)
    assert quality(Rule()).judged == 0
    say(pair(), Answer.SAME, actor=None)
    assert quality(Rule()).score.precision.value == 1
    assert quality(Rule(jaccard=1.0, containment=1.0)).score.recall.value == 0
    say(pair(), Answer.DIFFERENT, actor=None)
    found = quality(Rule())
    assert (found.score.wrong_same, found.score.precision.value) == (1, 0)
    assert [row.pk for row in found.wrong] == [pair().pk]


def posting(text, **fields):
    values = {
        "external_id": "", "title": "Pump Engineer", "employer": "Harbour Works",
        "employer_flagged": False, "employer_url": "", "location_text": "Oslo, Norway",
        "city": "Oslo", "region": "", "country": "NO", "lat": None, "lon": None, "remote": "",
        "employment_type": "", "seniority": "", "salary": None, "description_html": "",
        "description_text": text, "skills": (), "apply_url": "", "url": "", "posted_at": None,
        "expires_at": None, "language": "en",
    }  # fmt: skip
    return Posting(**values | fields)


def test_postings_not_loaded_yet_are_shown_beside_what_they_resemble():
    text = words(14)
    load("first", row(1, text))
    (job,) = jobs()
    other = make_own(make_company(), text, 1)
    compare(other.pk)
    rows = [posting(words(15)), posting(text + " Soon.")]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = look_alikes(rows, make_company())
    assert {number: [(a.job, a.answer) for a in alike] for number, alike in found.items()} == {
        1: [(job, "same")]
    }
    with CaptureQueriesContext(connection) as more:
        look_alikes([posting(text + f" Number {n}.") for n in range(40)], make_company())
    assert len(more) == len(queries) <= 7
    assert [a.job for a in look_alikes([rows[1]], other.company)[0]] == [job, other]


def test_a_batch_costs_the_same_number_of_queries_however_many_jobs():
    def cost(count, first):
        load(f"board {first}", *[row(n, words(n)) for n in range(first, first + count)])
        ids = list(Job.objects.order_by("-pk").values_list("pk", flat=True)[:count])
        LikenessSign.objects.filter(pk__in=ids).delete()
        LikenessKey.objects.filter(job_id__in=ids).delete()
        with CaptureQueriesContext(connection) as queries:
            compare(*ids)
        return len(queries)

    assert cost(20, 100) <= cost(2, 50) + 2


def test_old_public_jobs_lose_their_keys_and_open_own_ones_keep_them():
    load("board", row(1, words(16)))
    own = make_own(make_company(), words(17), 1)
    compare(own.pk)
    Job.objects.update(first_seen_at="2020-01-01T00:00:00Z")
    assert run(tidy_likeness)["jobs"] == 1
    assert set(LikenessKey.objects.values_list("job_id", flat=True)) == {own.pk}
    assert run(tidy_likeness)["jobs"] == 0


def test_judging_again_without_a_change_changes_nothing():
    two_boards(18)
    before = list(Likeness.objects.values())
    assert run(judge_again) == {"pairs": 1, "changed": 0, "jobs": 0}
    assert list(Likeness.objects.values()) == before


def test_lists_show_one_row_with_all_its_sources(client):
    one, other = two_boards(19)
    body = client.get("/api/v1/jobs/").json()
    assert [item["id"] for item in body["results"]] == [one.pk]
    assert [s["name"] for s in body["results"][0]["sources"]] == ["first", "second"]
    assert [i["id"] for i in client.get("/api/v1/jobs/?source=second").json()["results"]] == [
        one.pk
    ]
    detail = client.get(f"/api/v1/jobs/{one.pk}/?include=lineage").json()
    (found,) = detail["duplicates"]
    assert (found["job"], found["answer"], found["decided_by"]) == (other.pk, "same", "rule")
    assert found["evidence"]["jaccard"] > 0.9
    page = client.get("/").content.decode()
    assert page.count("job__title") == 1
    assert "second" in page
    shown = client.get(other.path).content.decode()
    assert f'<link rel="canonical" href="http://testserver{one.path}"' in shown
    assert "Told more than once" in shown
