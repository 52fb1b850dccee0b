"""What an operator is asked before stored collections are read again, or a failed item is."""

import json
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from ingestion.models import Difference, Processing, Source
from ingestion.rules.transformers import CURRENT, TRANSFORMERS
from jobly.users.models import Company

ANY = ("", "any")


class ReprocessForm(forms.Form):
    """Which collections, by which transformer, and whether for real."""

    source = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    company = forms.ModelChoiceField(
        Company.objects.order_by("name"),
        required=False,
        empty_label="any",
        widget=UnfoldAdminSelectWidget,
        help_text="Sources of several companies may have the same name.",
    )
    since = forms.DateField(
        required=False, widget=UnfoldAdminSingleDateWidget, help_text="Collected on or after it."
    )
    was = forms.ChoiceField(
        required=False, label="Last read by", widget=UnfoldAdminSelectWidget, help_text="A version."
    )
    transformer = forms.ChoiceField(
        label="Read by",
        initial=CURRENT,
        choices=[(name, name) for name in TRANSFORMERS],
        widget=UnfoldAdminSelectWidget,
    )
    failed = forms.BooleanField(
        required=False, label="Only rows that failed", widget=UnfoldBooleanSwitchWidget
    )
    shadow = forms.BooleanField(
        required=False,
        initial=True,
        label="As a shadow",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Compares only; you decide when you have seen what would change.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the sources and versions there are."""
        super().__init__(*args, **kwargs)
        names = Source.objects.order_by("name").values_list("name", flat=True).distinct()
        versions = Processing.objects.order_by("transformer").values_list("transformer", flat=True)
        for field, found in (("source", names), ("was", versions.distinct())):
            choice = self.fields[field]
            assert isinstance(choice, forms.ChoiceField)  # noqa: S101 # declared above
            choice.choices = [ANY, *((name, name) for name in found)]


class DifferenceFilter(forms.Form):
    """Which differences of a shadow to show."""

    verdict = forms.ChoiceField(required=False, choices=[ANY, *Difference.Verdict.choices])
    field = forms.CharField(required=False, max_length=64)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)


class FixForm(forms.Form):
    """The failed item as it should have come."""

    fix = forms.CharField(
        label="Corrected item",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 14, "class": "jb-code"}),
        help_text="JSON with the source's own field names; what came is kept beside it.",
    )

    def clean_fix(self) -> dict[str, Any]:
        """Read it as a JSON object."""
        try:
            fix = json.loads(self.cleaned_data["fix"])
        except ValueError as wrong:
            raise forms.ValidationError(f"This is no JSON: {wrong}. Nothing was kept.") from wrong
        if not isinstance(fix, dict) or not fix:
            raise forms.ValidationError("Give one object with fields. Nothing was kept.")
        return fix
