"""Sets of salaries and places."""

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

from ingestion.rules.gazetteer import city_in, country_code, region_name
from ingestion.rules.places import read_place
from ingestion.rules.places_data import COUNTRY_CODES, place_key
from ingestion.rules.salaries import Salary, Stated, read_salary

from .measuring import Measured, Miss, labels_scored

_THOUSAND: Final = 1_000
_CENTS: Final = 100
_SHOWN: Final = 20
# Labels of several places were cut at a space by their makers and name none of them.
_SEVERAL = re.compile(r"\b(?:or|and|ro|various|remote)\b|/", re.IGNORECASE)


def salaries(data: Path) -> Measured:
    """Texts of glassdoor-ds-2020 with lower end, upper end and period."""
    rows = _rows(data / "glassdoor-ds-2020" / "salary_labels.csv")
    right: Counter[str] = Counter()
    misses = []
    for row in rows:
        times = 1 if row["hourly"] == "1" else _THOUSAND
        low, high = (float(row[end]) * times * _CENTS for end in ("min_k", "max_k"))
        expected = {"min": low, "max": high, "period": "HOUR" if row["hourly"] == "1" else "YEAR"}
        got = _parts(read_salary(Stated(text=row["salary_estimate"], local="USD"))[0])
        same = {name for name, value in expected.items() if got.get(name) == value}
        right.update(same)
        right["all"] += len(same) == len(expected)
        if len(same) < len(expected):
            misses.append(Miss(row["salary_estimate"], str(expected), str(got or "none")))
    shares = {name: round(right[name] / len(rows), 4) for name in ("all", "min", "max", "period")}
    return Measured(len(rows), {**shares, "right": right["all"]}, misses)


def _parts(salary: Salary | None) -> dict[str, Any]:
    if salary is None:
        return {}
    return {"min": salary.min_minor, "max": salary.max_minor, "period": salary.period}


def states(data: Path) -> Measured:
    """Texts of places of glassdoor-ds-2020 with their state."""
    rows = _rows(data / "glassdoor-ds-2020" / "salary_labels.csv")
    labelled = [row for row in rows if row["job_state"].strip()]
    return labels_scored(
        (row["location"], row["job_state"].strip(), read_place(row["location"]).region)
        for row in labelled
    )


def places(data: Path) -> Measured:
    """Texts of places of rct-job-feed-2026 with city, region and country.

    Labels of several places are left out and counted; names of one place in two spellings are one.
    """
    jobs = json.loads((data / "rct-job-feed-2026" / "jobs.json").read_text(encoding="utf-8"))
    labelled = [row for row in jobs["jobs"] if row["location"].strip()]
    single = [row for row in labelled if not _SEVERAL.search(row["location"])]
    right: Counter[str] = Counter()
    confusion: Counter[str] = Counter()
    misses = []
    for row in single:
        expected, got = _label(row), read_place(row["location"])
        read = {"city": place_key(got.city), "region": got.region, "country": got.country}
        if not expected["region"]:
            read["region"] = ""  # a region that the label leaves out is no error
        wrong = [name for name, value in expected.items() if read[name] != value]
        right.update(name for name in expected if name not in wrong)
        right["all"] += not wrong
        confusion.update(f"{n}: {expected[n] or 'none'} > {read[n] or 'unknown'}" for n in wrong)
        if wrong:
            misses.append(Miss(row["location"], str(expected), str(read)))
    shares = {
        name: round(right[name] / len(single), 4) for name in ("all", "city", "region", "country")
    }
    told = {"right": right["all"], "left_out": len(labelled) - len(single)}
    return Measured(
        len(single), shares | told | {"confusion": dict(confusion.most_common(_SHOWN))}, misses
    )


def _label(row: dict[str, str]) -> dict[str, str]:
    """Return a label in the spelling of our table: "Munich", "DE" as state, is in Germany."""
    city, state, country = (str(row[name] or "") for name in ("city", "state", "country"))
    if not country and state in COUNTRY_CODES:
        state, country = "", state
    if not country and not state:
        city, country = ("", city) if country_code(city) else (city, country)
    land = country_code(country)
    region = region_name(state, land) if state else ""
    spot = city_in(city, land, "") if city else None
    return {"city": place_key(spot.name if spot else city), "region": region, "country": land}


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))
