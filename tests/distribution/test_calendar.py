"""Publications spread over time, moved and taken off; the calendar that shows them."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from distribution.actions import planned
from distribution.errors import DistributionMoved
from distribution.models import Distribution
from distribution.rules import staggering
from distribution.rules.staggering import Stagger
from ingestion.models import Job
from jobly.runs.actions import start, transaction
from jobly.runs.models import Run
from tests.make import make_company, make_key, make_member

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)
OSLO = "Europe/Oslo"
FRIDAY = datetime(2026, 10, 23, 9, tzinfo=ZoneInfo(OSLO))  # the clocks change on Sunday
SCOPES = ["distributions:read", "distributions:write"]


def local(stagger, count):
    shown = (at.astimezone(ZoneInfo(OSLO)) for at in islice(staggering.moments(stagger), count))
    return [f"{at:%a %d %H:%M}" for at in shown]


@pytest.mark.parametrize(
    ("every", "weekdays", "wanted"),
    [
        ("day", False, ["Fri 23 09:00", "Fri 23 09:00", "Sat 24 09:00", "Sat 24 09:00"]),
        ("day", True, ["Fri 23 09:00", "Fri 23 09:00", "Mon 26 09:00", "Mon 26 09:00"]),
        ("hour", False, ["Fri 23 09:00", "Fri 23 09:00", "Fri 23 10:00", "Fri 23 10:00"]),
    ],
)
def test_jobs_are_spread_by_the_zones_own_clock(every, weekdays, wanted):
    assert local(Stagger(2, every, FRIDAY, OSLO, weekdays), 4) == wanted


def test_nine_stays_nine_when_the_clocks_change():
    days = local(Stagger(1, "day", FRIDAY, OSLO), 4)
    assert [day[-5:] for day in days] == ["09:00"] * 4


def test_who_has_a_moment_keeps_it_and_uses_up_its_place():
    stagger = Stagger(2, "day", FRIDAY, OSLO)
    first = staggering.spread([1, 2, 3], stagger, {})
    kept = {1: first[1], 2: first[2], 3: first[3]}
    again = staggering.spread([4, 5], stagger, kept)
    assert again == kept | {4: first[3], 5: first[3] + timedelta(days=1, hours=1)}


@pytest.mark.parametrize("text", ["10", "0/day", "x/day", "10/week", "-1/day", "999999/day"])
def test_a_pace_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="10/day"):
        staggering.read(text)


def by_day(rows):
    moments = rows.order_by("scheduled_publish_at").values_list("scheduled_publish_at", flat=True)
    days = [f"{at:%d}" for at in moments]
    return [days.count(day) for day in dict.fromkeys(days)]


def test_ten_a_day_to_two_boards_go_out_ten_jobs_a_day():
    company = make_company(time_zone=OSLO)
    for slug in ("glassdoor", "linkedin"):
        make_channel(company, slug=slug)
    jobs = [make_posting(company).pk for _ in range(25)]
    _, key = make_key(make_member(company), company=company, scopes=SCOPES)
    client = Client(headers={"Authorization": f"Bearer {key}"})
    body = {
        "jobs": jobs,
        "channels": ["glassdoor", "linkedin"],
        "scheduled_publish_at": "2030-03-04T09:00:00+01:00",
        "stagger": {"count": 10, "every": "day"},
    }
    sent = client.post("/api/v1/distributions/bulk/", body, content_type="application/json")
    assert sent.status_code == 202, sent.content
    until_rest_of_plan()

    rows = Distribution.objects.all()
    assert by_day(rows) == [20, 20, 10]
    assert set(rows.values_list("status", flat=True)) == {"scheduled"}
    for job in jobs:
        assert rows.filter(job=job).values("scheduled_publish_at").distinct().count() == 1
    run = Run.objects.get(kind="distribution.apply")
    found = client.get(f"/api/v1/distributions/?plan={run.pk}").json()
    assert found["count"] == 50


def until_rest_of_plan():
    from jobly.runs.actions.execution import drain  # noqa: PLC0415 # scheduled ones stay queued

    drain()


@pytest.mark.parametrize(
    "stagger",
    [{"count": 0, "every": "day"}, {"count": 1, "every": "week"}, {"count": 1}, 7,
     {"count": 1, "every": "day", "zone": "Mars/Olympus"}],
)  # fmt: skip
def test_a_bad_stagger_is_refused_by_field(stagger):
    company = make_channel(slug="glassdoor").company
    _, key = make_key(make_member(company), company=company, scopes=SCOPES)
    body = {"jobs": [make_posting(company).pk], "channels": ["glassdoor"], "stagger": stagger}
    sent = Client(headers={"Authorization": f"Bearer {key}"}).post(
        "/api/v1/distributions/bulk/", body, content_type="application/json"
    )
    assert sent.status_code == 400
    assert "stagger" in sent.json()["fields"]
    assert Run.objects.count() == 0


def test_the_command_staggers_and_a_second_apply_plans_nothing():
    company = make_channel(slug="glassdoor").company
    for _ in range(3):
        make_posting(company)
    args = ["--company", company.slug, "--channels", "glassdoor", "--json", "--apply"]
    args += ["--at", "2030-03-01T09:00", "--stagger", "2/day", "--weekdays"]

    first = told("distribute", *args)
    second = told("distribute", *args)

    assert (first["scheduled"], len(first["plan"])) == (3, 3)
    assert second["plan"] == []
    days = Distribution.objects.order_by("scheduled_publish_at")
    assert [f"{row.scheduled_publish_at:%a %d}" for row in days] == ["Fri 01"] * 2 + ["Mon 04"]


def told(*args):
    out = StringIO()
    call_command(*args, stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_stopping_at_the_first_error_tells_what_was_posted_by_then(boards):
    channel = make_channel(slug="glassdoor")
    first, bad = make_posting(channel.company), make_posting(channel.company, title="W" * 101)
    later = [make_posting(channel.company) for _ in range(2)]
    args = ["--company", channel.company.slug, "--channels", "glassdoor", "--json"]

    found = told("distribute", *args, "--apply", "--stop-on-error")

    assert [one["job"] for one in found["posted"]] == [first.pk]
    assert found["posted"][0]["post_url"]
    assert (found["published"], found["failed"], found["skipped"]) == (1, 1, 2)
    stopped = Distribution.objects.filter(job__in=later)
    assert set(stopped.values_list("status", "error_code")) == {("closed", "stopped")}
    assert Distribution.objects.get(job=bad).status == "rejected"


def scheduled(channel=None, days=1):
    return make_distribution(channel=channel, at=timezone.now() + timedelta(days=days))


def test_what_is_on_the_calendar_is_taken_off_and_nothing_is_sent(boards):
    row = scheduled(make_channel(slug="glassdoor"))
    planned.unschedule(row, actor=None)

    assert (fresh(row).status, fresh(row).close_reason) == ("closed", planned.TAKEN_OFF)
    assert Run.objects.unfinished().count() == 0
    with pytest.raises(DistributionMoved, match="not on the calendar"):
        planned.unschedule(row, actor=None)
    make_distribution(fresh(row).job, row.channel)
    until_rest()
    assert len(boards.live("glassdoor")) == 1


def test_many_are_moved_and_one_that_has_begun_stops_no_other():
    channel = make_channel()
    rows = [scheduled(channel) for _ in range(3)]
    Distribution.objects.filter(pk=rows[0].pk).update(status="pending")
    at = datetime(2030, 3, 4, 9, tzinfo=UTC)

    done, refused = planned.move_many([fresh(row) for row in rows], at, actor=None)

    assert done == 2
    assert len(refused) == 1
    assert "pending" in refused[0]
    assert Distribution.objects.filter(scheduled_publish_at=at).count() == 2
    waiting = Run.objects.unfinished().filter(available_at=at)
    assert waiting.count() == 2
    with transaction():
        start("distribution.sweep_due", {}, actor=None)
    assert Job.objects.count() == 3
