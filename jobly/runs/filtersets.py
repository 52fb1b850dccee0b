"""How runs are narrowed, in the API and on pages."""

from typing import Any
from uuid import UUID

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from .models import Run
from .models.work import RunQuerySet
from .rules.selection import SPANS, STANDINGS, UNFINISHED, Selection, names


def check_since(text: str) -> None:
    """Refuse what is neither a span nor a time."""
    if Selection(since=text).starting(timezone.now()) is None:
        spans = ", ".join(SPANS)
        raise ValidationError(f"A time such as 2026-11-22T09:00:00Z, or one of {spans}.")


class RunFilter(django_filters.FilterSet):
    """Runs by what the list of the back office is narrowed by, and by family.

    `status` is one of the five or `unfinished`; `company` a slug or an id; `since` a time or a
    span such as 24h; `q` a run's number or words of its kind or error; a `-` before a kind means
    all others. `type` and `created_since` are earlier names of `kind` and `since`.
    """

    status = django_filters.ChoiceFilter(
        choices=[*Run.Status.choices, (UNFINISHED, "Unfinished")], method="later"
    )
    kind = django_filters.CharFilter(method="later")
    queue = django_filters.CharFilter(method="later")
    company = django_filters.CharFilter(method="later")
    error_code = django_filters.CharFilter(method="later")
    standing = django_filters.ChoiceFilter(choices=list(STANDINGS.items()), method="later")
    since = django_filters.CharFilter(method="later", validators=[check_since])
    q = django_filters.CharFilter(method="later", max_length=200)
    type = django_filters.CharFilter(field_name="kind")
    created_since = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    parent = django_filters.UUIDFilter(field_name="parent_id")
    root = django_filters.UUIDFilter(method="keep_family")

    def keep_family(self, rows: RunQuerySet, _: str, root_id: UUID) -> RunQuerySet:
        """Keep a run that nobody started and all that it started."""
        return rows.of_families([root_id])

    def later(self, rows: QuerySet[Run], _: str, __: Any) -> QuerySet[Run]:
        """Leave it to the selection, which knows all of them together."""
        return rows

    def filter_queryset(self, queryset: QuerySet[Run]) -> QuerySet[Run]:
        """Narrow the rows to the selection."""
        rows: Any = super().filter_queryset(queryset)
        given = {name: self.form.cleaned_data.get(name) or "" for name in names()}
        narrowed: QuerySet[Run] = rows.selected(Selection.of(given), now=timezone.now())
        return narrowed
