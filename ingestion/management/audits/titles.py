"""Sets of titles: their level and department, in each set's own words."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ingestion.rules.departments import department_of_title
from ingestion.rules.ranks import rank_of_title

from .measuring import Measured, labels_scored

# What a set calls our ranks. In the first, a plain manager, engineer or consultant is "Senior" and
# an analyst or clerk "Junior"; in the second, who neither leads nor manages is "Other".
_FIVE: Final = {
    "trainee": "Junior",
    "chief": "Management",
    "president": "Management",
    "vice president": "Management",
    "management": "Lead",
    "managing director": "Director",
    "director": "Director",
    "lead": "Lead",
    "head": "Lead",
    "principal": "Lead",
    "senior manager": "Senior",
    "junior": "Junior",
    "senior": "Senior",
    "mid": "Senior",
    "manager": "Senior",
    "associate": "Junior",
    "professional": "Senior",
}
_LADDER: Final = {
    "chief": "C-Suite",
    "president": "Director",
    "vice president": "VP",
    "management": "Director",
    "managing director": "Director",
    "director": "Director",
    "head": "Director",
    "lead": "Manager",
    "senior manager": "Manager",
    "manager": "Manager",
}
_DEPARTMENTS: Final = {
    "marketing": "Marketing",
    "purchasing": "Purchasing",
    "hr": "Human Resources",
    "sales": "Sales",
    "support": "Customer Support",
    "business_development": "Business Development",
    "it": "Information Technology",
    "project_management": "Project Management",
    "consulting": "Consulting",
    "administration": "Administrative",
}


def _rows(file: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines, delimiter=delimiter)


def seniority_of_five(data: Path) -> Measured:
    """Levels of title-dept-seniority: Junior, Senior, Lead, Director, Management."""
    file = data / "title-dept-seniority" / "seniority-v2.csv"
    return labels_scored(
        (row["text"], row["label"], _FIVE.get(rank_of_title(row["text"]), ""))
        for row in _rows(file)
    )


def seniority_on_ladder(data: Path) -> Measured:
    """Levels of title-level-rootstrap: C-Suite, VP, Director, Manager, Other."""
    file = data / "title-level-rootstrap" / "classified_titles.tsv"
    found = [(row, rank_of_title(row["Position"])) for row in _rows(file, "\t")]
    measured = labels_scored(
        (row["Position"], row["Classification"], _LADDER.get(rank, "Other")) for row, rank in found
    )
    measured.metrics["unranked"] = sum(1 for _, rank in found if not rank)
    return measured


def departments(data: Path) -> Measured:
    """Departments of title-dept-seniority; those of ours that it does not know are "Other"."""
    file = data / "title-dept-seniority" / "department-v2.csv"
    found = ((row, department_of_title(row["text"])) for row in _rows(file))
    return labels_scored(
        (row["text"], row["label"], _DEPARTMENTS.get(name, "Other") if name else "")
        for row, name in found
    )
