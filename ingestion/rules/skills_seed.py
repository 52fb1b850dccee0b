"""The seed list of skills: our own names, groups and other spellings, read once from data/skills.tsv."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources


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

    A line of the file is "name<TAB>group<TAB>spellings parted by |". The name itself is a spelling
    unless it is listed with a mark: "^REST" must have these capitals, "=Go" also needs context,
    "!Access" more of it. "-" is a name that is no spelling.
    """
    text = resources.files("ingestion.rules").joinpath("data", "skills.tsv").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("# "):
            name, group, *others = line.split("\t")
            yield from _spellings(name, group, others[0].split("|") if others else [])


def _spellings(name: str, group: str, others: list[str]) -> Iterator[Term]:
    marked = {other[1:] for other in others if other[:1] in ("^", "=", "!")}
    if name not in marked and "-" not in others:
        yield Term(name, group, name)
    for other in others:
        if other in ("", "-"):
            continue
        mark = other[0] if other[0] in "^=!" else ""
        yield Term(
            name,
            group,
            other.removeprefix(mark) if mark else other,
            exact=bool(mark),
            needs_context=mark in ("=", "!"),
            strict=mark == "!",
        )
