"""A person's choice of columns: what may be chosen, what is wrong with it, what it is known by."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ingestion.rules.cells import REJECT_COLUMNS
from ingestion.rules.readers.columns import squashed

#: our fields in the order in which they are offered, in words
FIELDS: Final[dict[str, str]] = {
    "title": "Job title",
    "employer": "Employer",
    "location": "Place",
    "city": "City",
    "region": "Region",
    "country": "Country",
    "remote": "Remote or on site",
    "description": "Description",
    "employment_type": "Employment type",
    "seniority": "Level",
    "salary": "Pay, as a text",
    "salary_min": "Lowest pay",
    "salary_max": "Highest pay",
    "salary_currency": "Currency of the pay",
    "salary_period": "Pay is per",
    "skills": "Skills",
    "external_id": "Your reference",
    "apply_url": "Link to apply",
    "url": "Link to the posting",
    "posted_at": "Posted on",
    "expires_at": "Closes on",
    "category": "Category",
    "language": "Language",
    "employer_url": "Employer's website",
}
TABLES: Final = frozenset({"csv", "xlsx"})  # kinds of file with one header for all rows


def signature(columns: Sequence[str]) -> str:
    """Return 64 hex digits that name a header, however it is spelt; a rejects file has its file's.

    The order does not count: a moved column holds what it held before.
    """
    own = [squashed(name) for name in without_reasons(columns)]
    return hashlib.sha256("\x1f".join(sorted(own)).encode("utf-8", "surrogatepass")).hexdigest()


def without_reasons(columns: Sequence[str]) -> list[str]:
    """Return the columns of a rejects file that were in the file it is of."""
    reasons = len(REJECT_COLUMNS)
    return list(columns[reasons:] if tuple(columns[:reasons]) == REJECT_COLUMNS else columns)


def mapping_of(chosen: Mapping[str, str]) -> dict[str, str]:
    """Turn column → our field ("" for none) into the mapping of readers.

    Every field of ours is in it, so that none is guessed: those without a column are "".
    """
    columns = {field: column for column, field in chosen.items() if field}
    return {field: columns.get(field, "") for field in FIELDS}


def problems(chosen: Iterable[str]) -> list[str]:
    """Say what is wrong with the fields chosen for columns ("" for none), for a person."""
    counts = Counter(field for field in chosen if field)
    wrong = [
        f"“{FIELDS[field]}” is chosen for {count} columns; choose one of them."
        for field, count in counts.items()
        if count > 1
    ]
    if not counts["title"]:
        wrong.insert(0, "No column is the job title; every row needs one.")
    return wrong


def fitting(mapping: Mapping[str, str], columns: Iterable[str]) -> dict[str, str]:
    """Return the part of a remembered mapping whose columns are in a file, by its spelling."""
    spelt = {squashed(name): name for name in columns}
    found = {field: spelt.get(squashed(column)) for field, column in mapping.items() if column}
    return {field: column for field, column in found.items() if column and field in FIELDS}
