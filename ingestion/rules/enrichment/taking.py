"""Taking a suggestion over: whether the job is still as it was, and what it becomes."""

from collections.abc import Mapping, Sequence
from typing import Any

from ingestion.rules.salaries import Salary
from ingestion.rules.skills import MAX_SKILLS
from ingestion.rules.texts import comparable


def is_stale(original: Mapping[str, Any], held: Mapping[str, Any], basis: str, now: str) -> bool:
    """Whether a job is not any more what a suggestion was made for: its text, or its columns.

    Skills are added to whatever there is, so only the text they were found in counts.
    """
    return basis != now or any(
        held[name] != value for name, value in original.items() if name != "skills"
    )


def taken(held: Mapping[str, Any], values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the columns of a job after these suggestions, the later ones last."""
    columns: dict[str, Any] = {}
    skills: list[str] = list(held["skills"])
    known = {comparable(name) for name in skills}
    for value in values:
        columns |= {name: one for name, one in value.items() if name != "skills"}
        for name in value.get("skills", ()):
            if comparable(name) not in known:
                known.add(comparable(name))
                skills.append(name)
    if skills != list(held["skills"]):
        columns["skills"] = skills[: max(MAX_SKILLS, len(held["skills"]))]
    return columns


def salary_of(columns: Mapping[str, Any]) -> Salary:
    """Return the pay that columns of a job hold."""
    return Salary(
        columns["salary_min"],
        columns["salary_max"],
        columns["salary_currency"],
        columns["salary_period"],
        columns["salary_annual_min"],
        columns["salary_annual_max"],
        "text",
        columns["salary_text"],
        columns["salary_confidence"],
    )
