"""Admin of the rules that put new jobs on channels, with a dry run beside each."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import display

from distribution.actions import routing
from distribution.forms.routing import RoutingRuleForm
from distribution.models import Channel, RoutingRule
from distribution.reports.routing import try_rule
from jobly.users.admin.scoped import (
    CompanyFilter,
    CompanyScopedAdmin,
    actor_of,
    scoped_choices,
)
from jobly.users.models import Company, principal_of

WHICH = (
    "title_words", "not_title_words", "departments", "skills", "countries", "cities", "place",
    "km", "workplaces", "employment_types", "seniorities", "pay_stated",
)  # fmt: skip


@admin.register(RoutingRule)
class RoutingRuleAdmin(CompanyScopedAdmin):
    """Which new jobs go where by themselves."""

    form = RoutingRuleForm
    list_display = ("name", "wants", "goes_to", "enabled", "priority", "company")
    list_filter = ("enabled", CompanyFilter)
    list_select_related = ("company",)
    search_fields = ("name",)
    ordering = ("company__name", "priority", "id")
    intro = "New and changed jobs that a rule wants go to its channels by themselves, once."
    add_words = "Write a rule"
    empty_words = "No rule yet: jobs go out when somebody publishes them."
    change_form_outer_before_template = "admin/distribution/_routing_trial.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoutingRule]:
        """Fetch the channels beside the rules."""
        return super().get_queryset(request).prefetch_related("channels")

    def get_fieldsets(self, request: HttpRequest, obj: RoutingRule | None = None) -> list[Any]:
        """Ask first which jobs, then where to and when."""
        return [
            ("The rule", {"fields": ("company", "name", "enabled", "priority")}),
            ("Which jobs", {"fields": WHICH, "description": ALL}),
            ("Where to, and when", {"fields": ("channels", "delay_minutes", "stagger_minutes")}),
        ]

    def get_form(
        self, request: HttpRequest, obj: RoutingRule | None = None, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        """Begin with the person's own company."""
        form: type[ModelForm[Any]] = super().get_form(request, obj, **kwargs)
        if "company" in form.base_fields:
            companies = scoped_choices(Company, request)
            form.base_fields["company"].initial = companies.first() if companies else None
        return form

    def get_readonly_fields(
        self, request: HttpRequest, obj: RoutingRule | None = None
    ) -> tuple[str, ...]:
        """Keep a rule in its company."""
        return () if obj is None else ("company",)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the channels of the person's companies, or of the rule's."""
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        rows = Channel.objects.visible_to(principal_of(request)).select_related("company")
        field.queryset = rows.order_by("company__name", "slug")
        field.label_from_instance = lambda row: f"{row} ({row.company})"
        return field

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show above the rule what it would do with the jobs that are there."""
        rule = self.get_object(request, object_id)
        if rule is not None:
            trial = try_rule(rule, now=timezone.now())
            extra_context = {**(extra_context or {}), "trial": trial}
        shown: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return shown

    def save_model(
        self, request: HttpRequest, obj: RoutingRule, form: ModelForm[Any], change: bool
    ) -> None:
        """Write through the action, which the API uses too."""
        given = form.columns()  # type: ignore[attr-defined] # a RoutingRuleForm
        known = RoutingRule.objects.get(pk=obj.pk) if change else None
        company = known.company if known else form.cleaned_data["company"]
        row = routing.write_rule(company, given, actor=actor_of(request), rule=known)
        obj.pk = row.pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Leave the channels alone: the action has written them."""

    def delete_model(self, request: HttpRequest, obj: RoutingRule) -> None:
        """Forget a rule."""
        routing.drop_rule(obj)

    @display(description="Wants")
    def wants(self, rule: RoutingRule) -> str:
        """Say which jobs, in few words."""
        told = rule.wanted.to_dict()
        shown = {k: v for k, v in told.items() if k not in ("lat", "lon")}
        parts = [
            f"{k.replace('_', ' ')}: {', '.join(v) if isinstance(v, list) else v}"
            for k, v in shown.items()
        ]
        return "; ".join(parts)[:160] or "every job"

    @display(description="Channels")
    def goes_to(self, rule: RoutingRule) -> str:
        """Name the channels."""
        return ", ".join(str(row) for row in rule.channels.all()) or "none"


ALL = "All of what you fill in has to hold; what is empty asks nothing."
