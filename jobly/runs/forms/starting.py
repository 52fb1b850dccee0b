"""Starting work by hand: a form made from the signature of what will be called."""

import inspect
import json
import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from jobly.runs.actions.kinds import RunKind, check_args, kinds
from jobly.runs.errors import WrongArguments
from jobly.runs.rules.words import in_words
from jobly.users.models import Company

AT_MINUTE = "%Y-%m-%dT%H:%M"  # what browsers send for a day and a time
MOST_PRIORITY = 100
PREFIX = "arg-"
EXAMPLES = {list: "[1, 2]", dict: '{"name": "value"}'}
WORDS = {str: "Text", int: "A whole number", float: "A number", bool: "Yes or no"}


class KindForm(forms.Form):
    """What kind of work to start."""

    kind = forms.ChoiceField(label="Kind of work", widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = sorted(((in_words(name), name) for name in kinds()), key=lambda pair: pair[0])
        choices = [(name, f"{words} ({name})") for words, name in named]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined] # a ChoiceField


class InputForm(forms.Form):
    """The arguments of a kind of work, one field each; those of a run may be given to begin with.

    What is left empty and has a default is not passed on, so the code's own default counts.
    """

    def __init__(self, *args: Any, kind: RunKind, given: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        for name, parameter in kind.parameters.parameters.items():
            field = field_for(parameter)
            if name in given:
                field.initial = _shown(field, given[name])
            self.fields[f"{PREFIX}{name}"] = field

    def clean(self) -> dict[str, Any]:
        """Check the arguments against the signature as the ledger will."""
        given = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                check_args(self.kind, self.values())
            except WrongArguments as wrong:
                raise forms.ValidationError(wrong.message) from wrong
        return given

    def values(self) -> dict[str, Any]:
        """Return the arguments that were filled in."""
        found = {}
        for name, parameter in self.kind.parameters.parameters.items():
            value = self.cleaned_data[f"{PREFIX}{name}"]
            has_default = parameter.default is not inspect.Parameter.empty
            if has_default and value in (None, ""):
                continue
            found[name] = value
        return found


class StartForm(InputForm):
    """The arguments of new work, for whom it is done, from when on and how urgently."""

    company = forms.ModelChoiceField(
        Company.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label="Nobody’s: the system’s own",
        help_text="Its people then see the run.",
    )
    start_at = forms.DateTimeField(
        label="Not before",
        required=False,
        input_formats=[AT_MINUTE],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text="In your own time zone. Empty: at once.",
        error_messages={"invalid": "A day and a time, such as 2026-11-30T09:00."},
    )
    priority = forms.IntegerField(
        initial=0,
        min_value=-MOST_PRIORITY,
        max_value=MOST_PRIORITY,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=f"−{MOST_PRIORITY} to {MOST_PRIORITY}; among due work the highest begins first.",
    )

    def __init__(self, *args: Any, companies: QuerySet[Company], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["company"].queryset = companies  # type: ignore[attr-defined] # ModelChoiceField
        last = ("company", "start_at", "priority")
        self.order_fields([*(name for name in self.fields if name not in last), *last])

    def clean_start_at(self) -> datetime | None:
        """Take a moment to come."""
        at: datetime | None = self.cleaned_data["start_at"]
        if at is not None and at <= timezone.now():
            raise forms.ValidationError("This moment has passed; choose a later one or none.")
        return at


def field_for(parameter: inspect.Parameter) -> forms.Field:
    """Make the form field of a parameter by its type; what is no plain value is typed as JSON."""
    wanted, may_be_none = _type_of(parameter.annotation)
    needed = parameter.default is inspect.Parameter.empty and not may_be_none
    common: dict[str, Any] = {
        "label": parameter.name.replace("_", " ").capitalize(),
        "required": needed and wanted is not bool,
        "help_text": _help(parameter, wanted),
    }
    if parameter.default not in (inspect.Parameter.empty, None):
        common["initial"] = parameter.default
    if get_origin(wanted) is Literal:
        choices = [(choice, choice) for choice in get_args(wanted)]
        if not needed:
            choices.insert(0, ("", "—"))
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget, **common)
    if wanted is bool:
        return forms.BooleanField(widget=UnfoldBooleanWidget, **common)
    if wanted is int:
        return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget, **common)
    if wanted is float:
        return forms.FloatField(widget=UnfoldAdminDecimalFieldWidget, **common)
    if wanted is str:
        return forms.CharField(widget=UnfoldAdminTextInputWidget, max_length=10_000, **common)
    return ShapedField(get_origin(wanted) or wanted, **common)


class ShapedField(forms.JSONField):
    """A list or an object, typed as JSON."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 5, "spellcheck": "false"})

    def __init__(self, shape: Any, **options: Any) -> None:
        super().__init__(**options)
        self.shape = shape
        self.empty_values = [None, ""]  # an empty list is a value

    def clean(self, value: Any) -> Any:
        """Refuse another shape than the signature asks for."""
        found = super().clean(value)
        if found is not None and self.shape in EXAMPLES and not isinstance(found, self.shape):
            raise forms.ValidationError(f"This takes the shape {EXAMPLES[self.shape]}.")
        return found


def _type_of(annotation: Any) -> tuple[Any, bool]:
    """Return the type without None, and whether None is one of its values."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    rest = [one for one in get_args(annotation) if one is not type(None)]
    may_be_none = len(rest) < len(get_args(annotation))
    return (rest[0] if len(rest) == 1 else annotation), may_be_none


def _help(parameter: inspect.Parameter, wanted: Any) -> str:
    """Say what a field takes and what happens when it is left empty."""
    shape = get_origin(wanted) or wanted
    said = WORDS.get(wanted, f"JSON, such as {EXAMPLES.get(shape, 'null')}")
    if get_origin(wanted) is Literal:
        said = "One of these"
    if parameter.default is not inspect.Parameter.empty and wanted is not bool:
        default = "nothing" if parameter.default is None else json.dumps(parameter.default)
        said += f". Left empty: {default}"
    return f"{said}."


def _shown(field: forms.Field, value: Any) -> Any:
    """Return a value of a run as its field shows it."""
    return value if isinstance(field, forms.JSONField | forms.BooleanField) else _text(value)


def _text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value
