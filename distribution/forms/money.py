"""Forms of money: amounts go in and out as people write them, minor units are kept."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextInputWidget

from distribution.models import Budget
from distribution.rules.costs import to_major, to_minor


class BudgetForm(forms.ModelForm[Budget]):
    """How much may be spent on what."""

    cap = forms.DecimalField(
        min_value=Decimal(0),
        max_value=Decimal(10**12),
        label="Cap",
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="In the currency's own unit: 500 or 499.50.",
    )

    class Meta:
        model = Budget
        fields: ClassVar = ["company", "channel", "user", "period", "currency", "warn_at"]
        widgets: ClassVar = {"currency": UnfoldAdminTextInputWidget}

    field_order = [  # Django's own name
        "company", "channel", "user", "period", "cap", "currency", "warn_at",
    ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        if not row._state.adding:  # noqa: SLF001 # Django's own way to ask
            self.initial["cap"] = to_major(row.cap_minor, row.currency)

    def clean_currency(self) -> str:
        """Take three letters."""
        text = str(self.cleaned_data["currency"]).strip().upper()
        if len(text) != 3 or not text.isalpha():  # noqa: PLR2004 # ISO 4217
            raise forms.ValidationError("Three letters, such as EUR.")
        return text

    def clean(self) -> dict[str, Any]:
        """Keep the cap in minor units; the channel and the person belong to the company."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        cap, currency = given.get("cap"), given.get("currency")
        if cap is not None and currency:
            try:
                self.instance.cap_minor = to_minor(cap, currency)
            except ValueError as wrong:
                self.add_error("cap", str(wrong))
        company, channel, user = (given.get(name) for name in ("company", "channel", "user"))
        if company and channel and channel.company_id != company.pk:
            self.add_error("channel", "This channel is another company's.")
        if company and user and not user.memberships.filter(company=company).exists():
            self.add_error("user", "This person does not work for the company.")
        return given
