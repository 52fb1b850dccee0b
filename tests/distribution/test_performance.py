"""What channels and jobs brought, by hand-counted worlds."""

from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from distribution.models import Channel, Charge, ClickDay, Distribution, Reading, Rehearsal
from distribution.reports.durations import durations
from distribution.reports.performance import Scope, performance
from distribution.rules.performance import (
    LONGEST,
    MIN_RATE,
    CostRange,
    Period,
    cost_range,
    middle,
    period_of,
    rate,
)
from distribution.rules.trend import ceiling, trend
from tests.distribution.applying import make_applicant
from tests.distribution.make import make_channel, make_distribution, make_posting

DAY = timedelta(days=1)


def today():
    return timezone.now().date()


def late():
    return Period(today() - 29 * DAY, today())


def near(days):
    return pytest.approx(days, abs=0.01)


def at(days_ago):
    return timezone.now() - timedelta(days=days_ago)


def clicked(row, days_ago, people, unseen=0, machines=0):
    return ClickDay.objects.create(
        company=row.company, distribution=row, on=today() - timedelta(days=days_ago),
        people=people, unseen=unseen, machines=machines,
    )  # fmt: skip


def charge(row, minor, currency="EUR", days_ago=1, kind="flat"):
    return Charge.objects.create(
        company=row.company, channel=row.channel, distribution=row, kind=kind,
        amount_minor=minor, currency=currency, at=at(days_ago), key=str(uuid7()),
    )  # fmt: skip


def told(row, days_ago, **counters):
    return Reading.objects.create(distribution=row, source="board", at=at(days_ago), **counters)


def scope(company, by="channel", period=None, **narrowed):
    return Scope(period or late(), by, (company.pk,), **narrowed)


@pytest.fixture
def world(db):
    """Two jobs on LinkedIn, one of them on Glassdoor too, with thirty days of numbers."""
    first = make_channel()
    second = make_channel(first.company, slug="glassdoor")
    job, other = make_posting(first.company), make_posting(first.company)
    a, b = make_distribution(job, first), make_distribution(job, second)
    c = make_distribution(other, first)
    clicked(a, 3, 40, unseen=2, machines=9)
    clicked(a, 40, 1000)  # before the period
    clicked(b, 3, 5)
    clicked(c, 2, 8)
    told(a, 40, views=100, clicks=50)
    told(a, 2, views=700, clicks=110, applications=3)
    charge(a, 30_000)
    charge(a, -10_000, kind="refund")
    charge(a, 5_000, "USD")
    charge(a, 99_999, days_ago=40)
    make_applicant(job, a)
    make_applicant(job, a, steps=[("interview", at(2)), ("hired", at(1))], created_at=at(5))
    make_applicant(job, a, known="matched", steps=[("interview", at(2)), ("rejected", at(1))])
    make_applicant(job, b)
    make_applicant(job, steps=[("interview", at(1)), ("hired", at(1))])
    make_applicant(other)
    make_applicant(job, a, created_at=at(50))
    return {"first": first, "second": second, "job": job, "other": other, "a": a}


def lines(found):
    return {line.key: line for line in found.lines}


def test_each_channel_gets_what_is_its_own_and_unknown_ones_stay_unknown(world):
    found = performance(scope(world["first"].company))
    linkedin, glassdoor = (lines(found)[world[name].pk] for name in ("first", "second"))

    assert (linkedin.clicks, linkedin.unseen, linkedin.machines) == (50, 2, 9)
    assert (linkedin.views, linkedin.board_clicks, linkedin.board_applications) == (600, 60, 3)
    assert (linkedin.known, linkedin.matched, linkedin.unknown) == (2, 1, 2)
    assert (linkedin.interviews, linkedin.hires, linkedin.hires_unknown) == (2, 1, 1)
    assert linkedin.costs == {"EUR": 20_000, "USD": 5_000}
    # 200.00 EUR: for 50 clicks of ours, or the 60 of the board; for 3 applications, or 5; 1 or 2
    eur, usd = linkedin.per_click
    assert (eur, usd) == (CostRange("EUR", 333, 400), CostRange("USD", 83, 100))
    assert linkedin.per_application[0] == CostRange("EUR", 4_000, 6_667)
    assert linkedin.per_hire[0] == CostRange("EUR", 10_000, 20_000)

    assert (glassdoor.clicks, glassdoor.views, glassdoor.board_clicks) == (5, None, None)
    assert (glassdoor.known, glassdoor.unknown) == (1, 1)  # of the job that it shows
    assert glassdoor.per_hire == []

    total = found.total
    assert (total.clicks, total.known, total.matched, total.unknown) == (55, 3, 1, 2)
    assert (total.hires, total.hires_unknown) == (1, 1)
    assert round(total.unknown_share) == 33
    assert [line.key for line in found.lines] == [world["first"].pk, world["second"].pk]


