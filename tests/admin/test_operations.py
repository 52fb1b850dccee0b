"""The page of the pipeline, for operators only."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ingestion.actions.alerts import look_for_alerts
from ingestion.models import Alert, AlertRule, Contract, Fetch, Quota, SourceDay
from ingestion.rules.sources import period_start
from jobly.runs.actions import start, transaction
from tests.make import make_collection, make_company, make_member, make_source, make_user

from .world import signed_in

pytestmark = pytest.mark.django_db
PAGE = "admin:ingestion_sourceday_changelist"


@pytest.fixture
def staff():
    return signed_in(make_user(is_staff=True))


def words(response):
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def busy_source(name="Remotive", calls=90):
    source = make_source(name, adapter="remotive", quota_limit=100)
    starts = period_start(source.figures.quota_period, timezone.now())
    Quota.objects.create(source=source, starts_at=starts, calls=calls)
    Fetch.objects.create(
        source=source,
        strategy="scheduled",
        status="failed",
        reason_code="blocked",
        reason="It answered 403 everywhere.",
        got=3,
        expected=80,
        calls=4,
        ended_at=timezone.now(),
    )
    make_collection(source)
    SourceDay.objects.create(
        source=source,
        day=timezone.now().date(),
        raw=200,
        processed=190,
        failed=10,
        loaded=100,
        duplicates=90,
        sampled=100,
        filled={"city": 30},
        reasons={"rows": {"missing_title": 10}},
    )
    SourceDay.objects.create(
        source=source,
        day=timezone.now().date() - timedelta(days=9),
        sampled=100,
        filled={"city": 90},
    )
    return source


def test_an_empty_pipeline_says_how_to_begin(staff):
    page = words(staff.get(reverse(PAGE)))
    assert "No source is set up" in page
    assert "Nothing was looked at yet" in page
    assert "Nothing is collected" in page


def test_what_just_came_is_there_before_its_figures_are_counted(staff):
    make_collection(make_source("Post of today"))
    page = words(staff.get(reverse(PAGE)))
    assert "Post of today" in page
    assert "no file came" not in page


def test_the_page_shows_stages_failures_quota_alerts_and_drift_with_ways_to_the_rows(staff):
    source = busy_source()
    look_for_alerts()
    with transaction():
        run = start("ingestion.process", {"collection_id": "x"}, actor=None)
    page = staff.get(reverse(PAGE))
    shown = words(page)
    for text in (
        "Remotive has used 90 of the 100 calls",
        "It answered 403 everywhere.",
        "3 of 80 listings",
        "1 waits , oldest",
        "10 failed (5.0&nbsp;%)",
        "Missing title",
        "city 90 → 30 %",
        "-60 points",
        "Read a file",
    ):
        assert text in shown, text
    assert f'data-run="{run.pk}"' in page.content.decode()
    links = re.findall(r'href="([^"]*(?:processedjob|rawcollection)[^"]*)"', page.content.decode())
    assert any("error_code=missing_title" in link and str(source.pk) in link for link in links)
    for link in set(links):
        assert staff.get(link.replace("&amp;", "&")).status_code == 200, link
    day = SourceDay.objects.filter(source=source).first()
    assert "Day by day" in words(
        staff.get(reverse("admin:ingestion_sourceday_change", args=[day.pk]))
    )


def test_an_alert_is_muted_and_speaks_again_by_buttons(staff):
    busy_source()
    look_for_alerts()
    mute = reverse("admin:ingestion_alert_mute", args=["quota"])
    assert staff.get(mute).status_code == 405
    assert staff.post(mute, {"hours": "forever"}).status_code == 404
    assert "muted for 24 h" in words(staff.post(mute, {"hours": "24"}, follow=True))
    assert AlertRule.objects.get(kind="quota").muted_until > timezone.now()
    assert "Speak again" in words(staff.get(reverse(PAGE)))
    staff.post(mute, {"hours": "0"})
    assert AlertRule.objects.get(kind="quota").muted_until is None
    missing = reverse("admin:ingestion_alert_mute", args=["nonsense"])
    assert staff.post(missing, {"hours": "1"}).status_code == 404


def test_thresholds_are_the_operators_and_the_history_is_kept(staff):
    busy_source()
    look_for_alerts()
    change = reverse("admin:ingestion_alertrule_change", args=["quota"])
    body = {"threshold": 95, "window": "31 00:00:00", "least": 1, "channel": "staff"}
    sent = staff.post(change, body | {"enabled": "on", "muted_until_0": "", "muted_until_1": ""})
    assert sent.status_code == 302
    look_for_alerts()
    history = words(staff.get(reverse("admin:ingestion_alert_changelist")))
    assert "90 %, told from 80" in history
    assert Alert.objects.get().ended_at
    assert (
        staff.post(change, body | {"threshold": 0}).status_code == 200
    )  # the form, with its error


def test_an_empty_list_says_when_rows_come_and_a_search_that_it_fits_nothing(staff):
    walks = reverse("admin:ingestion_fetch_changelist")
    page = words(staff.get(walks))
    assert "No walks yet. Select sources in their list and collect them now" in page
    page = words(staff.get(walks, {"q": "nobody"}))
    assert "Nothing fits what you look for." in page
    assert "Show all walks" in page
    assert "No walks yet" not in page


def test_what_a_source_is_known_to_send_is_a_table():
    fields = {"title": {"types": ["text"], "seen": 25}, "pay": {"types": ["text", "number"]}}
    fields["pay"]["seen"] = 9
    known = {"items": 25, "collections": 2, "fields": fields}
    row = Contract.objects.create(source=make_source(), known=known)
    boss = signed_in(make_user(is_staff=True, is_superuser=True))
    page = words(boss.get(reverse("admin:ingestion_contract_change", args=[row.pk])))
    assert "pay text or number 9 of 25 title text 25 of 25" in page


def test_a_plain_time_says_its_zone():
    row = make_collection(make_source())
    oslo = signed_in(make_user(is_staff=True, is_superuser=True, time_zone="Europe/Oslo"))
    page = words(oslo.get(reverse("admin:ingestion_rawcollection_change", args=[row.pk])))
    assert re.search(r"\d+ \w{3} \d{4}, \d\d:\d\d CES?T", page)


def test_members_of_companies_see_none_of_it():
    browser = signed_in(make_member(make_company(), "owner"))
    look_for_alerts()
    for name in ("sourceday", "alertrule", "alert"):
        page = browser.get(reverse(f"admin:ingestion_{name}_changelist"))
        assert page.status_code in {302, 403}
    mute = reverse("admin:ingestion_alert_mute", args=["quota"])
    assert browser.post(mute, {"hours": "1"}).status_code in {302, 403}
    assert AlertRule.objects.get(kind="quota").muted_until is None


def test_the_page_asks_as_often_for_twenty_sources_as_for_one(staff):
    busy_source("first")
    look_for_alerts()
    few = queries(staff)
    for number in range(19):
        busy_source(f"more {number}")
    look_for_alerts()
    assert queries(staff) == few
    assert few <= 40


def queries(browser):
    url = reverse(PAGE)
    browser.get(url)
    with CaptureQueriesContext(connection) as found:
        assert browser.get(url).status_code == 200
    return len(found)
