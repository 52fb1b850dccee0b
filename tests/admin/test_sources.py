"""The pages of sources and of the walks over them, for operators."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from ingestion.models import Fetch, Quota, Source
from ingestion.rules.sources import period_start
from jobly.runs.models import Run
from tests.make import make_member, make_source, make_user

from .world import signed_in

pytestmark = pytest.mark.django_db
LIST, ADD = "admin:ingestion_source_changelist", "admin:ingestion_source_add"
SECRET = "a-key-that-nobody-may-see"


@pytest.fixture
def staff():
    return signed_in(make_user(is_staff=True))


def sent(**fields):
    formset: dict[str, Any] = {"searches-TOTAL_FORMS": 0, "searches-INITIAL_FORMS": 0}
    known = {"name": "Jobs of the north", "adapter": "jsearch", "settings": "{}", "enabled": "on"}
    known |= {"alert_share": "80", "call_price": "0.01", "price_currency": "USD"}
    known |= {"strategy": "scheduled", "process_delay": "0", "load_delay": "0"}
    return {**formset, **known, "api_key": SECRET} | fields


def test_an_operator_adds_a_source_and_its_secrets_never_come_back(staff):
    answer = staff.post(reverse(ADD), sent(clock="every 6 h"))
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    source = Source.objects.get()
    assert (source.kind, source.credentials) == ("api", {"api_key": SECRET})
    assert (source.schedule.clock, source.schedule.kind) == ("every 6 h", "ingestion.collect")
    page = reverse("admin:ingestion_source_change", args=[source.pk])
    shown = staff.get(page).content.decode()
    assert SECRET not in shown
    assert "every 6 h" in shown

    search = {"searches-TOTAL_FORMS": 1, "searches-0-query": "welder"}
    search |= {"searches-0-location": "Oslo", "searches-0-settings": "{}"}
    search |= {"searches-0-enabled": "on", "searches-0-source": source.pk}
    assert staff.post(page, sent(api_key="", clock="", **search)).status_code == 302
    source.refresh_from_db()
    assert source.credentials == {"api_key": SECRET}
    assert not source.schedule.enabled
    assert str(source.searches.get()) == "welder · Oslo"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"api_key": ""}, "needs api_key"),
        ({"adapter": "lever"}, "needs site"),
        ({"adapter": "recruitee", "settings": '{"company": "a.example/x"}'}, "single name"),
        ({"settings": "[]"}, "in braces"),
        ({"clock": "at dawn"}, "clock"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(staff, fields, words):
    answer = staff.post(reverse(ADD), sent(**fields))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Source.objects.exists()


def test_pages_are_not_switched_on_here(staff):
    fields = {"adapter": "pages", "settings": '{"url": "https://boats.example/jobs"}'}
    staff.post(reverse(ADD), sent(**fields))
    assert not Source.objects.filter(enabled=True).exists()


def test_chosen_sources_are_collected_now_or_say_why_not(staff):
    good = make_source("Board", adapter="greenhouse", settings={"board": "acme"})
    bad = make_source("Mute board", adapter="greenhouse")
    chosen = {"action": "collect_now", "_selected_action": [good.pk, bad.pk]}
    shown = staff.post(reverse(LIST), chosen, follow=True).content.decode()
    assert "Mute board lacks board" in shown
    assert Run.objects.get().args["source_id"] == str(good.pk)


def test_a_sources_page_says_what_a_walk_takes_and_begins_one(staff):
    source = make_source("Board", adapter="jsearch", quota_limit=7, call_price="0.01")
    for query in ("welder", "nurse"):
        source.searches.create(query=query, pages=5)
    page = reverse("admin:ingestion_source_change", args=[source.pk])
    shown = " ".join(staff.get(page).content.decode().split())
    assert "at most 10 calls for 2 searches, 0.10 USD" in shown
    assert "more than is left" in shown
    assert "0 of 7 calls used, told from 5; 7 left until" in shown

    button = reverse("admin:ingestion_source_collect", args=[source.pk])
    assert staff.get(button).status_code == 405
    told = staff.post(button, follow=True).content.decode()  # it has no key yet
    assert "lacks api_key" in told
    source.credentials = {"api_key": SECRET}
    source.save()
    assert staff.post(button).url == reverse("run", args=[Run.objects.get().pk])
    assert signed_in(make_member()).post(button).status_code in (302, 403, 404)
    assert Run.objects.count() == 1


def test_a_source_of_files_has_no_walk(staff):
    source = make_source("By hand")
    shown = staff.get(reverse("admin:ingestion_source_change", args=[source.pk])).content.decode()
    assert "Its next walk" not in shown


def test_a_list_of_many_sources_asks_no_more_than_one_of_few(staff):
    def questions():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert staff.get(reverse(LIST)).status_code == 200
            assert staff.get(reverse("admin:ingestion_fetch_changelist")).status_code == 200
        return len(asked)

    busy("first")
    few = questions()
    for number in range(8):
        busy(f"source {number}")
    assert questions() <= few


def busy(name):
    source = make_source(name, adapter="remotive")
    starts = period_start(source.figures.quota_period, now())
    Quota.objects.create(source=source, starts_at=starts, calls=3)
    Fetch.objects.create(
        source=source,
        strategy="scheduled",
        status="partial",
        reason_code="coverage",
        reason="The source said 2,422 and gave 139.",
        ended_at=now(),
    )


def test_the_list_shows_quota_and_last_walk_and_recruiters_do_not_see_it(staff):
    busy("Remote board")
    shown = staff.get(reverse(LIST)).content.decode()
    assert "3 of 4 a day" in shown
    assert "partial" in shown
    walks = staff.get(reverse("admin:ingestion_fetch_changelist")).content.decode()
    assert "The source said 2,422 and gave 139." in walks
    recruiter = signed_in(make_member())
    assert recruiter.get(reverse(LIST)).status_code in (302, 403, 404)
