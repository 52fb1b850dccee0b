"""The list of runs: narrowed, changed all at once, and the page that starts work."""

import re
from datetime import timedelta
from typing import Literal

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobly.runs.actions import start, start_many, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.actions.kinds import run
from jobly.runs.admin.bulk import AT_ONCE
from jobly.runs.models import Queue, Run
from tests.make import make_company, make_member, make_user

from .world import signed_in

pytestmark = pytest.mark.django_db
LIST = "/admin/runs/run/"
LATER = timedelta(hours=2)


@run("proof.listed", retry="never")
def listed(*, n: int = 0, fails: bool = False) -> None:
    if fails:
        raise ValueError(n)


@run("proof.formed", retry="never")
def formed(  # noqa: PLR0913 - a field of each shape
    *,
    name: str,
    op: Literal["update", "renew"],
    ids: list[int],
    count: int = 3,
    share: float | None = None,
    wish: dict[str, str] | None = None,
    quick: bool = False,
) -> dict[str, object]:
    """Do something that takes every shape of input."""
    shapes = {"name": name, "op": op, "ids": ids, "count": count, "share": share, "wish": wish}
    return shapes | {"quick": quick}


@pytest.fixture
def operator():
    return make_user(is_staff=True)


@pytest.fixture
def staff(operator):
    return signed_in(operator)


@pytest.fixture
def company():
    return make_company()


def begin(count, company=None, after=LATER, **options):
    with transaction():
        rows = [{"n": n} for n in range(count)]
        return start_many("proof.listed", rows, actor=None, company=company, after=after, **options)


def failing(count, company=None):
    with transaction():
        rows = [{"n": n, "fails": True} for n in range(count)]
        runs = start_many("proof.listed", rows, actor=None, company=company)
    drain()
    return runs


def text_of(answer):
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def found(browser, query):
    answer = browser.get(LIST + query)
    assert answer.status_code == 200, query
    return {row.pk for row in answer.context["cl"].result_list}


# the list


def test_the_list_is_narrowed_by_each_filter_and_found_by_number_work_and_error(staff, company):
    (broken,) = failing(1, company)
    (later,) = begin(1)
    with transaction():
        other = start("runs.retention", {}, actor=None)
    Run.objects.filter(pk=other.pk).update(available_at=timezone.now() - LATER)
    Queue.objects.create(name=other.queue, paused_at=timezone.now())
    everything = {broken.pk, later.pk, other.pk}
    cases = {
        "": everything,
        "?status=failed": {broken.pk},
        "?status=unfinished": {later.pk, other.pk},
        "?kind=proof.listed": {broken.pk, later.pk},
        "?kind=-proof.listed": {other.pk},
        "?error_code=internal_error": {broken.pk},
        "?standing=late": {other.pk},
        "?standing=later": {later.pk},
        "?standing=paused": {later.pk, other.pk},
        "?standing=crashed": set(),
        "?standing=nonsense": set(),
        f"?company={company.pk}": {broken.pk},
        "?queue=etl": set(),
        "?since=1h": everything,
        "?since=2099-01-01": set(),
        "?since=nonsense": set(),
        f"?q={later.pk}": {later.pk},
        "?q=tidy+up": {other.pk},
        "?q=something+broke": {broken.pk},
        "?q=PROOF.LISTED&status=queued": {later.pk},
    }
    assert {query: found(staff, query) for query in cases} == cases


def test_nothing_but_the_filters_narrows_the_list(staff):
    begin(1)
    assert staff.get(f"{LIST}?created_at__gte=2020-01-01").status_code == 400
    assert staff.get(f"{LIST}?args__n=1").status_code == 400


def test_what_waits_says_why(staff):
    late, paused, _ = begin(3)
    Run.objects.filter(pk=late.pk).update(available_at=timezone.now() - LATER)
    words = text_of(staff.get(LIST))
    assert "late by 2 h" in words
    assert "begins in 1 h 59 min" in words or "begins in 2 h" in words
    Queue.objects.create(name=paused.queue, paused_at=timezone.now())
    assert text_of(staff.get(LIST)).count("its queue is paused") == 3


def test_the_list_follows_the_streams_of_its_rows_from_numbers_read_before_them(staff, company):
    failing(2, company)
    page = staff.get(LIST).content.decode()
    assert f"company:{company.pk}" in page
    assert "&quot;stream&quot;: &quot;staff&quot;" in page
    assert page.count("data-run=") == 6  # three cells each


def test_a_list_of_many_costs_what_a_list_of_one_costs(staff, company):
    counts = []
    for number in (1, 40):
        failing(number, company)
        staff.get(LIST)
        with CaptureQueriesContext(connection) as asked:
            staff.get(LIST)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 16, counts


