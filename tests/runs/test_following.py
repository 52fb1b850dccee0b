"""Which streams a page follows, and from which numbers."""

import json
from uuid import uuid4

import pytest

from jobly.runs.actions import start, transaction
from jobly.runs.models import Stream
from jobly.runs.reports.watching import follow, lately_told
from jobly.runs.rules.following import MOST, main_streams
from jobly.runs.rules.streams import company_stream, user_stream
from jobly.users.models import principal_for
from jobly.users.rules import Principal
from tests.admin.world import signed_in
from tests.make import make_company, make_member, make_user


def principal(*, companies=(), is_staff=False):
    return Principal(uuid4(), is_staff, frozenset(companies), frozenset(), None)


def test_what_is_shown_most_comes_first_and_ones_own_is_among_them():
    mine = uuid4()
    who = principal(companies=[mine])
    told_on = ["company:b", "company:a", "company:b"]
    found = main_streams(told_on, who)
    assert found[:2] == ["company:b", "company:a"]
    assert company_stream(mine) in found
    assert user_stream(who.user_id) in found


def test_no_page_follows_more_than_a_few():
    many = principal(companies=[uuid4() for _ in range(20)])
    assert len(main_streams([], many)) == MOST
    assert len(main_streams([f"company:{n}" for n in range(20)], many)) == MOST


def test_operators_follow_what_is_shown_and_the_staffs_own():
    assert main_streams(["company:a"], principal(is_staff=True)) == ["company:a", "staff"]


@pytest.mark.django_db
def test_each_stream_comes_with_its_number_and_the_name_of_its_company():
    company = make_company(name="Lion works")
    with transaction():
        start("runs.retention", {}, actor=None, company=company)
    told = json.loads(follow([company_stream(company.pk), "staff", "company:not-a-number"]))
    last = Stream.objects.get(pk=company_stream(company.pk)).last_seq
    assert told == [
        {"stream": company_stream(company.pk), "seq": last, "company": "Lion works"},
        {"stream": "staff", "seq": 0, "company": "system"},
        {"stream": "company:not-a-number", "seq": 0, "company": "system"},
    ]


@pytest.mark.django_db
def test_the_dashboard_follows_each_company_of_a_person_though_nothing_goes_on():
    mine, also = make_company(), make_company()
    person = make_member(mine)
    person.memberships.create(company=also, role="viewer")
    page = signed_in(person).get("/admin/")
    followed = {one["stream"] for one in json.loads(page.context["streams"])}
    assert {company_stream(mine.pk), company_stream(also.pk)} <= followed
    assert "data-roots" in page.content.decode()


@pytest.mark.django_db
def test_an_operators_dashboard_follows_who_worked_last():
    company = make_company()
    with transaction():
        start("runs.retention", {}, actor=None, company=company)
    operator = make_user(is_staff=True)
    page = signed_in(operator).get("/admin/")
    assert company_stream(company.pk) in page.context["streams"]
    assert lately_told(principal_for(make_member(company))) == []
