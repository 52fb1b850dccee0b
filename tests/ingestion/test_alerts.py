"""The pipeline is watched by rules: told once when one is broken, once when it is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ingestion.actions.alerts import ensure_rules, look_for_alerts, mute_rule
from ingestion.models import Alert, AlertRule, Fetch, Quota, SourceDay
from ingestion.reports.operations import health, standings
from ingestion.reports.quality import weeks
from ingestion.rules.operations import DEFAULTS, FIELDS, change
from ingestion.rules.sources import period_start
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.ingestion.test_pipeline import BAD, collect
from tests.make import (
    make_collection,
    make_company,
    make_member,
    make_processed,
    make_processing,
    make_source,
    make_user,
)

pytestmark = pytest.mark.django_db


def told():
    rows = Event.objects.filter(stream="staff", fact__startswith="ingestion.alert_")
    return [row.fact.removeprefix("ingestion.alert_") for row in rows.order_by("seq")]


def now():
    return timezone.now()


def quota_of(source, calls, **columns):
    starts = period_start(source.figures.quota_period, now())
    Quota.objects.update_or_create(
        source=source, starts_at=starts, defaults={"calls": calls} | columns
    )


def asked(name="feed", **columns):
    return make_source(name, adapter="remotive", quota_limit=100, **columns)


def passes(source, *, raw, failed, **columns):
    collection = make_collection(source, status="processed")
    return make_processing(collection, raw=raw, failed=failed, processed=raw - failed, **columns)


def test_four_rules_are_there_with_the_documents_thresholds_and_stay_as_changed():
    look_for_alerts()
    assert dict(AlertRule.objects.values_list("kind", "threshold")) == {
        "quota": 80,
        "processing": 5,
        "waiting": 60,
        "validation": 10,
    }
    AlertRule.objects.filter(kind="quota").update(threshold=50)
    ensure_rules()
    assert AlertRule.objects.get(kind="quota").threshold == 50
    assert told() == []


def test_a_quota_is_told_once_from_its_share_on_and_once_when_it_begins_anew():
    source = asked()
    quota_of(source, 79)
    assert look_for_alerts()["open"] == 0
    quota_of(source, 80)
    look_for_alerts()
    quota_of(source, 95)
    look_for_alerts()
    (alert,) = Alert.objects.open()
    assert (alert.source, alert.value, alert.worst, alert.threshold) == (source, 95, 95, 80)
    assert "95 of the 100 calls" in alert.text
    assert told() == ["began"]

    quota_of(source, 0)
    assert look_for_alerts() == {"began": 0, "ended": 1, "open": 0}
    assert told() == ["began", "ended"]
    alert.refresh_from_db()
    assert alert.ended_at
    assert alert.worst == 95


def test_a_quota_that_the_source_calls_spent_counts_whatever_our_books_say():
    source = asked()
    quota_of(source, 3, spent_until=now() + timedelta(hours=1))
    look_for_alerts()
    assert Alert.objects.open().get().value == 100


@pytest.mark.parametrize(("failed", "broken"), [(190, False), (201, True)])
def test_rows_that_fail_are_told_above_a_tenth(failed, broken):
    passes(make_source("poor"), raw=2_000, failed=failed)
    passes(make_source("tiny"), raw=3, failed=3)
    look_for_alerts()
    alerts = list(Alert.objects.open())
    assert [alert.rule_id for alert in alerts] == ["validation"] * broken
    assert all(f"poor: {failed} of 2,000 rows" in alert.text for alert in alerts)


def test_collections_that_cannot_be_read_are_told_above_a_twentieth():
    source = make_source("broken")
    for number in range(20):
        passes(source, raw=0, failed=0, status="failed" if number == 0 else "completed")
    assert look_for_alerts()["open"] == 0  # exactly a twentieth
    make_collection(source, status="quarantined", error_code="not_postings")
    look_for_alerts()
    assert "broken: 2 of 21 collections" in Alert.objects.open().get().text


def test_small_failures_everywhere_are_told_together():
    for number in range(4):
        passes(make_source(f"s{number}"), raw=20, failed=4)
    look_for_alerts()
    alert = Alert.objects.open().get()
    assert (alert.subject, alert.source) == ("all", None)
    assert "16 of 80 rows" in alert.text


@pytest.mark.parametrize(("minutes", "stages"), [(59, []), (61, ["load", "process"])])
def test_what_waits_longer_than_an_hour_is_told_by_stage(minutes, stages):
    at = now() - timedelta(minutes=minutes)
    patient = make_source("patient", process_delay=timedelta(hours=5))
    make_collection(patient, collected_at=at - timedelta(hours=1))
    make_collection(make_source("slow"), collected_at=at)
    waiting = passes(make_source("later"), raw=1, failed=0, processed_at=at, status="completed")
    make_processed(waiting)
    look_for_alerts()
    assert sorted(Alert.objects.open().values_list("subject", flat=True)) == stages


def test_a_company_hears_of_its_own_source_and_of_no_other():
    ours, theirs = make_company(), make_company()
    quota_of(asked("ours", company=ours), 90)
    quota_of(asked("theirs", company=theirs), 90)
    quota_of(asked("public"), 90)
    look_for_alerts()
    Quota.objects.update(calls=0)
    look_for_alerts()
    assert told() == ["began"] * 3 + ["ended"] * 3
    for company, name in ((ours, "ours"), (theirs, "theirs")):
        heard = Event.objects.filter(stream=f"company:{company.pk}").order_by("seq")
        assert [(e.fact, e.data["text"].split()[0]) for e in heard] == [
            ("ingestion.alert_began", name),
            ("ingestion.alert_ended", name),
        ]


def test_the_dashboard_of_a_company_tells_of_its_own_source_only(client):
    company = make_company()
    quota_of(asked("ours", company=company), 90)
    quota_of(asked("theirs", company=make_company()), 90)
    quota_of(asked("public"), 90)
    look_for_alerts()
    client.force_login(make_member(company))
    page = client.get("/admin/").content.decode()
    assert "ours has used 90" in page
    assert "theirs has used" not in page
    assert "public has used" not in page


def test_a_muted_rule_keeps_its_history_and_speaks_when_the_mute_is_over():
    source = asked()
    quota_of(source, 90)
    ensure_rules()
    rule = AlertRule.objects.get(kind="quota")
    mute_rule(rule, actor=make_user(), hours=24)
    look_for_alerts()
    assert Alert.objects.open().count() == 1
    assert told() == []

    AlertRule.objects.update(muted_until=now() - timedelta(minutes=1))
    look_for_alerts()
    assert told() == ["began"]
    mute_rule(rule, actor=None, hours=None)
    assert AlertRule.objects.get(kind="quota").muted_until is None


def test_what_began_and_ended_under_a_mute_is_told_to_nobody():
    source = asked()
    quota_of(source, 90)
    ensure_rules()
    mute_rule(AlertRule.objects.get(kind="quota"), actor=None)
    look_for_alerts()
    quota_of(source, 1)
    look_for_alerts()
    assert (told(), Alert.objects.open().count()) == ([], 0)


def test_a_rule_that_is_switched_off_ends_what_it_told():
    source = asked()
    quota_of(source, 90)
    look_for_alerts()
    AlertRule.objects.filter(kind="quota").update(enabled=False)
    look_for_alerts()
    assert told() == ["began", "ended"]


def test_the_clock_starts_the_look_and_the_counting():
    with transaction():
        runs = [
            start(f"ingestion.{name}", {}, actor=None) for name in ("look_for_alerts", "roll_up")
        ]
    drain()
    assert [Run.objects.get(pk=run.pk).status for run in runs] == ["succeeded"] * 2


# figures


def test_a_day_is_counted_from_its_rows_and_the_same_however_often():
    collection = collect(BAD, "site")
    Fetch.objects.create(
        source=collection.source,
        strategy="on_demand",
        status="failed",
        reason_code="blocked",
        calls=7,
        ended_at=now(),
    )
    drain()
    for _ in range(2):
        with transaction():
            start("ingestion.roll_up", {}, actor=None)
        drain()
    (day,) = SourceDay.objects.all()
    assert (day.raw, day.processed, day.failed, day.loaded) == (3, 2, 1, 2)
    assert (day.calls, day.fetches, day.failed_fetches, day.collections) == (7, 1, 1, 1)
    assert (day.sampled, day.filled["employer"], day.filled["salary"]) == (2, 2, 1)
    assert set(day.filled) == set(FIELDS)
    assert day.reasons == {"rows": {"missing_title": 1}, "fetches": {"blocked": 1}}


def test_a_field_that_got_lost_since_last_week_is_drift_and_chance_is_not():
    source, today = make_source(), now().date()
    for age, filled in ((1, {"city": 40, "salary": 50}), (8, {"city": 95, "salary": 52})):
        day = today - timedelta(days=age)
        SourceDay.objects.create(source=source, day=day, sampled=100, filled=filled, raw=100)
    found = weeks([source.pk], today)[source.pk]
    assert [name for name, _ in found.drifts] == ["city"]
    assert found.drifts[0][1].points == -55
    assert not change((4, 5), (0, 5)).is_drift  # too few to say
    assert weeks(None, today)[None].now.sums["raw"] == 100


def test_what_failed_most_is_named_and_a_standing_needs_a_constant_number_of_queries(
    django_assert_num_queries,
):
    sources = [asked(f"feed {number}") for number in range(12)]
    for source in sources:
        SourceDay.objects.create(
            source=source, day=now().date(), reasons={"rows": {"missing_title": 3}}
        )
        quota_of(source, 5)
        Fetch.objects.create(source=source, strategy="on_demand")
    with django_assert_num_queries(5):
        found = standings(sources, now())
    assert found[0].reasons == [("rows", "missing_title", 3)]
    assert (found[0].quota.percent, found[0].fetch.status) == (5, "running")


def test_health_says_for_each_part_whether_it_does_its_work():
    assert all(ok for ok, _ in health(now()).values())
    assert set(health(now())) == {"collector", "processor", "loader", "api_quota"}

    source = asked("Secret name")
    quota_of(source, 100)
    Fetch.objects.create(
        source=source, strategy="on_demand", status="failed", reason_code="x", ended_at=now()
    )
    make_collection(source, collected_at=now() - 2 * DEFAULTS["waiting"].window)
    found = health(now())
    assert {name for name, (ok, _) in found.items() if not ok} == {
        "collector",
        "processor",
        "api_quota",
    }
    assert "Secret" not in str(found)