# changing many


def act(browser, action, *, query="", ids=(), across=False, **more):
    body = {"action": action, "select_across": "1" if across else "0"}
    body[ACTION_CHECKBOX_NAME] = [str(pk) for pk in ids]
    return browser.post(LIST + query, body | more, follow=True)


def confirmed(browser, page, query=""):
    form = re.search(r'<form method="post" class="jb-actions">.*?</form>', page, re.DOTALL)
    pairs = re.findall(r'name="([^"]+)" value="([^"]*)"', form.group())
    body = {}
    for name, value in pairs:
        body.setdefault(name, []).append(value)
    return browser.post(LIST + query, body, follow=True)


def statuses(**narrowed):
    rows = Run.objects.filter(kind="proof.listed", **narrowed).values_list("status", flat=True)
    return {status: list(rows).count(status) for status in set(rows)}


def test_cancelling_all_that_match_is_asked_about_and_then_done_by_a_run(staff, operator):
    begin(AT_ONCE + 70)
    failing(3)
    one = begin(1)[0]
    query = "?kind=proof.listed"
    asked = act(staff, "cancel_selected", query=query, ids=[one.pk], across=True, index="0")
    words = text_of(asked)
    assert f"Cancel: {AT_ONCE + 71} of {AT_ONCE + 74} runs" in words
    assert "3 stay as they are: they have failed" in words
    assert "work proof.listed" in words or "kind proof.listed" in words
    assert statuses() == {"queued": AT_ONCE + 71, "failed": 3}, "asking changes nothing"
    begin(5)  # asked for after the question
    answer = confirmed(staff, asked.content.decode(), query)
    bulk = Run.objects.get(kind="runs.bulk")
    assert answer.redirect_chain[-1][0] == reverse("run", args=[bulk.pk])
    assert bulk.actor == operator
    assert statuses()["queued"] == AT_ONCE + 76, "nothing is done in the request"
    drain()
    bulk.refresh_from_db()
    assert bulk.result == {"changed": AT_ONCE + 71, "skipped": 0}
    assert statuses() == {"queued": 5, "failed": 3, "cancelled": AT_ONCE + 71}


def test_asking_about_ten_thousand_costs_as_many_queries_as_about_one(staff):
    counts = []
    for number in (1, 300):
        begin(number)
        with CaptureQueriesContext(connection) as asked:
            act(staff, "cancel_selected", ids=[Run.objects.first().pk], across=True)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 16, counts


def test_a_page_of_failed_runs_is_done_again_at_once(staff):
    broken, (fine,) = failing(4), begin(1)
    ids = [one.pk for one in (*broken, fine)]
    asked = act(staff, "again_selected", ids=ids)
    words = text_of(asked)
    assert "Do again: 4 of 5 runs" in words
    assert "1 stay as they are: they wait in their queue" in words
    assert "4 runs started again." in text_of(confirmed(staff, asked.content.decode()))
    assert Run.objects.exclude(replay_of=None).count() == 4
    again = text_of(act(staff, "again_selected", ids=ids))
    assert "there is nothing to do" in again
    assert "4 stay as they are: they have been repeated already" in again


def test_what_is_due_later_starts_now(staff):
    runs = begin(2)
    asked = act(staff, "now_selected", ids=[runs[0].pk])
    assert "Start now: 1 of 1 run" in text_of(asked)
    assert "1 run started now." in text_of(confirmed(staff, asked.content.decode()))
    assert Run.objects.later().count() == 1


def test_a_member_changes_only_what_is_theirs(company):
    begin(2, company)
    foreign = begin(2, make_company())
    viewer, recruiter = make_member(company, "viewer"), make_member(company)
    ids = [one.pk for one in foreign]
    assert "there is nothing to do" in text_of(
        act(signed_in(recruiter), "cancel_selected", ids=ids)
    )
    assert "Cancel: 2 of 2" in text_of(
        act(signed_in(recruiter), "cancel_selected", ids=ids, across=True)
    )
    act(signed_in(viewer), "cancel_selected", ids=ids, across=True, confirmed="1")
    assert statuses() == {"queued": 4}


def test_more_than_a_page_that_is_ticked_by_hand_is_refused(staff):
    runs = begin(AT_ONCE + 1)
    answer = act(staff, "cancel_selected", ids=[one.pk for one in runs], confirmed="1")
    assert f"Choose at most {AT_ONCE} runs" in text_of(answer)
    assert statuses() == {"queued": AT_ONCE + 1}


# starting work


def form_of(answer):
    return answer.context["form"]


