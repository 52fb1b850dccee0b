"""What one says to publications that wait, and which of them wait."""

from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from distribution.reports.approvals import Need

WORDS: Final[dict[str, bool | None]] = {"": None, "yes": True, "no": False}
OWN: Final = (("no", "No: they go out at once"), ("yes", "Yes: an owner says yes first"))
LIKE: Final = (("", "As the company says"), ("yes", "Yes, always"), ("no", "No, never"))


class DecisionForm(forms.Form):
    """Yes or no, and why."""

    decision = forms.ChoiceField(choices=[("approve", "Approve"), ("reject", "Reject")])
    why = forms.CharField(
        required=False,
        max_length=500,
        help_text="Who asked reads it. A no needs a reason.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )

    def clean(self) -> dict[str, Any]:
        """Take a reason for a no."""
        sent: dict[str, Any] = super().clean() or self.cleaned_data
        approve = sent.get("decision") == "approve"
        why = (sent.get("why") or "").strip()
        if not approve and not why:
            self.add_error("why", "Say why, so that who asked can change it.")
        return {"approve": approve, "why": why}


class NeedsForm(forms.Form):
    """Whether publications wait: of the company, and of each channel."""

    def __init__(self, *args: Any, needs: list[Need], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needs = needs
        for number, need in enumerate(needs):
            self.fields[f"need-{number}"] = forms.ChoiceField(
                label=str(need.channel or "All channels of the company"),
                choices=LIKE if need.channel else OWN,
                initial=need.word or ("" if need.channel else "no"),
                required=need.channel is None,
                widget=UnfoldAdminSelectWidget(),
            )

    def chosen(self) -> list[tuple[Need, str]]:
        """Return what was chosen for each."""
        return [
            (need, self.cleaned_data[f"need-{number}"]) for number, need in enumerate(self.needs)
        ]
