"""What needs upkeep, as a filter of the list of publications; actions on many of them."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from distribution.actions import admitted
from distribution.models import Distribution
from distribution.reports import overdue
from jobly.errors import TooMany
from jobly.runs.actions import start
from jobly.runs.actions.admission import admit
from jobly.users.admin.scoped import CompanyScopedAdmin, actor_of
from jobly.users.models import principal_of

MOST_AT_ONCE = 5_000  # publications of one go
A_FEW = 50  # are changed while the page waits
NARROWED = {"expiring": "Ends in 3 days", "late": "Overdue", "left": "Still shown after its end"}


class UpkeepFilter(admin.SimpleListFilter):
    """Narrow publications to those whose stay ends soon, that are overdue, or that linger."""

    title = "upkeep"
    parameter_name = "upkeep"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what needs a look, then each kind of delay."""
        late = [(code, text.capitalize()) for code, (text, _) in overdue.DELAYS.items()]
        return [*NARROWED.items(), *late]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Distribution]
    ) -> QuerySet[Distribution]:
        """Keep those; an unknown word keeps all."""
        value = self.value() or ""
        if value == "expiring":
            return queryset.filter(overdue.expiring())
        if value == "left":
            return queryset.filter(overdue.leftovers())
        if value == "late":
            return overdue.overdue(queryset)
        known = overdue.DELAYS.get(value)
        return queryset.filter(known[1]) if known else queryset


@admin.action(description="List the selected anew", permissions=["work"])
def relist_selected(
    model_admin: CompanyScopedAdmin, request: HttpRequest, queryset: QuerySet[Distribution]
) -> HttpResponse | None:
    """Take each down and publish it anew, in one run for all that the list shows."""
    return _in_one_run("distribution.relist_all", model_admin, request, queryset)


@admin.action(description="Take the selected down", permissions=["work"])
def close_selected(
    model_admin: CompanyScopedAdmin, request: HttpRequest, queryset: QuerySet[Distribution]
) -> HttpResponse | None:
    """Take each job down from its board: a few at once, many in a run."""
    if queryset[: A_FEW + 1].count() > A_FEW:
        return _in_one_run("distribution.close_all", model_admin, request, queryset)
    done = "closed or on the way there"
    model_admin.each(request, queryset, admitted.close_distribution, done=done)
    return None


def _in_one_run(
    kind: str,
    model_admin: CompanyScopedAdmin,
    request: HttpRequest,
    queryset: QuerySet[Distribution],
) -> HttpResponse | None:
    """Start a run over publications of one company that the person may change; lead there."""
    principal = principal_of(request)
    rows = queryset if principal.is_staff else queryset.filter(company__in=principal.writable_ids)
    found = dict(rows.order_by("pk").values_list("pk", "company")[: MOST_AT_ONCE + 1])
    companies: set[UUID] = set(found.values())
    if len(found) > MOST_AT_ONCE or len(companies) != 1:
        text = f"Choose publications of one company, {MOST_AT_ONCE:,} at most; nothing was changed."
        model_admin.tell(request, text, ok=False)
        return None
    company = companies.pop()
    try:
        admit(kind, company_id=company)
    except TooMany as full:
        model_admin.tell(request, full.message, ok=False)
        return None
    keys = {"distribution_ids": [str(key) for key in found]}
    run = start(kind, keys, actor=actor_of(request), company=company)
    return redirect("run", pk=run.pk)
