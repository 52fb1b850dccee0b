"""Tell once when something begins to be wrong and once when it is over; count days."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Greatest, Now

from ingestion.events import AlertBegan, AlertEnded
from ingestion.models import Alert, AlertRule, SourceDay
from ingestion.reports.operations import Finding, findings
from ingestion.reports.quality import counted
from ingestion.rules.operations import DEFAULTS
from jobly.runs.actions import emit, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress
from jobly.runs.rules.streams import staff_and
from jobly.users.models import User

LOOK = "SELECT pg_advisory_xact_lock(hashtext('ingestion.alerts'))"
KEPT = timedelta(days=365)  # history of alerts, and figures of days


def ensure_rules() -> None:
    """Make the rules there are to be; what somebody changed stays."""
    AlertRule.objects.bulk_create(
        [
            AlertRule(kind=kind, threshold=one.threshold, window=one.window, least=one.least)
            for kind, one in DEFAULTS.items()
        ],
        ignore_conflicts=True,
    )


@transaction
def look_for_alerts() -> dict[str, Any]:
    """Compare what is wrong with what was told; each thing is told when it begins and when it ends.

    Emits: AlertBegan, AlertEnded. Of several at once one looks after the other.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOOK)
    ensure_rules()
    now = clock()
    rules = {rule.kind: rule for rule in AlertRule.objects.filter(enabled=True)}
    found = {(one.kind, one.subject): one for one in findings(list(rules.values()), now)}
    known = {
        (row.rule_id, row.subject): row for row in Alert.objects.open().select_related("source")
    }
    new = [one for key, one in found.items() if key not in known]
    over = [row for key, row in known.items() if key not in found]
    for one in new:
        Alert.objects.create(
            rule=rules[one.kind],
            subject=one.subject,
            source_id=one.source,
            text=one.text[:300],
            value=one.value,
            threshold=one.threshold,
            worst=one.value,
        )
    _go_on([(known[key], one) for key, one in found.items() if key in known])
    _tell(rules, now)
    _end(over)
    AlertRule.objects.filter(enabled=True).update(looked_at=Now())
    return {"began": len(new), "ended": len(over), "open": len(found)}


def _go_on(rows: list[tuple[Alert, Finding]]) -> None:
    """Note how bad it is now."""
    for row, one in rows:
        Alert.objects.filter(pk=row.pk).update(
            text=one.text[:300], value=one.value, worst=Greatest("worst", one.value)
        )


def _tell(rules: dict[str, AlertRule], now: datetime) -> None:
    """Tell of what was not told yet; what began under a mute is told when the mute is over."""
    loud = [rule for rule in rules.values() if not rule.muted_until or rule.muted_until <= now]
    untold = Alert.objects.open().filter(told_at=None, rule__in=loud)
    for row in untold.select_related("source").select_for_update(of=("self",)):
        fact = AlertBegan(alert=str(row.pk), rule=row.rule_id, subject=row.subject, text=row.text)
        emit(fact, streams=_concerned(row))
    untold.update(told_at=Now())


def _end(over: list[Alert]) -> None:
    """End what is wrong no more; who was not told that it began need not hear that it is over."""
    Alert.objects.filter(pk__in=[row.pk for row in over]).update(ended_at=Now())
    for row in over:
        if row.told_at is not None:
            fact = AlertEnded(
                alert=str(row.pk), rule=row.rule_id, subject=row.subject, text=row.text
            )
            emit(fact, streams=_concerned(row))


def _concerned(row: Alert) -> list[str]:
    """Name the streams an alert is told on: the staff's, and its source's company's."""
    return staff_and(row.source.company_id if row.source else None)


def mute_rule(rule: AlertRule, *, actor: User | None, hours: int | None = 24) -> None:
    """Tell nobody of a rule for so many hours; None or 0 lets it speak again."""
    until = clock() + timedelta(hours=hours) if hours else None
    AlertRule.objects.filter(pk=rule.pk).update(
        muted_until=until, muted_by=actor if until else None
    )


def roll_up(progress: Progress) -> dict[str, Any]:
    """Count the figures of today and yesterday anew; the same however often it is done."""
    today = clock().date()
    days = [today - timedelta(days=1), today]
    rows = 0
    for number, day in enumerate(days):
        progress.tell(step=f"Counting {day}", total=len(days), done=number)
        found = counted(day)
        with progress.transaction():
            gone = SourceDay.objects.filter(
                ~Q(source__in=[row.source_id for row in found]), day=day
            )
            gone.delete()
            names = [
                field.name
                for field in SourceDay._meta.fields  # noqa: SLF001 # Django's documented name
                if field.name not in ("id", "source", "day", "rolled_up_at")
            ]
            SourceDay.objects.bulk_create(
                found,
                update_conflicts=True,
                unique_fields=["source", "day"],
                update_fields=names,
                batch_size=500,
            )
        rows += len(found)
    with progress.transaction():
        SourceDay.objects.filter(day__lt=today - KEPT).delete()
        Alert.objects.filter(ended_at__lt=Now() - KEPT).delete()
    return {"days": len(days), "rows": rows}
