"""Which publications no work is under way for, read once for all of them."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, UUIDField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Concat

from distribution.models import Distribution
from jobly.runs.models import Run


def left_alone(rows: QuerySet[Distribution], kinds: Sequence[str]) -> QuerySet[Distribution]:
    """Keep those that no unfinished run of some kinds is about."""
    about = Cast(KeyTextTransform("distribution_id", "args"), UUIDField())
    # said as the indexes of what waits and of what runs say it
    open_ones = Q(status=Run.Status.QUEUED, finished_at=None) | Q(status=Run.Status.RUNNING)
    works = Run.objects.filter(open_ones, kind__in=kinds).order_by()
    return rows.exclude(pk__in=works.annotate(about=about).values("about"))


def not_begun(
    rows: QuerySet[Distribution], kind: str, what: str, now: datetime
) -> QuerySet[Distribution]:
    """Keep those that were not begun today by the key of `key_of`, nor earlier and not ended."""
    key = Concat(Value(f"{what}:"), Cast(OuterRef("pk"), CharField()), Value(f":{now:%Y%m%d}"))
    today = Run.objects.filter(kind=kind, company=OuterRef("company"), idempotency_key=key)
    return left_alone(rows.exclude(Exists(today)), [kind])


def key_of(row: Distribution, what: str, now: datetime) -> str:
    """Return the key of what is begun for a publication once a day (UTC)."""
    return f"{what}:{row.pk}:{now:%Y%m%d}"
