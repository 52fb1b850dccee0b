"""Forms of channels: a board, how to reach it, and what it allows."""

from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from distribution.models import Channel
from distribution.rules.channels import DEFAULTS, UNCALLED, in_sandbox
from distribution.rules.costs import to_major, to_minor
from distribution.rules.options import wrong_options

# what each kind of board signs in with; our own needs nothing
SECRETS: dict[str, tuple[str, ...]] = {
    "linkedin": ("client_id", "client_secret"),
    "indeed": ("client_id", "client_secret"),
    "rest": ("partner_id", "api_key"),
    "webhook": ("signing_secret",),
    "feed": (),
    "intranet": (),
    "internal": (),
}
STORED = "Stored. Leave empty to keep it; it is never shown."
MISSING = "Not set yet."


def checked_address(text: str) -> str:
    """Return where a board is: a web address, the practice boards' word, or nothing.

    Raises: ValidationError.
    """
    text = text.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, no port
        is_web = False
    if text and not is_web and not in_sandbox(text):
        raise forms.ValidationError("An address starts with https:// and names a host.")
    return text


def secret_field(label: str) -> forms.CharField:
    """Return a field that is written and never read back."""
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False)
    return forms.CharField(label=label, required=False, max_length=500, strip=True, widget=widget)


class ChannelForm(forms.ModelForm[Channel]):
    """A board and how to reach it; secrets go in and never come out."""

    client_id = secret_field("Client id")
    client_secret = secret_field("Client secret")
    partner_id = secret_field("Partner id")
    api_key = secret_field("API key")
    signing_secret = secret_field("Signing secret")
    price = forms.DecimalField(
        min_value=Decimal(0),
        max_value=Decimal(10**12),
        required=False,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="In the currency's own unit: 299 or 12.50. A relisting costs again.",
    )

    class Meta:
        model = Channel
        fields: ClassVar = [
            "company", "kind", "slug", "name", "enabled", "base_url", "limit_per_minute",
            "settle_window", "poll_delay", "poll_until", "call_timeout", "rate_limit_rule",
            "idempotent_create", "lookup", "batch_size", "id_max", "options", "credentials_end_on",
            "cost_model", "currency", "credits_left", "stay_days", "at_end",
            "renew_before_days", "renew_most",
        ]  # fmt: skip
        labels: ClassVar = {
            "base_url": "Address",
            "id_max": "Longest id",
            "lookup": "Can look up",
            "credentials_end_on": "Secret ends on",
            "cost_model": "The board charges",
            "at_end": "Before a posting's stay ends",
            "stay_days": "Days of a stay",
            "renew_before_days": "Days before the end",
            "renew_most": "Times in a row",
        }
        help_texts: ClassVar = {
            "kind": "Whose way of talking the board understands; it stays as it is.",
            "name": "As your colleagues call it.",
            "slug": "A short word without spaces that commands and the API use; it stays.",
            "enabled": "Off: nothing is sent to this board.",
            "credentials_end_on": "If the board says when the secret ends: you are warned before.",
            "base_url": "Where the board's API is, such as https://api.example.com. "
            "Empty for a new LinkedIn or Indeed channel: theirs.",
            "settle_window": "Hours:minutes:seconds the board may take to show what it accepted.",
            "poll_delay": "Hours:minutes:seconds before the first look at an accepted job.",
            "poll_until": "Hours:minutes:seconds after which a person is asked.",
            "call_timeout": "Hours:minutes:seconds that one call may take.",
            "options": "Settings of this kind of board as JSON, such as "
            '{"poster_email": "jobs@example.com"}.',
        }
        widgets: ClassVar = {
            "base_url": UnfoldAdminTextInputWidget,
            "credentials_end_on": UnfoldAdminSingleDateWidget,
            "options": UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        if row._state.adding:  # noqa: SLF001 # Django's own way to ask
            return
        kept = row.credentials or {}
        for name in {word for words in SECRETS.values() for word in words}:
            if name not in SECRETS[row.kind]:
                self.fields.pop(name, None)
            elif name in self.fields:
                self.fields[name].help_text = STORED if kept.get(name) else MISSING
        self.initial["price"] = to_major(row.price_minor, row.currency)

    def clean_base_url(self) -> str:
        """Take a web address, or the word for the practice boards."""
        return checked_address(str(self.cleaned_data["base_url"]))

    def clean_limit_per_minute(self) -> int:
        """Refuse a limit that would let nothing pass."""
        limit = int(self.cleaned_data["limit_per_minute"])
        if limit < 1:
            raise forms.ValidationError("At least 1; to send nothing, switch the channel off.")
        return limit

    def clean_currency(self) -> str:
        """Take three letters, or nothing where the board charges nothing."""
        text = str(self.cleaned_data["currency"] or "").strip().upper()
        if text and (len(text) != 3 or not text.isalpha()):  # noqa: PLR2004 # ISO 4217
            raise forms.ValidationError("Three letters, such as EUR.")
        return text

    def price_minor(self) -> int:
        """Return the price in minor units of its currency."""
        return to_minor(self.cleaned_data.get("price") or Decimal(0), self._currency())

    def _currency(self) -> str:
        return str(self.cleaned_data.get("currency") or self.instance.currency)

    def clean(self) -> dict[str, Any]:
        """Refuse a price that its currency cannot have."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            self.price_minor()
        except ValueError as wrong:
            self.add_error("price", str(wrong))
        return given

    def clean_options(self) -> dict[str, Any]:
        """Take an object; the names are the board's business."""
        options = self.cleaned_data["options"] or {}
        if not isinstance(options, dict):
            raise forms.ValidationError('Names and values in braces, such as {"title_max": 90}.')
        kind = self.cleaned_data.get("kind") or self.instance.kind
        if wrong := wrong_options(kind, options) if kind else {}:
            raise forms.ValidationError([f"{words}." for words in wrong.values()])
        return options

    def secrets(self) -> dict[str, str]:
        """Return the credentials to store: what was typed laid over what is there."""
        names = SECRETS[self.cleaned_data.get("kind") or self.instance.kind]
        typed = {name: self.cleaned_data.get(name) or "" for name in names}
        return {name: text for name, text in typed.items() if text}


class NewChannelForm(ChannelForm):
    """A new board: what a person must say; the figures are those of the board's contract."""

    class Meta(ChannelForm.Meta):
        fields: ClassVar = ["company", "kind", "slug", "name", "base_url", "options"]

    def clean(self) -> dict[str, Any]:
        """Ask for an address where the kind has none of its own."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        kind = given.get("kind")
        if kind and kind not in UNCALLED and not (given.get("base_url") or DEFAULTS[kind].base_url):
            self.add_error("base_url", "This kind of board has no common address; name yours.")
        company, slug = given.get("company"), given.get("slug")
        if company and Channel.objects.filter(company=company, slug=slug).exists():
            self.add_error("slug", "There is a channel of this name already.")
        return given