def test_the_form_has_a_field_of_the_right_shape_for_each_parameter(staff):
    page = staff.get(f"{LIST}start/?kind=proof.formed")
    words = text_of(page)
    assert "Do something that takes every shape of input." in words
    assert "Queue default" in words
    shapes = {name: type(field).__name__ for name, field in form_of(page).fields.items()}
    assert shapes == {
        "arg-name": "CharField",
        "arg-op": "ChoiceField",
        "arg-ids": "ShapedField",
        "arg-count": "IntegerField",
        "arg-share": "FloatField",
        "arg-wish": "ShapedField",
        "arg-quick": "BooleanField",
        "company": "ModelChoiceField",
        "start_at": "DateTimeField",
        "priority": "IntegerField",
    }


def test_work_is_started_with_its_input_time_company_and_priority(staff, operator, company):
    operator.time_zone = "Asia/Kathmandu"
    operator.save()
    body = {
        "arg-name": "anna",
        "arg-op": "renew",
        "arg-ids": "[1, 2]",
        "arg-wish": '{"a": "b"}',
        "arg-quick": "on",
        "company": company.pk,
        "start_at": "2099-01-01T09:00",
        "priority": "7",
    }
    answer = staff.post(f"{LIST}start/?kind=proof.formed", body)
    one = Run.objects.get(kind="proof.formed")
    assert answer.url == reverse("run", args=[one.pk])
    wanted = {"name": "anna", "op": "renew", "ids": [1, 2], "wish": {"a": "b"}, "quick": True}
    assert one.args == wanted, "what is left empty keeps the default of the code"
    assert (one.priority, one.company, one.actor) == (7, company, operator)
    assert one.available_at.isoformat() == "2099-01-01T03:15:00+00:00"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"arg-name": ""}, "This field is required"),
        ({"arg-op": "explode"}, "Select a valid choice"),
        ({"arg-ids": "{}"}, "This takes the shape [1, 2]"),
        ({"arg-ids": "[1"}, "Enter a valid JSON"),
        ({"arg-count": "many"}, "Enter a whole number"),
        ({"start_at": "2001-01-01T09:00"}, "This moment has passed"),
        ({"priority": "1000"}, "less than or equal to 100"),
    ],
)
def test_input_that_does_not_fit_is_named_and_nothing_is_started(staff, changed, said):
    body = {"arg-name": "anna", "arg-op": "renew", "arg-ids": "[]", "priority": "0"} | changed
    assert said in text_of(staff.post(f"{LIST}start/?kind=proof.formed", body)).replace(
        "&quot;", '"'
    )
    assert not Run.objects.filter(kind="proof.formed").exists()


def test_a_failed_run_is_done_again_with_other_input(staff, operator):
    with transaction():
        broken = start("proof.listed", {"n": 5, "fails": True}, actor=None, key="order-5")
    drain()
    url = f"{LIST}start/?replay={broken.pk}"
    page = staff.get(url)
    assert form_of(page)["arg-n"].value() == 5
    assert "it takes over its key order-5" in text_of(page)
    staff.post(url, {"arg-n": "6"})
    again = Run.objects.get(replay_of=broken)
    assert (again.args, again.idempotency_key, again.actor) == (
        {"n": 6, "fails": False}, "order-5", operator,
    )  # fmt: skip
    drain()
    assert "A repetition of this run has succeeded" in text_of(staff.post(url, {"arg-n": "7"}))


def test_another_like_it_begins_filled_in(staff, company):
    (model,) = begin(1, company, priority=3)
    form = form_of(staff.get(f"{LIST}start/?like={model.pk}"))
    assert (form["arg-n"].value(), form["company"].value(), form["priority"].value()) == (
        0, company.pk, 3,
    )  # fmt: skip


def test_only_operators_start_work_by_kind(company):
    member = signed_in(make_member(company, "owner"))
    for answer in (
        member.get(f"{LIST}start/"),
        member.post(f"{LIST}start/?kind=runs.retention", {"priority": 0}),
    ):
        assert answer.status_code == 403
    assert not Run.objects.exists()
    assert "Start work" not in text_of(member.get(LIST))


@pytest.mark.parametrize("query", ["?like=x", "?replay=01a201e0-3ba4-703b-ad58-3fd4389bba56"])
def test_a_run_that_is_not_there_cannot_be_a_model(staff, query):
    assert staff.get(f"{LIST}start/{query}").status_code == 404


def test_a_kind_that_is_not_there_is_asked_for_again(staff):
    page = staff.get(f"{LIST}start/?kind=no.such")
    assert "Select a valid choice" in text_of(page)


def test_a_paused_queue_is_said_to_be(staff):
    Queue.objects.create(name="default", paused_at=timezone.now(), why="moving house")
    assert "The queue default is paused : moving house" in text_of(
        staff.get(f"{LIST}start/?kind=proof.listed")
    )
