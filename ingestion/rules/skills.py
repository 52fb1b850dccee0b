"""Skills: the terms of our list found in a text, each with the span that proves it."""

from typing import Final, NamedTuple

from ingestion.rules.skills_context import sure_hits
from ingestion.rules.skills_reading import (
    BEYOND,
    Hit,
    TermList,
    matches_in,
    term_key,
    term_list,
)
from ingestion.rules.skills_seed import terms
from ingestion.rules.texts import clean_line

MAX_SKILLS: Final = 40
MAX_SKILL_NAME: Final = 80

#: Our own list.
SEED: Final = term_list(terms())


class Found(NamedTuple):
    """Hold one skill of a text: its name in our list and the span text[start:end] that says it."""

    name: str
    start: int
    end: int


_new = tuple.__new__  # half the cost of calling Found, for every skill of every text


def find_skills(text: str, among: TermList = SEED) -> tuple[Found, ...]:
    """Return each skill once, where `text` says it first; longer terms beat those inside them.

    A term that is also an everyday word or a letter ("Go", "R", "Excel") counts only in its own
    spelling and among words that make it a skill: "excel at", "go the extra mile" and "vitamin C"
    are none.
    """
    ways = among.ways
    matches = matches_in(text, among)
    first: dict[str, Found] = {}
    for n, start, after in matches:
        term = ways[n]
        if term.exact:
            return _carefully(text, [(ways[n], a, b - BEYOND) for n, a, b in matches])
        name = term.name
        if name not in first:
            first[name] = _new(Found, (name, start, after - BEYOND))
    return tuple(first.values())


def _carefully(text: str, hits: list[Hit]) -> tuple[Found, ...]:
    """Return what is left of the hits after a second look at the everyday words among them."""
    first: dict[str, Found] = {}
    for term, start, end in sure_hits(text, hits):
        if term.name not in first:
            first[term.name] = Found(term.name, start, end)
    return tuple(first.values())


def mentions(text: str, among: TermList = SEED) -> list[Hit]:
    """Return every mention of a skill, as `find_skills` would accept it, left to right."""
    ways = among.ways
    hits = [(ways[n], start, after - BEYOND) for n, start, after in matches_in(text, among)]
    return sure_hits(text, hits) if any(hit[0].exact for hit in hits) else hits


def canonical_skill(name: str, among: TermList = SEED) -> str:
    """Return the list's name for a skill, or the given name cleaned when it has none."""
    name = clean_line(name, MAX_SKILL_NAME).strip(" ,;.•-")
    term = among.by_key.get(term_key(name))
    return term.name if term else name
