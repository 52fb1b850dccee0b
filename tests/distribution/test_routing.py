"""Rules that put new jobs on channels: what they want, once, because of which, and a dry run."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from distribution.actions import changes, routing
from distribution.models import Distribution, RoutingRule
from distribution.reports.routing import try_rule
from distribution.rules.routing import Conditions, Routable, misses, read_conditions
from ingestion.actions.editing import Desk, Edit, edit_posting, newest_version, write_posting
from ingestion.models import Job
from ingestion.rules.writing import Written
from jobly.runs.actions import start, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from tests.distribution.make import make_channel, make_posting
from tests.make import make_company, make_key, make_member

BERLIN = (52.52, 13.405)
JOB = Routable(
    title="Senior Data Engineer (m/w/d)",
    city="Berlin",
    country="DE",
    lat=52.53,
    lon=13.40,
    department="it",
    employment_type="FULL_TIME",
    seniority="senior",
    skills=("Python", "C++"),
    workplace="hybrid",
    pay_stated=True,
)


@pytest.mark.parametrize(
    ("told", "missed"),
    [
        ({}, ""),
        ({"countries": ["de", "AT"]}, ""),
        ({"countries": ["AT"]}, "countries"),
        ({"cities": ["berlin"]}, ""),
        ({"lat": BERLIN[0], "lon": BERLIN[1], "km": 10}, ""),
        ({"lat": 48.14, "lon": 11.58, "km": 100}, "km"),
        ({"departments": ["it", "sales"]}, ""),
        ({"departments": ["hr"]}, "departments"),
        ({"employment_types": ["PART_TIME"]}, "employment_types"),
        ({"seniorities": ["senior"]}, ""),
        ({"skills": ["rust", "python"]}, ""),
        ({"skills": ["rust"]}, "skills"),
        ({"workplaces": ["remote"]}, "workplaces"),
        ({"title_words": ["engineer"]}, ""),
        ({"title_words": ["data engineer", "welder"]}, ""),
        ({"title_words": ["engine"]}, "title_words"),
        ({"not_title_words": ["senior"]}, "not_title_words"),
        ({"not_title_words": ["junior"]}, ""),
        ({"pay_stated": True}, ""),
        ({"pay_stated": False}, "pay_stated"),
        ({"countries": ["DE"], "departments": ["it"], "title_words": ["welder"]}, "title_words"),
    ],
)
def test_a_rule_wants_what_meets_all_its_conditions(told, missed):
    wanted, wrong = read_conditions(told)
    assert wrong == {}
    assert misses(wanted, JOB) == missed
    assert read_conditions(wanted.to_dict())[0] == wanted


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"colour": ["red"]}, "colour"),
        ({"countries": "DE"}, "countries"),
        ({"countries": [1]}, "countries"),
        ({"skills": ["x"] * 51}, "skills"),
        ({"km": 10}, "km"),
        ({"km": -1, "lat": 1, "lon": 1}, "km"),
        ({"lat": 91}, "lat"),
        ({"workplaces": ["moon"]}, "workplaces"),
        ({"pay_stated": "yes"}, "pay_stated"),
    ],
)
def test_conditions_that_mean_nothing_are_named(told, field):
    assert field in read_conditions(told)[1]


def test_a_job_without_a_place_is_in_no_radius():
    wanted = Conditions(lat=1.0, lon=1.0, km=5000.0)
    assert misses(wanted, Routable(title="Welder")) == "km"


@pytest.fixture
def acme(db):
    return make_company("acme")


@pytest.fixture
def board(acme):
    return make_channel(acme, "internal")


def make_rule(company, *channels, name="All", **given):
    given = {"name": name, "channels": list(channels), **given}
    return routing.write_rule(company, given, actor=None)


def route(*jobs):
    with transaction():
        run = start("distribution.route", {"job_ids": [job.pk for job in jobs]}, actor=None)
    drain()
    run.refresh_from_db()
    assert run.status == "succeeded", run.error
    return run.result


def written(acme, title="Welder"):
    text = Written(title=title, location="Oslo, Norway", description="Joins pipes by TIG. " * 20)
    return write_posting(acme, text, Desk(), actor=None)


def test_a_new_job_goes_where_a_rule_wants_it_and_says_why(acme, board):
    make_rule(acme, board, name="Welders", conditions={"title_words": ["welder"]})
    job = written(acme)
    written(acme, "Cook")
    drain()
    (row,) = Distribution.objects.all()
    assert (row.job_id, row.channel, row.status) == (job.pk, board, "published")
    assert row.because == "Because of the rule “Welders”"


def test_told_twice_or_closed_by_hand_it_goes_out_once(acme, board):
    make_rule(acme, board)
    job = make_posting(acme)
    assert route(job) == {"routed": 1, "refused": 0}
    assert route(job, job) == {"routed": 0, "refused": 0}
    changes.close_distribution(Distribution.objects.get(), actor=None)
    drain()
    assert route(job) == {"routed": 0, "refused": 0}
    assert Distribution.objects.count() == 1


def test_of_two_rules_the_more_urgent_one_is_named(acme, board):
    make_rule(acme, board, name="Late", priority=200)
    make_rule(acme, board, make_channel(acme, "linkedin"), name="Early", priority=1)
    route(make_posting(acme))
    said = Distribution.objects.values_list("channel__slug", "because").order_by("channel__slug")
    early = "Because of the rule “Early”"
    assert list(said) == [("internal", early), ("linkedin", early)]


def test_what_a_board_would_refuse_is_left_out_until_it_is_mended(acme):
    board = make_channel(acme, "glassdoor", options={"title_max": 10})
    make_rule(acme, board)
    job = make_posting(acme, title="A welder of pipes and tanks")
    assert route(job) == {"routed": 0, "refused": 1}
    edit = Edit(Written(title="Welder"), Desk(), ("title",), newest_version(job))
    edit_posting(job, edit, actor=None)
    drain()
    assert Distribution.objects.get().because


@pytest.mark.parametrize("what", ["foreign", "draft", "off", "no channel"])
def test_what_is_no_rules_business_is_left_alone(acme, board, what):
    rule = make_rule(acme, board)
    job = make_posting(make_company("other") if what == "foreign" else acme)
    if what == "draft":
        type(job).objects.filter(pk=job.pk).update(status="draft")
    elif what == "off":
        routing.write_rule(acme, {"enabled": False}, actor=None, rule=rule)
    elif what == "no channel":
        type(board).objects.filter(pk=board.pk).update(enabled=False)
    assert route(job)["routed"] == 0


def test_a_batch_is_spread_when_the_rule_says_so(acme, board):
    hour = timedelta(hours=1)
    make_rule(acme, board, delay=hour, stagger=hour / 2)
    before = clock()
    route(*[make_posting(acme) for _ in range(3)])
    rows = Distribution.objects.order_by("job_id")
    assert {row.status for row in rows} == {"scheduled"}
    waits = [row.scheduled_publish_at - before for row in rows]
    assert [round(wait / hour * 2) for wait in waits] == [2, 3, 4]


def test_a_batch_that_takes_two_steps_is_spread_as_one(acme, board):
    hour = timedelta(hours=1)
    make_rule(acme, board, delay=hour, stagger=hour)
    some = make_posting(acme)
    copies = [
        Job(**{f.attname: getattr(some, f.attname) for f in Job._meta.concrete_fields[1:]})
        for _ in range(routing.BATCH)
    ]
    for number, job in enumerate(copies):
        job.reference = job.url_key = f"copy-{number}"
    route(some, *Job.objects.bulk_create(copies))

    moments = Distribution.objects.values_list("scheduled_publish_at", flat=True)
    told = {round(moment.timestamp() / 3600, 1) for moment in moments}
    assert len(told) == routing.BATCH + 1


def test_a_dry_run_says_what_it_would_do_and_does_nothing(acme, board):
    make_posting(acme, title="Cook")
    done = make_posting(acme, title="Welder")
    changes.create_distribution(done, board, actor=None)
    make_posting(acme, title="Welder of ships")
    make_posting(acme, title="Welder " + "W" * 600)
    rule = make_rule(acme, board, conditions={"title_words": ["welder"]})
    runs = Run.objects.count()
    trial = try_rule(rule, now=clock())
    assert (trial.jobs, trial.met, trial.pairs, trial.there) == (4, 3, 1, 1)
    assert [job.title for job in trial.names] == ["Welder of ships"]
    assert "longer than" in trial.refused[0].refused
    assert Run.objects.count() == runs


@pytest.fixture
def api(acme):
    _, text = make_key(make_member(acme), scopes=("distributions:read", "distributions:write"))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


URL = "/api/v1/routing-rules/"


def test_rules_are_made_changed_tried_and_forgotten_by_rest(api, acme, board):
    sent = {
        "name": "Engineers in Berlin",
        "conditions": {"departments": ["it"], "countries": ["DE"]},
        "channels": ["internal"],
    }
    said = api.post(URL, sent, format="json")
    assert said.status_code == 201, said.json()
    mine = f"{URL}{said.json()['id']}/"
    assert api.get(mine).json()["channels"] == ["internal"]
    changed = api.patch(mine, {"enabled": False, "stagger": "00:10:00"}, format="json").json()
    assert (changed["enabled"], changed["stagger"]) == (False, "00:10:00")
    assert changed["conditions"] == {"countries": ["DE"], "departments": ["it"]}
    make_posting(acme, department="it", country="DE")
    assert api.get(f"{mine}try/").json()["pairs"] == 1
    assert api.post(URL, sent, format="json").json()["code"] == "rule_exists"
    assert api.delete(mine).status_code == 204
    assert api.get(URL).json()["count"] == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"channels": ["nowhere"]}, "channels"),
        ({"conditions": {"colour": ["red"]}}, "conditions.colour"),
        ({"delay": "-00:10:00"}, "delay"),
    ],
)
def test_a_bad_rule_is_refused_by_field(api, board, changes, field):
    sent = {"name": "A rule", "channels": ["internal"], **changes}
    said = api.post(URL, sent, format="json")
    assert said.status_code == 400
    assert field in said.json()["fields"]
    assert not RoutingRule.objects.exists()


def test_a_foreign_rule_does_not_exist(api, acme, board):
    other = make_company("other")
    rule = make_rule(other, make_channel(other, "internal"))
    mine = f"{URL}{rule.pk}/"
    answers = [api.get(mine), api.patch(mine, {}), api.delete(mine), api.get(f"{mine}try/")]
    assert [answer.status_code for answer in answers] == [404] * 4


def recruiter(acme):
    client = Client()
    client.force_login(make_member(acme), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_recruiter_writes_a_rule_and_sees_what_it_would_do(acme, board):
    client = recruiter(acme)
    make_posting(acme, title="Welder")
    url = reverse("admin:distribution_routingrule_add")
    sent = {
        "company": str(acme.pk),
        "name": "Welders near Oslo",
        "enabled": "on",
        "priority": "5",
        "title_words": "welder, fitter",
        "channels": [str(board.pk)],
    }
    wrong = client.post(url, {**sent, "place": "Nowhere at all", "km": "10"})
    assert "not on our map" in wrong.content.decode()
    assert not RoutingRule.objects.exists()
    assert client.post(url, sent).status_code == 302
    rule = RoutingRule.objects.get()
    assert rule.wanted.title_words == ("welder", "fitter")
    assert list(rule.channels.all()) == [board]
    page = client.get(reverse("admin:distribution_routingrule_change", args=[rule.pk]))
    assert "it would have routed 1 publication of 1 of 1 open job" in page.content.decode()
    near = {**sent, "place": "Oslo, Norway", "km": "30", "stagger_minutes": "10"}
    said = client.post(reverse("admin:distribution_routingrule_change", args=[rule.pk]), near)
    assert said.status_code == 302
    rule.refresh_from_db()
    assert (rule.wanted.km, round(rule.wanted.lat or 0.0)) == (30.0, 60)
    assert rule.stagger == timedelta(minutes=10)


def test_the_list_of_rules_takes_as_many_queries_for_twenty(
    acme, board, django_assert_max_num_queries
):
    client, url = recruiter(acme), reverse("admin:distribution_routingrule_changelist")
    for number in range(20):
        make_rule(acme, board, name=f"Rule {number}")
    client.get(url)
    with django_assert_max_num_queries(16):
        assert client.get(url).content.decode().count("Rule 1") >= 10