def test_each_job_gets_what_is_its_own(world):
    found = performance(scope(world["first"].company, "job"))
    job, other = (lines(found)[world[name].pk] for name in ("job", "other"))
    assert (job.clicks, job.applications, job.unknown, job.hires) == (47, 4, 1, 1)
    assert (other.clicks, other.applications, other.unknown) == (8, 0, 1)
    assert (found.total.clicks, found.total.unknown) == (55, 2)


def test_a_look_may_be_narrowed_to_a_channel_or_a_job(world):
    company, first, second = world["first"].company, world["first"], world["second"]
    found = performance(scope(company, "job", channel=second.pk))
    assert {line.key for line in found.lines} == {world["job"].pk}
    assert (found.total.clicks, found.total.applications, found.total.unknown) == (5, 1, 1)
    found = performance(scope(company, job=world["other"].pk))
    assert lines(found)[first.pk].clicks == 8
    assert found.total.applications == 0


def test_foreign_figures_are_not_in_it(world):
    elsewhere = make_channel()
    row = make_distribution(None, elsewhere)
    clicked(row, 1, 7)
    make_applicant(row.job, row)
    found = performance(scope(elsewhere.company))
    assert [(line.clicks, line.known) for line in found.lines] == [(7, 1)]
    assert found.total.clicks == 7
    everybody = performance(Scope(late(), "channel", None))
    assert everybody.total.clicks == 62


def test_boards_that_told_nothing_within_the_period_told_nothing(world):
    told(make_distribution(make_posting(world["first"].company), world["second"]), 60, views=5)
    found = performance(scope(world["second"].company))
    assert lines(found)[world["second"].pk].views is None


def test_the_days_are_drawn_as_they_were(world):
    found = performance(scope(world["first"].company)).trend
    assert sum(bar.clicks for bar in found.bars) == 55
    assert sum(bar.applications for bar in found.bars) == 6
    assert len(found.bars) == late().days
    assert {bar.day: bar.clicks for bar in found.bars}[today() - 3 * DAY] == 47
    few = performance(scope(world["first"].company, channel=world["second"].pk)).trend
    assert sum(bar.clicks for bar in few.bars) == 5


def test_the_number_of_queries_does_not_grow(world, django_assert_num_queries):
    company = world["first"].company
    for more in (0, 20):
        for _ in range(more):
            row = make_distribution(make_posting(company), world["first"])
            clicked(row, 1, 1)
            make_applicant(row.job, row)
        for by in ("channel", "job"):
            expected = 6 if by == "channel" else 5
            with django_assert_num_queries(expected + 1):
                _ = performance(scope(company, by)).trend
        with django_assert_num_queries(2):
            durations(scope(company))


@pytest.mark.django_db
def test_how_long_things_take_is_told_from_enough_cases():
    channel = make_channel()
    job = make_posting(channel.company)
    job.first_seen_at = at(20)
    job.save(update_fields=["first_seen_at"])
    row = make_distribution(job, channel)
    for n in range(4):
        make_applicant(row.job, row, created_at=at(10), steps=[("interview", at(8)),
                                                               ("hired", at(2 + n))])  # fmt: skip
    few = durations(scope(channel.company))
    assert (few.to_hire.count, few.to_hire.median) == (4, None)
    make_applicant(row.job, row, created_at=at(10), steps=[("interview", at(8)), ("hired", at(6))])
    make_applicant(row.job, row, created_at=at(7))

    found = durations(scope(channel.company))
    new, screen, interview, offer = found.stages
    assert (new.left.count, new.left.median) == (5, near(2))
    assert (new.waiting.count, new.waiting.days) == (1, near(7))
    assert (interview.left.count, interview.left.median) == (5, near(4))
    assert screen.left.count == offer.left.count == 0
    assert found.to_interview.median == near(2)
    assert found.to_hire.median == near(6)
    assert found.to_fill.median == near(16)
    assert durations(scope(channel.company, channel=uuid7())).is_empty


