"""When a schedule is due, what becomes of its slots, and what is too long for it."""

from datetime import timedelta
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from jobly.runs.actions.rescheduling import objections
from jobly.runs.models import Schedule
from jobly.runs.reports.schedules import written_clock
from jobly.runs.rules.spans import parse_span, write_span

MISFIRES = (
    ("run_once", "One run makes good all that were missed"),
    ("run_all", "Each missed one is made good, 24 at most"),
    ("skip", "What is older than the grace is left out"),
)
OVERLAPS = (
    ("skip", "The next one is left out"),
    ("queue", "The next one waits until it has ended"),
    ("allow", "The next one starts beside it"),
)
HOW = (
    'Minute, hour, day of the month, month and weekday, such as "17 3 * * *" or "0 9 * * mon-fri"; '
    'or a period, such as "every 5 min" (s, min, h, d).'
)


class SpanField(forms.CharField):
    """A length of time, typed as "5 min"."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        """Show a length of time as one types it."""
        return write_span(value) if isinstance(value, timedelta) else value

    def clean(self, value: Any) -> Any:
        """Read what was typed; nothing is None."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_span(text)
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from wrong


class ScheduleForm(forms.ModelForm[Schedule]):
    """What an operator may change of a schedule."""

    enabled = forms.BooleanField(
        label="Switched on", required=False, widget=UnfoldBooleanSwitchWidget
    )
    clock = forms.CharField(
        label="When", max_length=100, help_text=HOW, widget=UnfoldAdminTextInputWidget
    )
    timezone = forms.ChoiceField(
        label="By the clocks of",
        help_text="A reading that spring skips is due at the first valid moment after it; "
        "one that autumn repeats is due the first time only.",
        widget=UnfoldAdminSelectWidget,
    )
    misfire = forms.ChoiceField(
        label="If nobody was there when it was due",
        choices=MISFIRES,
        widget=UnfoldAdminRadioSelectWidget,
    )
    overlap = forms.ChoiceField(
        label="If the run before still goes on",
        choices=OVERLAPS,
        widget=UnfoldAdminRadioSelectWidget,
    )
    grace = SpanField(
        label="Grace",
        help_text="How late it may start and still count as in time; later it is shown as late.",
    )
    long_after = SpanField(
        label="Runs long after",
        required=False,
        help_text="Empty: three times what the last runs took, at least 10 min.",
    )
    silent_after = SpanField(
        label="Silent after",
        required=False,
        help_text="So long without a success is shown as silence. Empty: three due times in a row, "
        "at least 1 h.",
    )

    class Meta:
        model = Schedule
        fields: ClassVar = [
            "enabled", "clock", "timezone", "misfire", "overlap", "grace", "long_after",
            "silent_after",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clock, zone = written_clock(self.instance)
        self.initial.update(clock=clock, timezone=zone)
        names = {name for name in available_timezones() if "/" in name}
        field: Any = self.fields["timezone"]
        field.choices = [(name, name) for name in ("UTC", *sorted({*names, zone} - {"UTC"}))]

    def clean(self) -> dict[str, Any]:
        """Refuse what the action would refuse, beside the field that it is about."""
        given = super().clean() or self.cleaned_data
        for name, text in objections(given).items():
            self.add_error(name, f"{text[:1].upper()}{text[1:]}.")
        return given
