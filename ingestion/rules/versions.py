"""Two versions of a job side by side: which fields differ, in words a person reads."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ingestion.rules import display

#: what a history shows, in its order; other columns follow from these
LABELS: Final[dict[str, str]] = {
    "title": "Title",
    "employer__name": "Employer",
    "reference": "Reference",
    "status": "Status",
    "location_text": "Place",
    "city": "City",
    "region": "Region",
    "country": "Country",
    "remote": "Workplace",
    "employment_type": "Employment",
    "seniority": "Level",
    "pay": "Pay",
    "skills": "Skills",
    "benefits": "Benefits",
    "summary": "Summary",
    "description_text": "Description",
    "apply_url": "Link to apply",
    "expires_at": "Closes",
    "language": "Language",
    "desk__openings": "Openings",
    "desk__is_hot": "Hot",
    "desk__is_public": "Public",
    "desk__owner_id": "Owner",
    "desk__recruiter_id": "Recruiter",
}
PAY: Final = ("salary_min", "salary_max", "salary_currency", "salary_period")
#: columns of the row → the line of the history they stand in
LINE_OF: Final = {
    "employer_id": "employer__name",
    "description_html": "description_text",
    **dict.fromkeys((*PAY, "salary_text", "salary_annual_min", "salary_annual_max"), "pay"),
}
LONG: Final = frozenset({"description_text", "summary"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a diff; of a long text only the lines that differ, with a sign before each."""

    name: str
    label: str
    before: str
    after: str
    lines: tuple[tuple[str, str], ...] = ()


def label_of(name: str) -> str:
    """Return what people call a column; one that no history shows is called by its own words."""
    return LABELS.get(name) or name.removesuffix("_id").replace("_", " ").strip().capitalize()


def value_of(name: str, value: Any) -> str:
    """Return one column's value in words; "" for an empty one.

    Of a list of objects (such as facts about skills) the names stand for the rest.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        found = (one.get("name", one) if isinstance(one, dict) else one for one in value)
        return ", ".join(map(str, found))
    return "" if value is None else _coded(name, str(value))


def shown_names(changed: Iterable[str]) -> list[str]:
    """Return the labels of changed columns, each once, in the order of a history."""
    lines = {LINE_OF.get(name, name) for name in changed}
    return [label for name, label in LABELS.items() if name in lines]


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], people: Mapping[str, str]
) -> list[Difference]:
    """Compare two versions' values; `people` names ids of owners and recruiters."""
    found = []
    for name, label in LABELS.items():
        old, new = (_words(values, name, people) for values in (before, after))
        if old != new:
            lines = _lines(old, new) if name in LONG else ()
            found.append(Difference(name, label, old, new, lines))
    return found


def _words(values: Mapping[str, Any], name: str, people: Mapping[str, str]) -> str:
    if name == "pay":
        low, high, currency, period = (values.get(one) for one in PAY)
        return display.pay(low, high, currency or "", period or "")
    value = values.get(name)
    if name in ("desk__owner_id", "desk__recruiter_id"):
        return people.get(str(value), "somebody who left") if value else ""
    return value_of(name, value)


def _coded(name: str, value: str) -> str:
    tables = {
        "remote": display.REMOTE,
        "employment_type": display.EMPLOYMENT_TYPES,
        "seniority": display.SENIORITIES,
    }
    return value[:10] if name == "expires_at" else tables.get(name, {}).get(value, value)


def _lines(before: str, after: str) -> tuple[tuple[str, str], ...]:
    """Return the lines of a text that differ, with "-" or "+" before each."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return tuple((line[0], line[1:]) for line in found if line[:1] in "+-" and line[:3] not in HEAD)


HEAD: Final = ("---", "+++")
