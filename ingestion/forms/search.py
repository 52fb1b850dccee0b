"""What the search page may be asked, and how it says what it was asked."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict

from ingestion.rules import display
from ingestion.rules.places import point_of
from ingestion.rules.skills import canonical_skill

MAX_WORDS = 200  # characters of a free-text field
MAX_PAY = 1_000_000_000  # whole units a year
MAX_PAGE = 500  # pages of 20: what lies deeper is found by narrowing, not by leafing
CURRENCIES: Final = ("EUR", "USD", "GBP", "CHF", "CAD", "AUD", "INR", "NOK", "SEK", "DKK", "PLN")
POSTED: Final = (
    ("1", "Last 24 hours"),
    ("3", "Last 3 days"),
    ("7", "Last 7 days"),
    ("30", "Last 30 days"),
)
RADII: Final = tuple((str(km), f"Within {km} km") for km in (10, 25, 50, 100, 200))
NEWEST, HIGHEST_PAY = "", "-salary"
ORDERS: Final = ((NEWEST, "Newest first"), (HIGHEST_PAY, "Highest pay first"))


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force: what it says, and the query strings without it and with it alone."""

    name: str
    label: str
    query: str
    alone: str


class WordsField(forms.MultipleChoiceField):
    """Several of a list, each its own parameter or comma-separated in one."""

    widget = forms.CheckboxSelectMultiple

    def to_python(self, value: Any) -> list[str]:
        """Part what stands together, drop what stands twice."""
        words = (word.strip() for text in value or () for word in str(text).split(","))
        return list(dict.fromkeys(filter(None, words)))


