"""Forms about applicants: where they go, what is asked and what is written to them."""

from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from distribution.actions.applicants import Step
from distribution.models import Applicant, ApplicationTerms, Question, ReplyTemplate
from distribution.rules.letters import PLACES, unknown_places
from distribution.rules.screening import Asked
from distribution.rules.stages import BY_RECRUITERS
from jobly.users.models import User

STAGES = [(one.value, one.label) for one in Applicant.Stage if one.value in BY_RECRUITERS]
PLACES_SAID = ", ".join(f"{{{name}}}" for name in PLACES)
INPUT = {"class": "jb-input"}


class MoveForm(forms.Form):
    """Where applications go, why, and whether the people are told."""

    to = forms.ChoiceField(
        label="To stage", choices=STAGES, widget=forms.Select(attrs=INPUT), initial="screen"
    )
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={**INPUT, "size": 40}),
        help_text="For your colleagues; it is not sent.",
    )
    reply = forms.ModelChoiceField(
        ReplyTemplate.objects.none(),
        label="Write to them",
        required=False,
        empty_label="No, tell nobody",
        widget=forms.Select(attrs=INPUT),
    )

    def __init__(self, *args: Any, templates: QuerySet[ReplyTemplate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["reply"].queryset = templates  # type: ignore[attr-defined] # ModelChoiceField

    def step(self, *, actor: User | None, origin: str) -> Step:
        """Return what was chosen."""
        given = self.cleaned_data
        return Step(given["to"], actor, given["reason"], given["reply"], origin)


class QuestionForm(forms.Form):
    """One question of a job."""

    label = forms.CharField(
        max_length=300, label="Question", widget=forms.TextInput(attrs={**INPUT, "size": 50})
    )
    kind = forms.ChoiceField(
        choices=Question.Kind.choices, label="Answered by", widget=forms.Select(attrs=INPUT)
    )
    required = forms.BooleanField(required=False, label="Must be answered")
    help_text = forms.CharField(
        max_length=300, required=False, widget=forms.TextInput(attrs={**INPUT, "size": 50})
    )
    choices = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={**INPUT, "rows": 3}),
        help_text="One a line; only for “one of several”.",
    )
    wanted = forms.CharField(
        required=False,
        label="Hoped for",
        widget=forms.Textarea(attrs={**INPUT, "rows": 2}),
        help_text="One a line (yes or no, or choices). Other answers are marked for you to look"
        " at; nobody is turned down by them.",
    )
    at_least = forms.DecimalField(
        required=False,
        max_digits=14,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"class": "jb-input jb-input--short", "step": "any"}),
        help_text="For numbers: a smaller one is marked.",
    )

    def asked(self) -> Asked:
        """Return the question."""
        given = self.cleaned_data
        return Asked(
            label=given["label"],
            kind=given["kind"],
            required=given["required"],
            help_text=given["help_text"],
            choices=_lines(given["choices"]) if given["kind"] == "choice" else (),
            wanted=_lines(given["wanted"]),
            at_least="" if given["at_least"] is None else str(given["at_least"]),
        )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip()[:120] for line in text.splitlines() if line.strip()))


class _WithPlaces(forms.ModelForm[Any]):
    """A form whose texts have places that are filled in."""

    def clean(self) -> dict[str, Any]:
        """Name what would stand in braces in the letter."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        for name, text in list(given.items()):
            if isinstance(text, str) and (unknown := unknown_places(text)):
                words = f"Nothing is known for {{{unknown[0]}}}; there are {PLACES_SAID}."
                self.add_error(name, words)
        return given


class ReplyForm(_WithPlaces):
    """Words for many letters."""

    class Meta:
        model = ReplyTemplate
        fields: ClassVar = ["company", "name", "subject", "body"]
        help_texts: ClassVar = {
            "name": "As your colleagues find it.",
            "body": f"{PLACES_SAID} are filled in for each person.",
        }
        widgets: ClassVar = {
            "subject": UnfoldAdminTextInputWidget,
            "body": UnfoldAdminTextareaWidget(attrs={"rows": 10}),
        }


class TermsForm(_WithPlaces):
    """How a company treats applications."""

    class Meta:
        model = ApplicationTerms
        fields: ClassVar = [
            "company", "keep_days", "idle_days", "privacy_url", "confirm_subject", "confirm_text",
        ]  # fmt: skip
        field_classes: ClassVar = {"privacy_url": forms.CharField}  # the row itself asks for a URL
        labels: ClassVar = {
            "keep_days": "Days kept",
            "idle_days": "Days kept while the job is open",
            "privacy_url": "Your page on data protection",
            "confirm_subject": "Subject of the confirmation",
            "confirm_text": "Text of the confirmation",
        }
        help_texts: ClassVar = {
            "confirm_subject": "Empty: our own words.",
            "confirm_text": f"Empty: our own words. {PLACES_SAID} are filled in.",
        }
        widgets: ClassVar = {
            "privacy_url": UnfoldAdminTextInputWidget,
            "confirm_subject": UnfoldAdminTextInputWidget,
            "confirm_text": UnfoldAdminTextareaWidget(attrs={"rows": 10}),
        }


class LetterForm(forms.Form):
    """A letter to one applicant."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    subject = forms.CharField(max_length=200, widget=forms.TextInput(attrs={**INPUT, "size": 50}))
    body = forms.CharField(
        max_length=10_000,
        label="Text",
        widget=forms.Textarea(attrs={**INPUT, "rows": 7}),
        help_text=f"{PLACES_SAID} are filled in.",
    )
