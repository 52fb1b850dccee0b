"""Sets of titles: their level and department."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ingestion.rules.kinds import seniority_of_title

from .measuring import Measured, labels_scored

# What the sets call our levels; a title that states no level is a junior post in the first set.
_FOUR: Final = {
    "intern": "Junior",
    "junior": "Junior",
    "mid": "Junior",
    "senior": "Senior",
    "lead": "Lead",
    "director": "Director",
    "executive": "Management",
}


def _rows(file: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines, delimiter=delimiter)


def seniority_four(data: Path) -> Measured:
    """Levels of title-dept-seniority: Junior, Senior, Lead, Director, Management."""
    file = data / "title-dept-seniority" / "seniority-v2.csv"
    return labels_scored(
        (row["text"], row["label"], _FOUR.get(seniority_of_title(row["text"]), ""))
        for row in _rows(file)
    )


def level_rootstrap(data: Path) -> Measured:
    """Levels of title-level-rootstrap."""
    file = data / "title-level-rootstrap" / "classified_titles.tsv"
    return labels_scored(
        (row["Position"], row["Classification"], _FOUR.get(seniority_of_title(row["Position"]), ""))
        for row in _rows(file, "\t")
    )
