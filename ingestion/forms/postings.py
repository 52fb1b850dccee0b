"""What a recruiter types to write a posting, change it, copy it, or keep it as a beginning."""

from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from ingestion.actions.editing import MOST_COPIES, Desk
from ingestion.rules import display
from ingestion.rules.html import MAX_DESCRIPTION
from ingestion.rules.writing import FOLLOWS, Written
from jobly.users.models import Company, User

NOT_STATED: Final = ("", "Not stated")
MOST_OPENINGS: Final = 10_000
MAX_NOTES: Final = 20_000
LANGUAGES: Final = frozenset("en de fr es it nl pt no sv da pl fi".split())
REASONS: Final = ("Filled", "Filled by one of ours", "Cancelled", "On hold", "A mistake")


def _line(label: str, *, most: int, hint: str = "", **more: Any) -> forms.CharField:
    widget = UnfoldAdminTextInputWidget(attrs=more.pop("attrs", {}))
    return forms.CharField(
        label=label, max_length=most, required=False, help_text=hint, widget=widget, **more
    )


def _choice(label: str, words: dict[str, str]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=[NOT_STATED, *words.items()],
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )


class PostingForm(forms.Form):
    """A posting: what everybody reads, and what only the company sees.

    Each field carries what it was filled in with, so that a later save changes what its person
    changed and nothing that somebody else did meanwhile.
    """

    title = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget())
    employer = _line("Employer", most=200, hint="Empty: the company itself.")
    location = _line("Place", most=300, hint="As you would say it: Lyon, France.")
    remote = _choice("Workplace", display.REMOTE)
    employment_type = _choice("Employment", display.EMPLOYMENT_TYPES)
    seniority = _choice("Level", display.SENIORITIES)
    salary = _line("Pay", most=200, hint="Such as EUR 33,000 - 42,000 per year.")
    description = forms.CharField(
        required=False,
        max_length=MAX_DESCRIPTION,
        help_text="Plain text, or HTML with paragraphs, lists and bold.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
    )
    skills = _line("Skills", most=2000, hint="Between commas; found in the text when left empty.")
    apply_url = _line("Link to apply", most=2000, attrs={"inputmode": "url"})
    reference = _line("Your reference", most=200)
    closes = forms.DateField(
        label="Closing date",
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "jb-input"}, format="%Y-%m-%d"),
    )
    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody", widget=UnfoldAdminSelectWidget
    )
    recruiter = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody", widget=UnfoldAdminSelectWidget
    )
    openings = forms.IntegerField(
        min_value=1, max_value=MOST_OPENINGS, initial=1, widget=UnfoldAdminIntegerFieldWidget()
    )
    is_hot = forms.BooleanField(
        label="Hot: fill this one first", required=False, widget=UnfoldBooleanWidget()
    )
    is_public = forms.BooleanField(
        label="Public posting",
        required=False,
        initial=True,
        help_text="Without it the job is internal: it goes to no board and is taken down from all.",
        widget=UnfoldBooleanWidget(),
    )
    notes = forms.CharField(
        label="Internal notes",
        required=False,
        max_length=MAX_NOTES,
        help_text="Nobody outside the company sees them.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True
        for name in ("owner", "recruiter"):
            self.fields[name].queryset = people  # type: ignore[attr-defined] # a ModelChoiceField

    @property
    def text(self) -> Written:
        """What everybody reads, as it was typed."""
        sent = self.cleaned_data
        told = {name: sent.get(name) or "" for name in FOLLOWS}
        told["closes"] = sent["closes"].isoformat() if sent.get("closes") else ""
        return Written(**told)

    @property
    def desk(self) -> Desk:
        """What only the company sees."""
        sent = self.cleaned_data
        people = {
            f"{name}_id": sent[name].pk if sent.get(name) else None
            for name in ("owner", "recruiter")
        }
        return Desk(
            **people,
            openings=sent["openings"],
            is_hot=sent["is_hot"],
            is_public=sent["is_public"],
            notes=sent["notes"],
        )

    @property
    def touched(self) -> set[str]:
        """The fields that differ from what the form was filled in with.

        Browsers send other line ends than they were given: that changes nothing.
        """
        return {
            name
            for name in self.changed_data
            if not _same_text(self.data.get(self.add_initial_prefix(name)), self.data.get(name))
        }

    def texts(self) -> list[forms.BoundField]:
        """Return the fields everybody reads."""
        return [self[name] for name in self.fields if name in FOLLOWS]

    def desk_fields(self) -> list[forms.BoundField]:
        """Return the fields only the company sees."""
        return [self[name] for name in self.fields if name not in FOLLOWS]


def _same_text(one: str | None, other: str | None) -> bool:
    return (one or "").strip().splitlines() == (other or "").strip().splitlines()


class CompanyForm(forms.Form):
    """Whose new posting it is; asked only where there is a choice."""

    company = forms.ModelChoiceField(
        Company.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None
    )

    def __init__(self, *args: Any, companies: QuerySet[Company], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["company"]
        field.queryset = companies  # type: ignore[attr-defined] # a ModelChoiceField


class CopiesForm(forms.Form):
    """The places a job is copied to, one a line, with a language behind a bar where it differs."""

    places = forms.CharField(
        max_length=20_000,
        help_text=(
            f"One a line, {MOST_COPIES} at most. A language may stand behind a bar: Lyon | fr"
        ),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
    )
    is_live = forms.BooleanField(
        label="Open the copies at once; otherwise they are drafts",
        required=False,
        widget=UnfoldBooleanWidget(),
    )

    def clean_places(self) -> list[tuple[str, str]]:
        """Split lines into place and language."""
        lines = [line.strip() for line in self.cleaned_data["places"].splitlines() if line.strip()]
        if len(lines) > MOST_COPIES:
            raise forms.ValidationError(f"{len(lines)} places are more than {MOST_COPIES}.")
        found = []
        for line in lines:
            place, _, language = (part.strip() for part in line.partition("|"))
            if language and language.lower() not in LANGUAGES:
                known = ", ".join(sorted(LANGUAGES))
                raise forms.ValidationError(f"“{language}” is none of the languages {known}.")
            found.append((place[:300], language.lower()))
        return found


class TemplateForm(forms.Form):
    """What a template is called."""

    name = forms.CharField(max_length=120)


class CloseForm(forms.Form):
    """Why a job is closed."""

    why = forms.ChoiceField(choices=[(word, word) for word in REASONS])
