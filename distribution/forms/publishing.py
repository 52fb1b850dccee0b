"""Forms of publications: which channels jobs go to, and what a person found there."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldAdminURLInputWidget

from distribution.models import Channel
from distribution.rules.staggering import MOST_AT_ONCE
from jobly.users.models import Company

AT_MINUTE = "%Y-%m-%dT%H:%M"  # what browsers send for a day and a time
LAST_YEAR = 2999  # begins after all that can be planned


def not_too_far(at: datetime) -> None:
    """Refuse a moment that no clock of a viewer could show. Raises: ValidationError."""
    if at.year >= LAST_YEAR:
        raise ValidationError(f"Our calendar ends with the year {LAST_YEAR - 1}.")


class PublishForm(forms.Form):
    """Which channels some jobs go to, and when if not at once."""

    channels = forms.ModelMultipleChoiceField(
        Channel.objects.none(),
        to_field_name="slug",
        error_messages={"required": "Choose at least one channel."},
    )
    at = forms.DateTimeField(
        required=False,
        input_formats=[AT_MINUTE],
        validators=[not_too_far],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=AT_MINUTE),
        error_messages={"invalid": "A day and a time, such as 2026-11-30T09:00."},
    )
    pace = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_AT_ONCE,
        widget=forms.NumberInput(attrs={"class": "jb-input"}),
        error_messages={"invalid": "A whole number of jobs."},
    )
    every = forms.ChoiceField(
        required=False,
        choices=[("day", "a day"), ("hour", "an hour")],
        widget=forms.Select(attrs={"class": "jb-input"}),
    )
    weekdays = forms.BooleanField(required=False)

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usable: QuerySet[Channel] = Channel.objects.usable().filter(company=company)
        self.fields["channels"].queryset = usable  # type: ignore[attr-defined] # ModelMultipleChoiceField

    def clean_at(self) -> datetime | None:
        """Take a moment to come, in the person's own zone."""
        at: datetime | None = self.cleaned_data["at"]
        if at is not None and at <= timezone.now():
            raise forms.ValidationError("This moment has passed; choose a later one.")
        return at

    def stagger(self) -> dict[str, Any] | None:
        """Return the pace as runs take it, in the company's zone; None for all at once."""
        given = self.cleaned_data
        if not given["pace"]:
            return None
        every = given["every"] or "day"
        return {"count": given["pace"], "every": every, "weekdays": given["weekdays"]}


class ConfirmForm(forms.Form):
    """What a person found on the board."""

    post_id = forms.CharField(
        max_length=200,
        label="The board's number of the posting",
        widget=UnfoldAdminTextInputWidget,
        help_text="It stands in the posting's address, or on the board's own pages.",
    )
    post_url = forms.CharField(
        max_length=2000, label="Link to it", required=False, widget=UnfoldAdminURLInputWidget
    )
