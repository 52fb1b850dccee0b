"""Sets of titles with their occupation in ESCO."""

import csv
from pathlib import Path
from typing import Final

from ingestion.rules.occupation_matching import OccupationList, best_matches, occupation_list
from ingestion.rules.occupations import Occupation

from .measuring import Measured, Miss, commonest

_MOST: Final = 5


def titles_to_esco(data: Path) -> Measured:
    """Whether the right occupation is the first, or among the first five, of ESCO's 3,007."""
    listed = esco(data / "esco-1.1.1-tabiya" / "occupations.csv")
    file = data / "jobbert-title-esco" / "titles_dev_8000.csv"
    first = among = n = 0
    misses = []
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            n += 1
            found = [one for one, _ in best_matches(row["vacancyTitle"], listed, most=_MOST)]
            place = next((p for p, one in enumerate(found) if one.code == row["conceptUri"]), _MOST)
            first += place == 0
            among += place < _MOST
            if place:
                misses.append(Miss(row["vacancyTitle"], row["conceptUri"], found[0].label))
    share = max(1, n)
    metrics = {"at_1": round(first / share, 4), "at_5": round(among / share, 4)}
    labels = {one.code: one.label for one in listed.occupations}
    pairs = ((labels.get(miss.expected, miss.expected), miss.got) for miss in misses)
    told = {"first": first, "among_5": among, "confusion": commonest(pairs)}
    return Measured(n, metrics | told, misses)


def esco(file: Path) -> OccupationList:
    """Read ESCO's occupations as tabiya exports them, by their address."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return occupation_list(
            Occupation(
                row["ORIGINURI"],
                row["PREFERREDLABEL"],
                tuple(name for name in row["ALTLABELS"].split("\n") if name),
                row["DESCRIPTION"],
            )
            for row in csv.DictReader(lines)
            if "/occupation/" in row["ORIGINURI"]
        )
