"""The form of the bars by which pairs are judged."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget

from ingestion.models import LikenessRule, Source
from ingestion.rules.likeness.judging import FLOOR, KEPT_DAYS, Rule


def _share(label: str, least: float, help_text: str) -> forms.FloatField:
    return forms.FloatField(
        label=label,
        min_value=least,
        max_value=1,
        step_size=0.01,
        help_text=help_text,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01"}),
    )


class RuleForm(forms.Form):
    """By which bars two postings count as one job."""

    source = forms.ModelChoiceField(
        Source.objects.filter(company=None).order_by("name"),
        label="For",
        required=False,
        empty_label="all sources",
        help_text="Of two sources, both have to say so.",
        widget=UnfoldAdminSelectWidget,
    )
    name = forms.ChoiceField(
        label="Judge by", choices=LikenessRule.Name.choices, widget=UnfoldAdminSelectWidget
    )
    jaccard = _share("Shared words", FLOOR, "Of all pairs of words of both texts.")
    containment = _share("Of a text cut short", FLOOR, "Of the shorter text, at one employer.")
    skills = _share("Shared skills", 0, "Of all skills that either asks for.")
    cosine = _share("Cosine", FLOOR, "Only where it is what they are judged by.")
    window_days = forms.FloatField(
        label="Days apart, at most",
        min_value=0,
        max_value=KEPT_DAYS,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "1"}),
    )

    def rule(self) -> Rule:
        """Return the rule that was put in."""
        values: dict[str, Any] = {n: v for n, v in self.cleaned_data.items() if n != "source"}
        return Rule(**values)
