"""The form above the page of performance: whose figures, of which days, by what."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import now

from distribution.models import Channel
from distribution.reports.performance import Scope
from distribution.rules.performance import DEFAULT, PERIODS, period_of
from jobly.users.models import Company
from jobly.users.rules import Principal

INPUT = {"class": "jb-input"}
DAYS = [(str(days), f"last {days} days") for days in PERIODS]


class PerformanceForm(forms.Form):
    """What to look at; all may be left out. Days are those of UTC."""

    company = forms.ModelChoiceField(
        Company.objects.none(), to_field_name="slug", required=False, empty_label="all companies"
    )
    by = forms.ChoiceField(
        choices=[("channel", "channel"), ("job", "job")], required=False, label="Line by line"
    )
    days = forms.ChoiceField(choices=DAYS, required=False, label="Period")
    from_ = forms.DateField(required=False, label="From")
    to = forms.DateField(required=False, label="To")
    channel = forms.ModelChoiceField(
        Channel.objects.none(), required=False, empty_label="all channels"
    )
    job = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def __init__(self, given: Any, *, principal: Principal) -> None:
        data = given.copy()
        data["from_"] = data.get("from", "")
        data["days"] = data.get("days") or str(DEFAULT)
        data["by"] = data.get("by") or "channel"
        super().__init__(data)
        self.principal = principal
        companies = Company.objects.order_by("name")
        if not principal.is_staff:
            companies = companies.filter(pk__in=principal.company_ids)
        channels = Channel.objects.visible_to(principal).order_by("company__name", "slug")
        self.fields["company"].queryset = companies  # type: ignore[attr-defined] # ModelChoiceField
        self.fields["channel"].queryset = channels  # type: ignore[attr-defined] # ModelChoiceField
        for name, field in self.fields.items():
            field.widget.attrs.update(INPUT)
            field.error_messages["invalid_choice"] = "There is no such one of yours."
            if name in ("from_", "to"):
                field.widget.input_type = "date"

    def clean(self) -> dict[str, Any]:
        """Refuse days that run backwards."""
        sent: dict[str, Any] = super().clean() or {}
        first, last = sent.get("from_"), sent.get("to")
        if first and last and first > last:
            self.add_error("to", ValidationError("This day lies before the first.", code="order"))
        return sent

    @property
    def scope(self) -> Scope:
        """Return what to look at; what is wrong in the form is left out."""
        self.is_valid()
        sent = self.cleaned_data
        company = sent.get("company")
        everybody = None if self.principal.is_staff else tuple(sorted(self.principal.company_ids))
        channel = sent.get("channel")
        days = int(sent.get("days") or DEFAULT)
        return Scope(
            period_of(sent.get("from_"), sent.get("to"), now().date(), days),
            sent.get("by") or "channel",
            (company.pk,) if company else everybody,
            channel=channel.pk if channel else None,
            job=sent.get("job"),
        )
