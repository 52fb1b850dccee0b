"""The form one applies with: fixed fields, and one for each question of the job."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.core.files.uploadedfile import UploadedFile

from distribution.actions.applying import Application, Document, Given
from distribution.models import Question
from distribution.rules import documents

FEW = 6  # choices that stand open; more are a list
YES_NO = (("yes", "Yes"), ("no", "No"))
FILE_HELP = f"{documents.KINDS}, up to {documents.MOST_BYTES >> 20} MB."
TOO_BIG = f"The file has more than {documents.MOST_BYTES >> 20} MB; send a smaller one."
CONSENT = "Tick the box: without it we may not keep your application."


class DocumentField(forms.FileField):
    """A file whose bytes are what they say they are."""

    widget = forms.FileInput(attrs={"accept": documents.ACCEPT})

    def clean(self, data: Any, initial: Any = None) -> Document | None:
        """Read the file, which is small, and look at its bytes."""
        file = super().clean(data, initial)
        if not isinstance(file, UploadedFile):
            return None
        if (file.size or 0) > documents.MOST_BYTES:
            raise forms.ValidationError(TOO_BIG)
        document = Document(file.name or "", file.read())
        if refusal := documents.refusal(document.name, document.content):
            raise forms.ValidationError(refusal)
        return document


class ApplyForm(forms.Form):
    """One page, no account; what was typed stays, a file has to be chosen again."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    name = forms.CharField(
        max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}), label="Your name"
    )
    email = forms.EmailField(
        max_length=254,
        label="E-mail",
        help_text="We confirm to this address.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = forms.CharField(
        max_length=40,
        required=False,
        label="Phone",
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )
    cv = DocumentField(required=False, label="CV", help_text=FILE_HELP)
    cover = forms.CharField(
        max_length=10_000,
        required=False,
        label="A few words to us",
        help_text="Why this job, and why you. Send a CV, some words, or both.",
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    website = forms.CharField(  # people do not see it; what fills it in is none
        required=False,
        label="Leave this empty",
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    consent = forms.BooleanField(error_messages={"required": CONSENT})
    keep_longer = forms.BooleanField(required=False)

    def __init__(self, *args: Any, questions: Sequence[Question] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.asked = {f"q_{question.pk.hex}": question for question in questions}
        for name, question in self.asked.items():
            self.fields[name] = field_of(question)

    def clean(self) -> dict[str, Any]:
        """Ask for a CV or some words, and keep machines out."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("website"):
            raise forms.ValidationError(
                "The field “Leave this empty” was filled in, which only programs do. Empty it and"
                " send the form again; nothing was sent yet."
            )
        if "cv" in given and "cover" in given and not (given["cv"] or given["cover"].strip()):
            self.add_error("cv", "Send a CV, or write a few words below.")
        return given

    def main(self) -> list[forms.BoundField]:
        """Return the fields about the person, in their order."""
        return [self[name] for name in ("name", "email", "phone", "cv", "cover")]

    def screening(self) -> list[forms.BoundField]:
        """Return a field for each question."""
        return [self[name] for name in self.asked]

    def wrong(self) -> list[forms.BoundField]:
        """Return the fields that need another look."""
        return [self[name] for name in self.errors if name in self.fields]

    def lost_files(self) -> bool:
        """Whether files were sent that browsers do not send again by themselves."""
        return self.is_bound and bool(self.files)

    def application(self, via: str, visitors: Sequence[str] = ()) -> Application:
        """Return what was sent, checked, with what tells where it came from."""
        sent = self.cleaned_data
        names = ("form_key", "name", "email", "phone", "cover", "cv", "keep_longer")
        given = (_given(question, sent.get(name)) for name, question in self.asked.items())
        values = {name: sent[name] for name in names}
        return Application(via=via, visitors=tuple(visitors), given=tuple(given), **values)


def _given(question: Question, value: Any) -> Given:
    if isinstance(value, Document):
        return Given(question, documents.shown_name(value.name), value)
    return Given(question, "" if value is None else str(value))


def field_of(question: Question) -> forms.Field:
    """Return the field that takes the answer to a question."""
    kind, Kind = question.kind, Question.Kind  # noqa: N806 # the class of its words
    said: dict[str, Any] = {
        "label": question.label,
        "help_text": question.help_text,
        "required": question.required,
    }
    if kind in (Kind.CHOICE, Kind.YES_NO):
        chosen = YES_NO if kind == Kind.YES_NO else [(one, one) for one in question.choices]
        return _choice(list(chosen), said)
    if kind == Kind.FILE:
        return DocumentField(**said | {"help_text": question.help_text or FILE_HELP})
    if kind == Kind.NUMBER:
        widget = forms.NumberInput(attrs={"step": "any"})
        return forms.DecimalField(max_digits=14, decimal_places=2, widget=widget, **said)
    if kind == Kind.DATE:
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **said)
    if kind == Kind.LONG:
        return forms.CharField(max_length=5000, widget=forms.Textarea(attrs={"rows": 4}), **said)
    return forms.CharField(max_length=500, **said)


def _choice(chosen: list[tuple[str, str]], said: dict[str, Any]) -> forms.ChoiceField:
    if len(chosen) <= FEW:
        return forms.ChoiceField(choices=chosen, widget=forms.RadioSelect, **said)
    return forms.ChoiceField(choices=[("", "Choose one"), *chosen], **said)
