"""The seed list of skills: names, groups and spellings of our own, from data/skills.txt."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Final

MARKS: Final = "^=!"


@dataclass(frozen=True, slots=True)
class Term:
    """Hold one spelling of a skill.

    `exact` asks for the very capitals of `surface`; `needs_context` for words around it that make
    it a skill; `strict` for more than a preposition before it.
    """

    name: str
    group: str
    surface: str
    exact: bool = False
    needs_context: bool = False
    strict: bool = False


def terms() -> Iterator[Term]:
    """Yield every spelling of every skill.

    A line of the file is "name; spelling; spelling", under its "[group]". The name itself is a
    spelling unless it is listed again with a mark: "^REST" must have these capitals, "=Go" also
    needs context, "!Access" more of it.
    """
    text = resources.files("ingestion.rules").joinpath("data", "skills.txt").read_text("utf-8")
    group = ""
    for line in text.splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        else:
            name, *others = line.split("; ")
            yield from _spellings(name, group, others)


def _spellings(name: str, group: str, others: list[str]) -> Iterator[Term]:
    if name not in {other[1:] for other in others if other[0] in MARKS}:
        yield Term(name, group, name)
    for other in others:
        mark = other[0] if other[0] in MARKS else ""
        surface = other[1:] if mark else other
        yield Term(
            name,
            group,
            surface,
            exact=bool(mark),
            needs_context=mark in ("=", "!"),
            strict=mark == "!",
        )