@pytest.mark.django_db
def test_a_step_taken_back_never_happened():
    row = make_distribution()
    who = make_applicant(row.job, row, created_at=at(9), steps=[("hired", at(5)), ("new", at(4))])
    wrong, back = who.moves.order_by("at")
    back.undoes = wrong
    back.save(update_fields=["undoes"])
    assert durations(scope(row.company)).to_hire.count == 0
    assert durations(scope(row.company)).stages[0].left.count == 0
    found = performance(scope(row.company)).total
    assert (found.known, found.interviews, found.hires) == (1, 0, 0)


@pytest.mark.django_db
def test_rehearsals_are_in_no_figure():
    real = make_distribution()
    row = make_distribution(real.job, make_channel(real.company, "glassdoor"))
    told(row, 1, views=900)
    hidden = {"rehearsal": Rehearsal.objects.create(company=real.company)}
    Channel.objects.filter(pk=row.channel_id).update(**hidden)
    Distribution.objects.filter(pk=row.pk).update(published_at=at(20), **hidden)
    Distribution.objects.filter(pk=real.pk).update(published_at=at(12))
    for _ in range(5):
        make_applicant(real.job, created_at=at(9), steps=[("hired", at(2))])

    for by in ("channel", "job"):
        found = performance(scope(real.company, by))
        assert (found.total.views, [line.views for line in found.lines]) == (None, [None])
    assert durations(scope(real.company)).to_fill.median == near(10)


def test_too_few_cases_give_no_rate():
    assert rate(1, MIN_RATE - 1) is None
    assert rate(1, MIN_RATE) == 100 / MIN_RATE
    assert rate(MIN_RATE + 1, MIN_RATE) is None  # more than there were: the books do not match
    assert middle([1, 2, 3, 4]) is None
    assert (middle([5, 1, 3, 2, 4]), middle([1, 2, 3, 4, 5, 6])) == (3, 3.5)


@pytest.mark.parametrize(
    ("credited", "unknown", "expected"),
    [(4, 0, (2_500, 2_500)), (2, 2, (2_500, 5_000)), (0, 4, (2_500, None)), (0, 0, (None, None))],
)
def test_a_cost_is_a_range(credited, unknown, expected):
    found = cost_range(10_000, "EUR", credited, unknown)
    assert (found.lower, found.upper) == expected


def test_a_period_ends_today_and_spans_two_years_at_most():
    today = date(2026, 11, 22)
    assert period_of(None, None, today) == Period(date(2026, 10, 24), today)
    assert period_of(date(2026, 11, 1), date(2030, 1, 1), today) == Period(date(2026, 11, 1), today)
    assert period_of(date(2026, 12, 1), None, today).days == 30
    assert period_of(date(2001, 1, 1), None, today).days == LONGEST
    assert period_of(None, None, today, 7).days == 7


def test_a_chart_fits_its_frame_whatever_is_counted():
    days = [date(2026, 1, 1) + n * DAY for n in range(200)]
    chart = trend(days, {days[0]: 12_345, days[150]: 3}, {days[1]: 7})
    assert chart.by_week
    assert len(chart.bars) == 29
    assert chart.bars[-1].last == days[-1]
    for bar in chart.bars:
        assert chart.left <= bar.x <= bar.x + bar.width <= chart.width
        assert 0 <= bar.clicks_y <= bar.clicks_y + bar.clicks_height <= chart.floor
    assert [ceiling(n) for n in (0, 4, 5, 6, 99, 12_345)] == [4, 4, 5, 6, 100, 20_000]
    assert trend([], {}, {}).is_empty


def test_midnight_belongs_to_the_day_that_begins(db):
    row = make_distribution()
    midnight = datetime.combine(today(), time(), timezone.get_default_timezone())
    make_applicant(row.job, row, created_at=midnight)
    for period, count in ((Period(today(), today()), 1), (Period(today() - DAY, today() - DAY), 0)):
        assert performance(scope(row.company, period=period)).total.known == count
