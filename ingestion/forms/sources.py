"""The form of a source: how it is asked, how much, and what may be done with its jobs."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from ingestion.errors import SourceMisconfigured
from ingestion.models import Source
from ingestion.rules.asking import address
from ingestion.rules.sources import ANSWERED_FOR, PROFILES, base_url, lacking
from jobly.runs.rules.clock import parse_clock

SECRETS = ("api_key", "app_id", "app_key")
FILES = [("", "Files and uploads only")]
KEPT = "Stored. Leave empty to keep it; it is never shown."
CLOCK = 'When it is collected: "every 6 h" or a crontab in UTC such as 0 9 * * *. Empty = by hand.'


def secret_field(label: str) -> forms.CharField:
    """Return a field that is written and never read back."""
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False)
    return forms.CharField(label=label, required=False, max_length=500, strip=True, widget=widget)


class SourceForm(forms.ModelForm[Source]):
    """A source and how it is asked; secrets go in and never come out."""

    adapter = forms.ChoiceField(
        choices=[*FILES, *((name, known.title) for name, known in sorted(PROFILES.items()))],
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Whose answers it asks for.",
    )
    clock = forms.CharField(
        required=False, max_length=100, widget=UnfoldAdminTextInputWidget, help_text=CLOCK
    )
    api_key = secret_field("API key")
    app_id = secret_field("Application id")
    app_key = secret_field("Application key")

    class Meta:
        model = Source
        fields: ClassVar = [
            "name", "company", "adapter", "settings", "base_url", "employer", "enabled", "rights",
            "quota_limit", "quota_period", "alert_share", "call_delay", "call_timeout",
            "max_pages", "call_price", "price_currency", "backup", "strategy", "process_delay",
            "load_delay",
        ]  # fmt: skip
        widgets: ClassVar = {
            "settings": UnfoldAdminTextareaWidget(attrs={"rows": 4}),
            "base_url": UnfoldAdminTextInputWidget,
        }
        help_texts: ClassVar = {
            "settings": 'As JSON, by adapter: {"board": "acme"}, {"site": "acme"}, '
            '{"company": "acme"}, {"tenant": "acme", "host": "wd3", "site": "Careers"} …',
            "call_delay": "Hours:minutes:seconds between two calls; empty = the adapter's figure.",
            "call_timeout": "Hours:minutes:seconds one call may take.",
            "company": "Empty = the public catalogue.",
            "process_delay": "Hours:minutes:seconds from an answer to reading it.",
            "load_delay": "Hours:minutes:seconds from reading to loading.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.instance.credentials or {}
        for name in SECRETS:
            if name in self.fields and kept.get(name):
                self.fields[name].help_text = KEPT
        schedule = self.instance.schedule
        if "clock" in self.fields and schedule is not None and schedule.enabled:
            self.fields["clock"].initial = schedule.clock
        if self.instance.adapter in ANSWERED_FOR and "enabled" in self.fields:
            self.fields["enabled"].disabled = True
            self.fields["enabled"].help_text = "Switched where somebody answers for it."

    def clean_clock(self) -> str:
        """Take a clock, or nothing."""
        text = str(self.cleaned_data["clock"]).strip()
        if text:
            try:
                parse_clock(text)
            except ValueError as wrong:
                raise forms.ValidationError(str(wrong)) from wrong
        return text

    def clean_settings(self) -> dict[str, Any]:
        """Take an object; the names are the adapter's business."""
        settings = self.cleaned_data["settings"]
        settings = {} if settings is None else settings
        if not isinstance(settings, dict):
            raise forms.ValidationError('Names and values in braces, such as {"board": "acme"}.')
        return settings

    def clean(self) -> dict[str, Any] | None:
        """Say at once what the adapter needs and has not."""
        found = super().clean()
        adapter = self.cleaned_data.get("adapter") or ""
        settings = self.cleaned_data.get("settings")
        if not adapter or not isinstance(settings, dict):
            return found
        for name in lacking(adapter, settings, self.secrets()):
            where = name if name in SECRETS else "settings"
            self.add_error(where, f"{PROFILES[adapter].title} needs {name}.")
        if not self.errors and not self.cleaned_data.get("base_url"):
            try:
                address(base_url(adapter, settings), settings)
            except SourceMisconfigured as wrong:
                self.add_error("settings", wrong.message)
        return found

    def secrets(self) -> dict[str, str]:
        """Return the credentials to store: what was typed laid over what is there."""
        typed = {name: self.cleaned_data.get(name) or "" for name in SECRETS}
        kept = dict(self.instance.credentials or {})
        return kept | {name: text for name, text in typed.items() if text}
