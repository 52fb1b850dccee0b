"""Forms of webhooks: an endpoint of a company, and the secret of a channel."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminURLInputWidget,
)

from distribution.actions import endpoints
from distribution.models import HookEndpoint, HookKey
from distribution.rules.telling import EVENTS
from jobly.errors import Rejected


class EndpointForm(forms.ModelForm[HookEndpoint]):
    """Where to tell what."""

    events = forms.MultipleChoiceField(
        choices=[(name, f"{meaning} ({name})") for name, meaning in EVENTS.items()],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen = all of them, those that come later too.",
    )

    class Meta:
        model = HookEndpoint
        fields: ClassVar = ["company", "url", "description", "events"]
        widgets: ClassVar = {
            "url": UnfoldAdminURLInputWidget,
            "description": UnfoldAdminTextInputWidget,
        }
        labels: ClassVar = {"url": "Address"}
        help_texts: ClassVar = {"url": "https://…; events are sent there by POST."}

    def clean(self) -> dict[str, Any]:
        """Refuse what can never be told, beside its field."""
        given = super().clean() or self.cleaned_data
        try:
            endpoints.check(given.get("url") or "", list(given.get("events") or []))
        except Rejected as wrong:
            for name, lines in wrong.fields.items():
                if name in given:
                    self.add_error(name, lines)
        return given


class HookKeyForm(forms.Form):
    """How a board signs, and with what, if it insists on a secret of its own."""

    scheme = forms.ChoiceField(
        choices=HookKey.Scheme.choices, widget=UnfoldAdminSelectWidget, label="It signs by"
    )
    secret = forms.CharField(
        required=False,
        min_length=16,
        max_length=200,
        label="Its own secret",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Leave it empty to have one made, which is then shown once.",
    )
