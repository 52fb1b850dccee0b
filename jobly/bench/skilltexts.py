"""Texts for `bench skills`: made by rule with planted skills, so that the truth is known."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ingestion.rules.skills import find_skills
from ingestion.rules.skills_reading import term_key, term_list
from ingestion.rules.skills_seed import Term, terms

_SENTENCES: Final = (
    "You will join a friendly crew that has been growing for nine years and still knows each name.",
    "Day to day you look after {a} together with two colleagues from the northern coast.",
    "Our customers rely on us when things break, so we answer before noon.",
    "We expect solid experience with {a}/{b} and an eye for what others overlook.",
    "It helps if you have seen {a} before; if not, we will show you.",
    "The office is by the harbour, lunch is warm and nobody counts the hours.",
    "Requirements: {a}, {b}.",
    "You like to explain what you did and why, and you write it down for whoever comes next.",
    "In the first half year you will take over the part that is built around {a}.",
    "We pay on time, we listen, and we keep our promises when plans change.",
    "Once a month everybody shows what was learned, and there is cake from the bakery below.",
    "What we ask for is care, and that you say early when something takes longer than you thought.",
    "There is a room to think in, a bench in the sun, and a door that stays open until six.",
    "Nobody here was ever asked to stay late because somebody else had planned too little time.",
    "Nights and weekends are yours, and the few times we need you then are agreed and paid double.",
)
_SHORTEST: Final = 1_330  # characters; the last sentence makes it about 1,400
_TRICKY: Final = (
    ("Languages: C, C++, C#, R and Go.", ("C", "C++", "C#", "R", "Go")),
    ("ASP.NET, Node.js/.NET and F#, please", ("ASP.NET", "Node.js", ".NET", "F#")),
    ("Experience with C#/.NET or C++.", ("C#", ".NET", "C++")),
)
_TRICKY_NAMES: Final = frozenset(name for _, names in _TRICKY for name in names)
_TRICKY_EVERY: Final = 5
_SYLLABLES: Final = (
    "zor vex quil dra mo ptar lin kro bex tul fyn gar wop sil nud jat hek ror cam vid".split()
)
_FEWEST_LETTERS: Final = 5


@dataclass(frozen=True, slots=True)
class MadeText:
    """A text and the skills that were planted in it."""

    text: str
    planted: frozenset[str]


def vocabulary(count: int) -> list[Term]:
    """Return `count` spellings: those of our list that no sentence says by chance, then made up."""
    frame = " ".join(_SENTENCES)
    said = {found.name for found in find_skills(frame, term_list(_plain_terms()))}
    tricky = [term for term in terms() if term.surface in _TRICKY_NAMES]
    plain = [term for term in _plain_terms() if term.name not in said | _TRICKY_NAMES]
    chosen = (tricky + plain)[:count]
    taken = {term_key(term.surface) for term in chosen}
    chance = random.Random(count)  # noqa: S311 # no secret
    while len(chosen) < count:
        name = " ".join("".join(chance.choices(_SYLLABLES, k=3)).title() for _ in range(2))
        if term_key(name) not in taken:
            taken.add(term_key(name))
            chosen.append(Term(name, "made up", name))
    return chosen


def _plain_terms() -> Iterator[Term]:
    """Yield the spellings that need no second look, each skill by its name alone."""
    for term in terms():
        known = term.surface == term.name and len(term.name) >= _FEWEST_LETTERS
        if known and not term.exact and term.name.replace(" ", "").isalpha():
            yield term


def make(count: int, chosen: list[Term]) -> list[MadeText]:
    """Return `count` texts of about 1,400 characters; few skills are common, many are rare."""
    chance = random.Random(1)  # noqa: S311 # no secret
    names = [term.name for term in chosen if term.name not in _TRICKY_NAMES]
    chance.shuffle(names)
    weights = [1 / (place + 1) for place in range(len(names))]
    return [_text(number, chance, names, weights) for number in range(count)]


def _text(number: int, chance: random.Random, names: list[str], weights: list[float]) -> MadeText:
    parts: list[str] = []
    planted: set[str] = set()
    if number % _TRICKY_EVERY == 0:
        sentence, said = chance.choice(_TRICKY)
        parts.append(sentence)
        planted.update(said)
    while sum(map(len, parts)) < _SHORTEST:
        sentence = chance.choice(_SENTENCES)
        used = dict(zip("ab", chance.choices(names, weights, k=2), strict=True))
        parts.append(sentence.format(**used))
        planted.update(name for slot, name in used.items() if f"{{{slot}}}" in sentence)
    return MadeText("\n".join(parts), frozenset(planted))
