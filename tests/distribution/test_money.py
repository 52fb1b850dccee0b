"""What publishing costs: taken before anything is sent, given back, never twice, never too much."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from distribution.actions import approving, changes, holding, money, stays
from distribution.errors import BudgetSpent, NoCredits
from distribution.models import Approval, Budget, Channel, Charge, Distribution
from distribution.reports import costs as reports
from distribution.rules import costs
from jobly.runs.actions import transaction
from jobly.runs.models import Event
from jobly.users.models import principal_for
from tests.admin.world import signed_in
from tests.make import make_company, make_member

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)
PRICE = 29_900


def make_budget(company, cap, **overrides):
    return Budget.objects.create(
        **{"company": company, "cap_minor": cap, "currency": "EUR"} | overrides
    )


def priced(slug="glassdoor", company=None, **overrides):
    figures = {"cost_model": "flat", "price_minor": PRICE, "currency": "EUR"}
    return make_channel(company, slug=slug, **figures | overrides)


def reserved(row, **options):
    with transaction():
        money.reserve(fresh(row), **options)


def charged(**narrowed):
    rows = Charge.objects.filter(**narrowed).order_by("id")
    return list(rows.values_list("kind", "amount_minor", "credits"))


def test_a_publication_is_paid_for_once_however_often_it_is_repeated(boards):
    row = make_distribution(channel=priced(credits_left=3))
    boards.plan({"kind": "503", "share": 1.0})

    until_rest()

    assert fresh(row).status == "published"
    assert fresh(row).attempts.creates().count() == 3
    assert charged() == [("flat", PRICE, 1)]
    assert fresh(row).channel.credits_left == 2
    reserved(row)
    assert Charge.objects.count() == 1


def test_what_a_board_refused_is_given_back_and_paid_anew_when_it_is_sent_again(boards):
    channel = priced(credits_left=1, options={"salary_required": False})
    row = make_distribution(make_posting(channel.company, title="W" * 101), channel)
    Channel.objects.filter(pk=channel.pk).update(options={"title_max": 500})

    until_rest()

    assert fresh(row).status == "rejected"
    assert charged() == [("flat", PRICE, 1), ("refund", -PRICE, -1)]
    assert fresh(row).channel.credits_left == 1

    row.job.title = "Welder"
    row.job.save(update_fields=["title"])
    changes.retry_distribution(fresh(row), actor=None)
    until_rest()

    assert fresh(row).status == "published"
    assert charged()[2:] == [("flat", PRICE, 1)]
    assert fresh(row).channel.credits_left == 0


@pytest.mark.parametrize(
    ("figures", "cap", "code", "said"),
    [
        ({"credits_left": 0}, None, "no_credits", "0 credits left"),
        ({}, PRICE - 1, "budget_spent", "298.99 EUR left and this needs 299.00 EUR"),
        ({"cost_model": "per_click", "price_minor": 50}, 49, "budget_spent", "0.49 EUR left"),
    ],
)
def test_what_cannot_be_paid_is_refused_before_anything_is_sent(figures, cap, code, said, boards):
    channel = priced(**figures)
    if cap is not None:
        make_budget(channel.company, cap)
    row = make_distribution(channel=channel)

    until_rest()

    stopped = fresh(row)
    assert (stopped.status, stopped.error_code) == ("failed", code)
    assert said in stopped.error
    assert "Nothing was sent" in stopped.error
    assert stopped.attempts.count() == 0
    assert boards.ledger("glassdoor") == []
    assert charged() == []


def test_a_channel_that_costs_nothing_asks_for_no_budget(boards, django_assert_num_queries):
    channel = make_channel(slug="glassdoor")
    make_budget(channel.company, 0)
    row = fresh(make_distribution(channel=channel))

    with django_assert_num_queries(0):
        money.reserve(row)

    until_rest()
    assert fresh(row).status == "published"


def race(rows):
    """Reserve for all rows at once; return how many were let through."""
    start = threading.Barrier(8)

    def one(part):
        start.wait(10)
        through = 0
        try:
            for row in part:
                try:
                    reserved(row)
                    through += 1
                except (BudgetSpent, NoCredits):
                    pass
        finally:
            connection.close()
        return through

    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(one, [rows[n::8] for n in range(8)]))


@pytest.mark.parametrize(("cap", "credits_left", "wanted"), [(7, None, 7), (None, 5, 5), (9, 6, 6)])
def test_eight_that_race_never_spend_more_than_there_is(cap, credits_left, wanted):
    channel = priced(credits_left=credits_left)
    other = priced("internal", channel.company)
    if cap is not None:
        make_budget(channel.company, PRICE * cap)
        make_budget(channel.company, PRICE * cap, channel=channel)
    rows = [make_distribution(channel=channel) for _ in range(14)]
    rows += [make_distribution(channel=other) for _ in range(2)] if cap is None else []

    got = race(rows)

    mine = Charge.objects.filter(channel=channel)
    assert mine.count() == wanted
    assert got == Charge.objects.count()
    assert sum(charge.amount_minor for charge in mine) <= PRICE * (cap or 99)
    left = Channel.objects.get(pk=channel.pk).credits_left
    assert left == (None if credits_left is None else credits_left - wanted)


def test_the_same_publication_reserved_by_eight_at_once_is_charged_once():
    row = make_distribution(channel=priced(credits_left=9))

    def reserve_it(_):
        try:
            with transaction():
                locked = Distribution.objects.select_for_update(no_key=True).get(pk=row.pk)
                money.reserve(locked)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(reserve_it, range(8)))

    assert charged() == [("flat", PRICE, 1)]
    assert fresh(row).channel.credits_left == 8


def test_clicks_are_charged_by_the_difference_and_over_the_cap_too():
    channel = priced("indeed", cost_model="per_click", price_minor=40)
    make_budget(channel.company, 1_000)
    row = make_distribution(channel=channel)
    for clicks in (10, 10, 7, 30):
        changes.update_metrics(row, clicks=clicks)

    assert charged() == [("click", 400, 0), ("click", 800, 0)]
    assert Charge.objects.get(amount_minor=800).units == 20
    levels = Event.objects.filter(fact="distribution.budget_reached").values_list("data__level")
    assert [level for (level,) in levels] == ["spent"]


def test_applications_are_charged_where_the_board_charges_for_them():
    row = make_distribution(channel=priced("indeed", cost_model="per_apply", price_minor=500))
    changes.update_metrics(row, clicks=99, applications=3)
    assert charged() == [("apply", 1_500, 0)]


def test_a_budget_warns_once_and_tells_once_that_it_is_spent():
    channel = priced()
    budget = make_budget(channel.company, PRICE * 4, warn_at=50)
    for _ in range(4):
        reserved(make_distribution(channel=channel))

    told = Event.objects.filter(fact="distribution.budget_reached").order_by("seq")
    assert [event.data["level"] for event in told] == ["warn", "spent"]
    with pytest.raises(BudgetSpent, match=r"0\.00 EUR left"):
        reserved(make_distribution(channel=channel))
    (standing,) = reports.standings(principal_for(make_member(channel.company)), reached=True)
    assert (standing.percent, standing.left, standing.level) == (100, "0.00 EUR", costs.SPENT)
    assert reports.standings(principal_for(make_member(make_company()))) == []

    budget.cap_minor *= 2
    budget.save()
    reserved(make_distribution(channel=channel))


def test_a_month_counts_its_own_charges_only():
    channel = priced()
    make_budget(channel.company, PRICE)
    reserved(make_distribution(channel=channel))
    Charge.objects.update(at=timezone.now() - timedelta(days=32))

    reserved(make_distribution(channel=channel))
    with pytest.raises(BudgetSpent):
        reserved(make_distribution(channel=channel))


def test_a_recruiters_budget_counts_what_that_recruiter_publishes():
    channel = priced()
    ann, bob = make_member(channel.company), make_member(channel.company)
    make_budget(channel.company, PRICE, user=ann)
    reserved(make_distribution(channel=channel), actor_id=ann.pk)

    with pytest.raises(BudgetSpent):
        reserved(make_distribution(channel=channel), actor_id=ann.pk)
    reserved(make_distribution(channel=channel), actor_id=bob.pk)
    reserved(make_distribution(channel=channel))


def test_an_estimate_says_what_it_would_cost_and_what_is_missing():
    company = make_company()
    flat, free = priced(company=company, credits_left=1), make_channel(company, slug="internal")
    click = priced("indeed", company, cost_model="per_click", price_minor=40)
    make_budget(company, PRICE, channel=flat)
    jobs = [make_posting(company) for _ in range(3)]
    make_distribution(jobs[0], flat)

    found = {one.channel.slug: one for one in reports.estimate(jobs, [flat, free, click])}

    assert (found["glassdoor"].postings, found["glassdoor"].amount) == (2, "598.00 EUR")
    assert found["glassdoor"].short == "1 credits left of the 2 needed"
    assert (found["internal"].amount_minor, found["internal"].short) == (0, "")
    assert found["indeed"].later == "0.40 EUR for each click"
    Channel.objects.filter(pk=flat.pk).update(credits_left=None)
    flat.refresh_from_db()
    assert "299.00 EUR left of the budget" in reports.estimate(jobs, [flat])[0].short


def test_the_page_that_publishes_knows_what_is_left_to_whoever_looks():
    channel = priced()
    person = make_member(channel.company)
    make_budget(channel.company, 100, user=person)
    page = f"/admin/distribution/distribution/publish/?job={make_posting(channel.company).pk}"
    assert "1.00 EUR left of the budget" in signed_in(person).get(page).content.decode()
    other = signed_in(make_member(channel.company))
    assert "left of the budget" not in other.get(page).content.decode()


def test_an_estimate_counts_what_the_boards_before_take_of_the_same_budget():
    company = make_company()
    both = [priced(slug, company) for slug in ("glassdoor", "indeed")]
    make_budget(company, PRICE)

    one, two = reports.estimate([make_posting(company)], both)

    assert one.short == ""
    assert two.short.startswith("0.00 EUR left of the budget")


def test_what_is_given_back_next_month_makes_room_in_its_own_month_only():
    channel = priced()
    make_budget(channel.company, PRICE)
    row = make_distribution(channel=channel)
    reserved(row)
    Charge.objects.update(at=timezone.now() - timedelta(days=32))
    with transaction():
        money.release(fresh(row))

    reserved(make_distribution(channel=channel))
    with pytest.raises(BudgetSpent):
        reserved(make_distribution(channel=channel))


def test_who_asked_pays_whoever_says_yes(boards):
    channel = priced("internal")
    ann, boss = make_member(channel.company), make_member(channel.company, "owner")
    make_budget(channel.company, PRICE, user=ann)
    holding.set_needed(channel.company, None, needed=True, actor=None)
    for _ in range(2):
        changes.create_distribution(make_posting(channel.company), channel, actor=ann)
    for approval in Approval.objects.order_by("id"):
        approving.decide(approval, approve=True, why="", actor=boss)
    until_rest()

    assert [charge.actor for charge in Charge.objects.all()] == [ann]
    assert sorted(Distribution.objects.values_list("status", flat=True)) == ["failed", "published"]


def test_what_the_clock_lists_anew_is_paid_by_who_published_it(boards):
    channel = priced("internal")
    ann = make_member(channel.company)
    make_budget(channel.company, PRICE, user=ann)
    row = changes.create_distribution(make_posting(channel.company), channel, actor=ann)
    until_rest()

    stays.relist(fresh(row), actor=None)
    until_rest()

    again = Distribution.objects.get(relisted_from=row)
    assert (again.status, again.error_code) == ("failed", "budget_spent")


def test_two_that_pay_for_the_same_people_in_another_order_do_not_lock_each_other_out():
    company = make_company()
    boards = [priced(slug, company) for slug in ("glassdoor", "indeed")]
    people = [make_member(company) for _ in range(2)]
    for person in people:
        make_budget(company, PRICE * 9, user=person)
    rows = [[make_distribution(channel=board) for _ in people] for board in boards]
    begun = threading.Barrier(2)

    def pay(mine, order):
        try:
            with transaction():
                for place, (row, person) in enumerate(zip(mine, order, strict=True)):
                    money.reserve(fresh(row), actor_id=person.pk)
                    if not place:
                        with suppress(threading.BrokenBarrierError):
                            begun.wait(0.5)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(pay, rows[0], people), pool.submit(pay, rows[1], people[::-1])]:
            done.result()

    assert Charge.objects.count() == 4


@pytest.mark.parametrize(
    ("spent", "cap", "wanted"), [(0, 10, 0), (7, 10, 0), (8, 10, 1), (10, 10, 2), (0, 0, 2)]
)
def test_levels_of_a_budget(spent, cap, wanted):
    assert costs.level(spent, cap, 80) == wanted


def test_amounts_are_written_in_the_currencys_own_unit():
    assert costs.in_words(123_450, "EUR") == "1,234.50 EUR"
    assert costs.in_words(1_500, "JPY") == "1,500 JPY"
    assert costs.in_words(1_234, "KWD") == "1.234 KWD"
