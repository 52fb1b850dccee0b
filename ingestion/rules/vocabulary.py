"""Vocabulary: the skills and occupations a text is read by, our own and imported ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from ingestion.rules.occupations import Names, Occupation, names_of
from ingestion.rules.skills import SEED
from ingestion.rules.skills_reading import TermList, term_key, term_list
from ingestion.rules.skills_seed import Term
from ingestion.rules.taxonomies import Entry

_IMPORTED: Final = "imported"
_SHORTEST: Final = 3
_MOST_WORDS: Final = 6


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Hold the terms of skills, and the names of occupations by their key."""

    skills: TermList
    occupations: Names

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Travel to another process as a name or as lists, to be built anew there."""
        if self is OURS:
            return "OURS"
        return _rebuilt, (tuple(self.skills.by_key.values()), dict(self.occupations))


#: Our own lists alone.
OURS: Final = Vocabulary(SEED, MappingProxyType({}))


def vocabulary_of(skills: Iterable[Entry], occupations: Iterable[Entry]) -> Vocabulary:
    """Return our own lists with imported entries added; where both know a name, ours stands."""
    terms = [*SEED.by_key.values(), *_terms(skills)]
    names = names_of(Occupation(one.code, one.name, one.others) for one in occupations)
    return _rebuilt(terms, names)


def _rebuilt(terms: Iterable[Term], names: dict[str, str]) -> Vocabulary:
    return Vocabulary(term_list(terms), MappingProxyType(names))


def _terms(entries: Iterable[Entry]) -> Iterator[Term]:
    """Yield the spellings of imported skills, under our name where we know one of them.

    Nobody has looked for everyday words among them, so a single plain word has to be spelt as the
    taxonomy does and needs words around it that make it a skill.
    """
    for entry in entries:
        spellings = dict.fromkeys((entry.name, *entry.others))
        known = next((SEED.by_key[k] for s in spellings if (k := term_key(s)) in SEED.by_key), None)
        name = known.name if known else entry.name
        for spelling in spellings:
            words = term_key(spelling).split()
            if len(spelling) < _SHORTEST or not 0 < len(words) <= _MOST_WORDS:
                continue
            is_plain = len(words) == 1 and words[0].isalpha()
            yield Term(name, _IMPORTED, spelling, is_plain, is_plain, is_plain)
