"""Forms of the calendar: which days of which channels, and where to what is chosen goes."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Any, ClassVar, Literal

from django import forms
from django.utils import timezone

from distribution.models import Channel
from distribution.reports.calendar import Span
from jobly.users.models import Company
from jobly.users.rules import Principal

from .publishing import AT_MINUTE, LAST_YEAR, not_too_far

FIRST, LAST = date(2000, 1, 1), date(LAST_YEAR, 1, 1)
View = Literal["month", "week", "day"]
WEEK = 7


class CalendarForm(forms.Form):
    """Which part of the calendar is shown; what cannot be read is today's month of everything."""

    VIEWS: ClassVar = [("month", "Month"), ("week", "Week"), ("day", "Day")]
    view = forms.ChoiceField(choices=VIEWS, required=False)
    on = forms.DateField(required=False)
    company = forms.ModelChoiceField(Company.objects.none(), required=False)
    channel = forms.ModelChoiceField(Channel.objects.none(), required=False)

    def __init__(self, *args: Any, principal: Principal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        companies = Company.objects.order_by("name")
        if not principal.is_staff:
            companies = companies.filter(pk__in=principal.company_ids)
        channels = Channel.objects.visible_to(principal).order_by("company__name", "slug")
        self.fields["company"].queryset = companies  # type: ignore[attr-defined] # ModelChoiceField
        self.fields["channel"].queryset = channels  # type: ignore[attr-defined] # ModelChoiceField
        for name in ("company", "channel"):
            self.fields[name].empty_label = "All"  # type: ignore[attr-defined] # ModelChoiceField
            self.fields[name].widget.attrs["class"] = "jb-input"

    def shown(self) -> tuple[View, date, Span]:
        """Return the view, the day it is about, and the days it spans."""
        self.is_valid()
        known = self.cleaned_data
        zone = timezone.get_current_timezone()
        on = known.get("on") or timezone.localdate()
        on = on if FIRST <= on <= LAST else timezone.localdate()
        if known.get("view") == "day":
            return "day", on, Span(on, 1, zone)
        if known.get("view") == "week":
            return "week", on, Span(on - timedelta(days=on.weekday()), WEEK, zone)
        first = on.replace(day=1)
        begins = first - timedelta(days=first.weekday())
        days = first.weekday() + monthrange(on.year, on.month)[1]
        return "month", on, Span(begins, -(-days // WEEK) * WEEK, zone, on.month)


class MoveForm(forms.Form):
    """Where what was chosen goes: to another moment, or off the calendar."""

    MOST: ClassVar = 500
    verb = forms.ChoiceField(choices=[("move", "move"), ("off", "off")])
    at = forms.DateTimeField(
        required=False,
        input_formats=[AT_MINUTE],
        validators=[not_too_far],
        error_messages={"invalid": "A day and a time, such as 2026-11-30T09:00."},
    )

    def clean(self) -> dict[str, Any]:
        """Ask for a moment to come where things are moved."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("verb") == "move" and not self.errors:
            at = given.get("at")
            if at is None:
                self.add_error("at", "Say when instead: a day and a time.")
            elif at <= timezone.now():
                self.add_error("at", "This moment has passed; choose a later one.")
        return given