class SearchForm(forms.Form):
    """The search box and its filters; a value that cannot be used is named and left out."""

    q = forms.CharField(
        label="What",
        required=False,
        max_length=MAX_WORDS,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": "Title, skill or employer",
                "inputmode": "search",
            }
        ),
    )
    location = forms.CharField(
        label="Where",
        required=False,
        max_length=MAX_WORDS,
        widget=forms.TextInput(attrs={"placeholder": "City, region or country"}),
    )
    radius_km = forms.ChoiceField(
        label="Distance", required=False, choices=[("", "That place only"), *RADII]
    )
    remote = WordsField(label="Workplace", required=False, choices=list(display.REMOTE.items()))
    employment_type = WordsField(
        label="Employment", required=False, choices=list(display.EMPLOYMENT_TYPES.items())
    )
    seniority = WordsField(label="Level", required=False, choices=list(display.SENIORITIES.items()))
    salary_min = forms.IntegerField(
        label="Pay a year, at least",
        required=False,
        validators=[MinValueValidator(0), MaxValueValidator(MAX_PAY)],
        widget=forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "60000"}),
        error_messages={"invalid": "A whole number, such as 60000."},
    )
    currency = forms.ChoiceField(
        label="Currency", required=False, choices=[("", "Any"), *((c, c) for c in CURRENCIES)]
    )
    posted_since = forms.CharField(
        label="Posted", required=False, widget=forms.Select(choices=[("", "Any time"), *POSTED])
    )
    skills = forms.CharField(
        label="Skills",
        required=False,
        max_length=MAX_WORDS,
        widget=forms.TextInput(attrs={"placeholder": "python, sql"}),
    )
    source = forms.CharField(required=False, max_length=MAX_WORDS, widget=forms.HiddenInput)
    employer = forms.CharField(required=False, max_length=MAX_WORDS, widget=forms.HiddenInput)
    ordering = forms.ChoiceField(
        label="Order", required=False, choices=ORDERS, widget=forms.HiddenInput
    )
    page = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_PAGE, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["form"] = "search"  # the filters stand beside the form, not in it
            if name in self.errors:
                field.widget.attrs["aria-describedby"] = f"id_{name}_error"

    def boxes(self) -> list[forms.BoundField]:
        """Return the fields of the search box."""
        return [self["q"], self["location"]]

    def kept(self) -> list[forms.BoundField]:
        """Return what a new search keeps without showing a field for it, where it is in force."""
        names = ("source", "employer", "ordering")
        return [self[name] for name in names if self.cleaned_data.get(name)]

    def clean_posted_since(self) -> str:
        """Take a number of days of the list."""
        days = self.cleaned_data["posted_since"]
        if days and days not in dict(POSTED):
            raise forms.ValidationError("Choose one of the list.")
        return str(days)

    def clean_employer(self) -> str:
        """Take a number or a name; "²" is a digit to Python and a number to nobody."""
        word = str(self.cleaned_data["employer"])
        if word.isdigit() and not word.isdecimal():
            raise forms.ValidationError("No such employer.")
        return word

    def clean_skills(self) -> str:
        """Take the spelling that jobs are stored with, each skill once."""
        words = (canonical_skill(word) for word in self.cleaned_data["skills"].split(","))
        return ",".join(dict.fromkeys(filter(None, words)))

    def clean(self) -> dict[str, Any]:
        """Compare pay within one currency only, and measure only from where there is a point."""
        given = self.cleaned_data
        if given.get("salary_min") and not given.get("currency"):
            self.add_error("currency", "Choose one: amounts of several do not compare.")
        if given.get("ordering") == HIGHEST_PAY and not given.get("currency"):
            self.add_error("ordering", "To order by pay, choose a currency first.")
        if given.get("radius_km") and not point_of(given.get("location") or ""):
            self.add_error("radius_km", "For a distance, name one city we know.")
        return given

    @property
    def page_number(self) -> int:
        """The page asked for, the first when none or a wrong one was."""
        return self.cleaned_data.get("page") or 1

    def narrowing(self) -> dict[str, str]:
        """Return what JobFilter takes: names and values that are in force, nothing else."""
        told: dict[str, str] = {}
        for name, value in self.cleaned_data.items():
            if name not in {"page", "ordering"} and value:
                told[name] = ",".join(value) if isinstance(value, list) else str(value)
        if "currency" not in told:
            told.pop("salary_min", None)
        return told

    @property
    def order(self) -> str:
        """How results are ordered: `HIGHEST_PAY` or `NEWEST`."""
        return str(self.cleaned_data.get("ordering") or NEWEST)

    def without(self, name: str, value: str = "") -> str:
        """Return the query string of the first page without one filter, or one value of it."""
        rest = self._params()
        kept = [one for one in rest.getlist(name) if value and one != value]
        rest.setlist(name, kept) if kept else rest.pop(name, None)
        if name == "currency":  # without it neither a minimum nor an order by pay has a meaning
            for other in ("salary_min", "ordering"):
                rest.pop(other, None)
        if name == "location":
            rest.pop("radius_km", None)
        return rest.urlencode()

    def only(self, name: str, value: str) -> str:
        """Return the query string of one filter alone; a minimum of pay keeps its currency."""
        alone = {name: value}
        if name == "salary_min":
            alone["currency"] = self.cleaned_data["currency"]
        if name == "radius_km":
            alone["location"] = self.cleaned_data["location"]
        return urlencode(alone)

    def query(self, **changed: Any) -> str:
        """Return the query string of this search with some values changed."""
        params = self._params()
        for name, value in changed.items():
            params[name] = str(value)
            if value == "":
                del params[name]
        return params.urlencode()

    def _params(self) -> QueryDict:
        """Return what is in force as parameters; the page is none of it."""
        params = QueryDict(mutable=True)
        for name, value in self.narrowing().items():
            params.setlist(name, value.split(",") if name in LISTS else [value])
        if self.order != NEWEST:
            params["ordering"] = self.order
        return params

    def chips(self, *, employer: str = "") -> list[Chip]:
        """Return every filter in force; `employer` names the one filtered by id."""
        return [
            Chip(
                name,
                _label(name, word, self, employer),
                self.without(name, word),
                self.only(name, word),
            )
            for name, words in self._params().lists()
            if name != "ordering"
            for word in (words if name in LISTS else [words[0]])
        ]


LISTS: Final = frozenset({"remote", "employment_type", "seniority", "skills"})
CHOICES: Final[dict[str, dict[str, str]]] = {
    "remote": display.REMOTE,
    "employment_type": display.EMPLOYMENT_TYPES,
    "seniority": display.SENIORITIES,
    "posted_since": dict(POSTED),
    "radius_km": dict(RADII),
}


def _label(name: str, word: str, form: SearchForm, employer: str) -> str:
    """Say what one filter does, in few words."""
    if name in CHOICES:
        return CHOICES[name].get(word, word)
    if name == "salary_min":
        currency = form.cleaned_data["currency"]
        return f"From {display.money(int(word) * 100, currency)} a year"
    if name == "employer":
        return f"Employer: {employer or word}"
    names = {"q": "“{}”", "location": "In {}", "source": "Seen at {}", "currency": "Paid in {}"}
    return names.get(name, "{}").format(word)
