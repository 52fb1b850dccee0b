"""Admin of money: what publishing may cost, and what it did."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from distribution.forms.money import BudgetForm
from distribution.models import Budget, Charge
from distribution.reports.costs import standings_of
from distribution.rules import costs
from jobly.users.admin.scoped import (
    CompanyFilter,
    CompanyScopedAdmin,
    ReadOnlyAdmin,
    actor_of,
    moment,
)
from jobly.users.models import Company, Membership, principal_of

LEVELS = {0: "fine", costs.WARNED: "nearly spent", costs.SPENT: "spent"}
LEVEL_COLOURS = {"fine": "success", "nearly spent": "warning", "spent": "danger"}


def owned(request: HttpRequest) -> set[UUID]:
    """Return the companies the person owns."""
    rows = Membership.objects.filter(user=actor_of(request), role=Membership.Role.OWNER)
    return set(rows.values_list("company", flat=True))


@admin.register(Budget)
class BudgetAdmin(CompanyScopedAdmin):
    """How much a company may spend; what would go beyond it is not sent."""

    form = BudgetForm
    list_display = ("name", "channel", "user", "cap", "spent", "left", "level", "company")
    list_filter = ("period", CompanyFilter)
    list_select_related = ("channel", "user", "company")
    ordering = ("company__name", "id")
    intro = "What publishing may cost. What would go beyond a budget is not sent, and says so."
    add_words = "Set a budget"
    empty_words = "Without a budget nothing is held back, whatever it costs."
    more = (("Charges", "admin:distribution_charge_changelist"),)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Count what the page's budgets have spent, in one query."""
        found = super().get_changelist_instance(request)
        rows = list(found.result_list)
        known = {one.budget.pk: one for one in standings_of(rows)}
        for row in rows:
            row.standing = known[row.pk]
        found.result_list = rows
        return found

    def may_write(self, request: HttpRequest, row: Any) -> bool:
        """Whether the person may change a budget: owners set what their recruiters may spend."""
        mine = principal_of(request).is_staff or row.company_id in owned(request)
        return bool(mine)

    def get_form(
        self, request: HttpRequest, obj: Budget | None = None, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        """Offer the companies that are the person's to decide for; begin with the first."""
        form: type[ModelForm[Any]] = super().get_form(request, obj, **kwargs)
        field: Any = form.base_fields.get("company")
        if field is not None and not principal_of(request).is_staff:
            field.queryset = Company.objects.filter(pk__in=owned(request)).order_by("name")
            field.initial = field.queryset.first()
        return form

    @display(description="Budget")
    def name(self, row: Budget) -> str:
        """Say how often it begins anew."""
        return row.get_period_display()

    @display(description="Cap", ordering="cap_minor")
    def cap(self, row: Budget) -> str:
        """Write the cap as people read it."""
        return costs.in_words(row.cap_minor, row.currency)

    @display(description="Spent")
    def spent(self, row: Any) -> SafeString:
        """Say what was spent, and what share that is."""
        return format_html("{} ({} %)", row.standing.spent, row.standing.percent)

    @display(description="Left")
    def left(self, row: Any) -> str:
        """Say what may still be spent."""
        found: str = row.standing.left
        return found

    @display(description="State", label=LEVEL_COLOURS)
    def level(self, row: Any) -> str:
        """Say how far it is."""
        return LEVELS[row.standing.level]


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    """What publications cost, one line each."""

    list_display = ("when", "job", "on", "what", "amount", "credits", "company")
    list_filter = (
        "kind",
        ("channel", admin.RelatedOnlyFieldListFilter),
        CompanyFilter,
        ("at", admin.DateFieldListFilter),
    )
    list_select_related = ("channel", "distribution__job", "company")
    search_fields = ("distribution__job__title", "distribution__external_id")
    ordering = ("-id",)
    intro = "What each publication cost: taken before it was sent, given back if it never went up."
    empty_words = "They come when a job is published on a channel that costs something."
    more = (("Budgets", "admin:distribution_budget_changelist"),)
    fields = ("when", "job", "on", "what", "amount", "credits", "units", "company")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Charge]:
        """Leave out the long texts of the jobs."""
        rows: QuerySet[Charge] = super().get_queryset(request)
        texts = ("description_html", "description_text")
        return rows.defer(*(f"distribution__job__{name}" for name in texts))

    @display(description="When", ordering="at")
    def when(self, row: Charge) -> SafeString | str:
        """Say when it was charged."""
        return moment(row.at)

    @display(description="Job", ordering="distribution__job__title")
    def job(self, row: Charge) -> str:
        """Name the job."""
        return row.distribution.job.title

    @display(description="Channel", ordering="channel__name")
    def on(self, row: Charge) -> str:
        """Name the board."""
        return str(row.channel)

    @display(description="For", ordering="kind")
    def what(self, row: Charge) -> str:
        """Say what it was for."""
        many = f" ({row.units:,})" if row.units > 1 else ""
        return f"{row.get_kind_display()}{many}"

    @display(description="Amount", ordering="amount_minor")
    def amount(self, row: Charge) -> str:
        """Write the amount as people read it."""
        return costs.in_words(row.amount_minor, row.currency) if row.amount_minor else "–"
