"""The calendar, budgets and charges in the admin; what needs upkeep on lists and dashboard."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from distribution.admin import upkeep
from distribution.models import Budget, Charge, Distribution
from jobly.runs.models import Run
from tests.make import make_company, make_member, make_user

from .make import make_channel, make_distribution, make_posting
from .working import fresh

pytestmark = pytest.mark.django_db
CALENDAR = "/admin/distribution/distribution/calendar/"
LIST = "/admin/distribution/distribution/"
AT = datetime(2030, 3, 6, 9, tzinfo=UTC)  # a Wednesday


def entered(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def world():
    channel = make_channel(name="Board A")
    person = make_member(channel.company, time_zone="Europe/Oslo")
    return {"channel": channel, "person": person, "client": entered(person)}


def scheduled(channel, at=AT, title="Welder"):
    return make_distribution(make_posting(channel.company, title=title), channel, at=at)


def standing(channel, title, **columns):
    row = make_distribution(make_posting(channel.company, title=title), channel)
    Distribution.objects.filter(pk=row.pk).update(status="published", **columns)
    return row


def test_a_month_shows_what_goes_out_is_renewed_and_ends_on_its_day(world):
    scheduled(world["channel"], title="Goes Out")
    standing(world["channel"], "Went Out", published_at=AT)
    standing(world["channel"], "Ends Then", expires_at=AT + timedelta(days=1))
    renewing = make_channel(world["channel"].company, slug="indeed", at_end="renew")
    standing(renewing, "Kept Longer", expires_at=AT + timedelta(days=4))

    page = world["client"].get(f"{CALENDAR}?on=2030-03-06")

    days = {day.on.day: day for week in page.context["weeks"] for day in week if not day.is_beside}
    shown = {n: [(one.kind, one.title) for one in day.entries] for n, day in days.items()}
    assert shown[6] == [("scheduled", "Goes Out"), ("published", "Went Out")]
    assert shown[7] == [("expires", "Ends Then")]
    assert shown[8] == [("renews", "Kept Longer")]
    assert shown[10] == []
    assert page.context["total"] == 4
    assert "10:00" in page.content.decode()  # by the person's own clock


@pytest.mark.parametrize(
    ("view", "first", "count"), [("month", 25, 35), ("week", 4, 7), ("day", 6, 1), ("x", 25, 35)]
)
def test_each_view_spans_its_days(world, view, first, count):
    page = world["client"].get(f"{CALENDAR}?view={view}&on=2030-03-06")
    days = [day for week in page.context["weeks"] for day in week]
    assert (days[0].on.day, len(days)) == (first, count)


@pytest.mark.parametrize("asked", ["on=soon", "on=9999-12-31", "channel=x&company=7", "view=%00"])
def test_an_address_nobody_wrote_shows_today(world, asked):
    page = world["client"].get(f"{CALENDAR}?{asked}")
    assert page.status_code == 200
    assert any(day.is_today for week in page.context["weeks"] for day in week)


def test_an_empty_calendar_says_what_to_do(world):
    page = world["client"].get(f"{CALENDAR}?on=2030-03-06").content.decode()
    assert "Nothing goes out, is renewed or ends" in page
    assert "Choose jobs to publish" in page


@pytest.mark.parametrize("many", [1, 20])
def test_a_calendar_takes_the_same_queries_for_one_and_for_twenty(
    world, many, django_assert_max_num_queries
):
    for number in range(many):
        scheduled(world["channel"], AT + timedelta(hours=number))
        standing(world["channel"], f"Job {number}", expires_at=AT)
    with django_assert_max_num_queries(14) as counted:
        page = world["client"].get(f"{CALENDAR}?on=2030-03-06")
    assert page.context["total"] == many * 2
    assert len(counted) == QUERIES.setdefault("calendar", len(counted))


QUERIES: dict[str, int] = {}


def test_a_full_day_shows_the_first_and_leads_to_the_rest(world):
    for number in range(7):
        scheduled(world["channel"], title=f"Job {number}")
    page = world["client"].get(f"{CALENDAR}?on=2030-03-06").content.decode()
    assert "2 more" in page
    day = world["client"].get(f"{CALENDAR}?view=day&on=2030-03-06")
    assert sum(len(d.entries) for week in day.context["weeks"] for d in week) == 7


def post(client, rows, verb, at=""):
    chosen = [str(row.pk) for row in rows]
    url = f"{CALENDAR}?on=2030-03-06"
    return client.post(url, {"chosen": chosen, "verb": verb, "at": at}, follow=True)


def test_what_is_ticked_is_moved_or_taken_off(world):
    rows = [scheduled(world["channel"], title=f"Job {n}") for n in range(3)]

    moved = post(world["client"], rows[:2], "move", "2030-03-08T10:00").content.decode()
    off = post(world["client"], rows[2:], "off").content.decode()

    assert "2 moved." in moved
    assert "1 taken off the calendar; nothing was sent." in off
    wanted = AT + timedelta(days=2)
    assert [fresh(row).scheduled_publish_at for row in rows[:2]] == [wanted] * 2
    assert fresh(rows[2]).status == "closed"


@pytest.mark.parametrize(
    ("verb", "at", "said"),
    [
        ("move", "", "Say when instead"),
        ("move", "2020-01-01T09:00", "has passed"),
        ("move", "soon", "2026-11-30T09:00"),
    ],
)
def test_a_moment_that_is_none_changes_nothing_and_says_so(world, verb, at, said):
    row = scheduled(world["channel"])
    page = post(world["client"], [row], verb, at).content.decode()
    assert said in page
    assert "Nothing was changed." in page
    assert fresh(row).scheduled_publish_at == AT


def test_one_that_has_begun_is_told_and_stops_no_other(world):
    rows = [scheduled(world["channel"], title=f"Job {n}") for n in range(2)]
    Distribution.objects.filter(pk=rows[0].pk).update(status="pending")
    page = post(world["client"], rows, "move", "2030-03-08T10:00").content.decode()
    assert "1 moved." in page
    assert "Job 0 on Board A: it is pending" in page


def test_the_calendar_stays_in_the_company_and_viewers_only_look(world):
    row = scheduled(world["channel"], title="Secret Welder")
    stranger = entered(make_member(make_company()))
    viewer = entered(make_member(world["channel"].company, role="viewer"))

    assert "Secret Welder" not in stranger.get(f"{CALENDAR}?on=2030-03-06").content.decode()
    foreign = f"{CALENDAR}?on=2030-03-06&company={world['channel'].company_id}"
    assert "Secret Welder" not in stranger.get(foreign).content.decode()
    assert "Take off the calendar" not in viewer.get(f"{CALENDAR}?on=2030-03-06").content.decode()
    for client in (stranger, viewer):
        assert post(client, [row], "off").status_code == 403
    assert fresh(row).status == "scheduled"
    assert Client().get(CALENDAR).status_code == 302
    assert entered(make_user()).get(CALENDAR).status_code in {302, 403, 404}
    staff = entered(make_user(is_staff=True, is_superuser=True))
    assert "Secret Welder" in staff.get(f"{CALENDAR}?on=2030-03-06").content.decode()


def test_what_is_overdue_stands_on_top_and_leads_to_its_rows(world):
    late = standing(world["channel"], "Late Welder", expires_at=timezone.now() - timedelta(days=2))
    soon = standing(world["channel"], "Soon Welder", expires_at=timezone.now() + timedelta(days=1))

    page = world["client"].get(CALENDAR).content.decode()
    assert "1 publication overdue" in page
    assert "?upkeep=not_ended" in page

    def listed(word):
        found = world["client"].get(f"{LIST}?upkeep={word}").context["cl"].result_list
        return [row.pk for row in found]

    assert listed("not_ended") == listed("late") == [late.pk]
    assert listed("expiring") == [soon.pk]
    assert listed("left") == []
    home = world["client"].get("/admin/").content.decode()
    assert "past the end of their stay" in home
    assert "upkeep=expiring" in home


def test_many_are_listed_anew_from_the_list(world):
    rows = [standing(world["channel"], f"Job {n}") for n in range(2)]
    _in_one_run(world, "relist_selected", rows, "distribution.relist_all")


def test_a_few_are_taken_down_at_once_and_many_in_one_run(world, monkeypatch):
    rows = [standing(world["channel"], f"Job {n}") for n in range(3)]
    data = {"action": "close_selected", "_selected_action": [str(rows[0].pk)]}
    told = world["client"].post(LIST, data, follow=True).content.decode()
    assert "1 closed or on the way there." in told
    assert not Run.objects.filter(kind="distribution.close_all").exists()

    monkeypatch.setattr(upkeep, "A_FEW", 1)
    _in_one_run(world, "close_selected", rows[1:], "distribution.close_all")


def _in_one_run(world, action, rows, kind):
    keys = [str(row.pk) for row in rows]
    sent = world["client"].post(LIST, {"action": action, "_selected_action": keys})
    run = Run.objects.get(kind=kind)
    assert sent.url == reverse("run", args=[run.pk])
    assert sorted(run.args["distribution_ids"]) == sorted(keys)


def charge(channel, number, **columns):
    row = make_distribution(make_posting(channel.company), channel)
    fields = {"kind": "flat", "amount_minor": 29_900, "currency": "EUR", "key": f"k{number}"}
    return Charge.objects.create(
        company=channel.company, channel=channel, distribution=row, **fields | columns
    )


def test_a_budget_is_set_in_the_currencys_own_unit(world):
    company = world["channel"].company
    url = "/admin/distribution/budget/add/"
    owner = entered(make_member(company, role="owner"))
    assert world["client"].get(url).status_code == 403  # a recruiter's cap is not the recruiter's
    fields = {"company": company.pk, "period": "month", "currency": "eur", "warn_at": "80"}

    sent = owner.post(url, {**fields, "cap": "499.50"})
    assert sent.status_code == 302, sent.context["errors"]
    budget = Budget.objects.get()
    assert (budget.cap_minor, budget.currency) == (49_950, "EUR")
    page = owner.get(f"/admin/distribution/budget/{budget.pk}/change/").content.decode()
    assert "499.50" in page

    foreign = make_channel(slug="indeed")
    wrong = owner.post(url, {**fields, "cap": "-1", "channel": foreign.pk})
    assert {"cap", "channel"} <= set(wrong.context["adminform"].form.errors)
    yen = owner.post(url, {**fields, "cap": "499.50", "currency": "JPY"})
    assert "JPY has whole units only." in str(yen.context["adminform"].form.errors)


@pytest.mark.parametrize("many", [1, 20])
@pytest.mark.parametrize("noun", ["budget", "charge"])
def test_lists_of_money_stay_in_the_company_and_take_the_same_queries(
    world, noun, many, django_assert_max_num_queries
):
    channel = world["channel"]
    for number in range(many):
        charge(channel, number)
        Budget.objects.create(company=channel.company, cap_minor=number, currency=f"E{number:02}")
    other = make_channel(name="Secret Board", slug="indeed")
    charge(other, "x")
    Budget.objects.create(company=other.company, cap_minor=1, channel=other)
    with django_assert_max_num_queries(16) as counted:
        page = world["client"].get(f"/admin/distribution/{noun}/")
    assert page.context["cl"].result_count == many
    assert "Secret Board" not in page.content.decode()
    assert len(counted) == QUERIES.setdefault(noun, len(counted))


def test_the_dashboard_tells_of_a_budget_that_is_nearly_spent(world):
    budget = Budget.objects.create(company=world["channel"].company, cap_minor=30_000)
    charge(world["channel"], 1)
    home = world["client"].get("/admin/").content.decode()
    assert f"99 % of {budget} is spent" in home
