"""What a recruiter is asked about a file: whose it is, what its columns hold, what to import."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
)

from ingestion.models import RowMatch, Upload
from ingestion.rules import mapping
from ingestion.rules.readers import LIMITS
from jobly.users.models import Company

ACCEPTED: Final = ".csv,.tsv,.txt,.xlsx,.json,.jsonl,.ndjson,.xml,.rss"
MEGABYTE: Final = 1 << 20
LEFT_OUT: Final = ("", "— leave it out —")


class UploadForm(forms.Form):
    """A recruiter's file in the admin, and whose it is."""

    company = forms.ModelChoiceField(
        Company.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    file = forms.FileField(
        allow_empty_file=True,
        max_length=255,
        widget=UnfoldAdminFileFieldWidget(
            attrs={"accept": ACCEPTED, "data-most": LIMITS.file_bytes}
        ),
        help_text=(
            "CSV, TSV, Excel, JSON, JSON Lines, RSS or XML, up to "
            f"{LIMITS.file_bytes // MEGABYTE} MB. What it is shows by its content; nothing is "
            "imported before you have seen every row."
        ),
    )

    def __init__(self, *args: Any, companies: QuerySet[Company], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["company"]
        field.queryset = companies  # type: ignore[attr-defined] # a ModelChoiceField
        if companies.count() == 1:
            field.initial = companies.get()
            field.widget = forms.HiddenInput()


class ColumnsForm(forms.Form):
    """What each column of a file holds; `column-N` is the N-th of them."""

    def __init__(
        self, *args: Any, columns: Sequence[str], fields: dict[str, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.columns = list(columns)
        by_column = {column: field for field, column in fields.items()}
        for number, name in enumerate(self.columns):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                label=name or "(no name)",
                choices=[LEFT_OUT, *mapping.FIELDS.items()],
                required=False,
                initial=by_column.get(name, ""),
                widget=UnfoldAdminSelectWidget(),
            )

    @property
    def chosen(self) -> dict[str, str]:
        """Our field by column, as far as it was chosen."""
        sent = self.cleaned_data
        found = {name: sent.get(f"column-{n}", "") for n, name in enumerate(self.columns)}
        return {name: field for name, field in found.items() if field}

    def clean(self) -> dict[str, Any]:
        """Ask for a title, and for each field at most once."""
        counted = [self.cleaned_data.get(f"column-{n}", "") for n in range(len(self.columns))]
        for wrong in mapping.problems(counted):
            self.add_error(None, wrong)
        return self.cleaned_data


class ImportForm(forms.Form):
    """Which rows of a checked file go in."""

    mode = forms.ChoiceField(
        label="What to import",
        choices=[
            (Upload.Mode.SKIP, "Import the good rows and list the others with their reasons"),
            (Upload.Mode.ALL_OR_NOTHING, "Import nothing unless every row is good"),
        ],
        initial=Upload.Mode.SKIP,
    )


class ChoicesForm(forms.Form):
    """What becomes of the rows of one page of look-alikes: `choice-N` and `why-N` of row N."""

    def rows(self) -> dict[int, tuple[str, str]]:
        """Return (choice, why) by row, as sent; what makes no sense is the action's to refuse."""
        numbers = [key.removeprefix("choice-") for key in self.data if key.startswith("choice-")]
        return {
            int(number): (
                str(self.data.get(f"choice-{number}", ""))[:20],
                str(self.data.get(f"why-{number}", "")),
            )
            for number in numbers
            if number.isascii() and number.isdecimal() and len(number) < 10  # noqa: PLR2004 # a row
        }


class ChoiceForAllForm(forms.Form):
    """One choice for every row of a kind."""

    kind = forms.ChoiceField(choices=RowMatch.Kind.choices)
    choice = forms.ChoiceField(choices=RowMatch.Choice.choices)
    why = forms.CharField(required=False, max_length=500)
