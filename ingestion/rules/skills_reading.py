"""Reading: terms found in a text by one pass over bytes made so that word ends need no test."""

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

from ingestion.rules.skills_seed import Term
from ingestion.rules.texts import FOLDING

MAX_SEARCHED: Final = 60_000
_PLURAL_FROM: Final = 5
_SHORT_LIST: Final = 1_000

# All that parts words is one space, so "full-stack" and "full stack" are one term; what belongs
# to a name (C++, C#, .NET, R&D) stays.
_PARTING: Final = "\t\n\r\x0b\x0c!\"$%'()*,-/:;<=>?@[\\]^_`{|}~"
_OTHER_LETTER: Final = 0xFF  # stands for every letter that no Latin letter is the base of
_ENCODING_ERRORS: Final = "jobly-fold"


def _table() -> bytes:
    """Map each byte of Latin-1 to its lower-case base, and all that parts words to a space."""
    table = bytearray(range(256))
    for code in range(256):
        mark = chr(code)
        if mark in _PARTING or not (mark.isalnum() or (mark.isprintable() and mark.isascii())):
            table[code] = ord(" ")
        elif mark.isascii():
            table[code] = ord(mark.lower())
        else:
            table[code] = ord(FOLDING.get(mark, chr(_OTHER_LETTER)).lower())
    table[_OTHER_LETTER] = _OTHER_LETTER
    return bytes(table)


def _folded(error: UnicodeError) -> tuple[str, int]:
    """Give each character that Latin-1 has not one that it has: offsets survive."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    marks = error.object[error.start : error.end]
    other = chr(_OTHER_LETTER)
    return "".join(FOLDING.get(c, other if c.isalnum() else " ") for c in marks), error.end


codecs.register_error(_ENCODING_ERRORS, _folded)
_TABLE: Final = _table()


#: A term with the start and end of the text that says it.
Hit = tuple[Term, int, int]
#: The number of a way, where in the text it starts, and where it ends, so many characters beyond.
Match = tuple[int, int, int]
BEYOND: Final = 2


@dataclass(frozen=True, slots=True)
class TermList:
    """Hold terms ready to be found; make one by `term_list`. A way is one pattern of a term."""

    by_key: dict[str, Term]
    ways: tuple[Term, ...]
    tree: BytesAhoCorasick


def read(text: str) -> bytes:
    """Return the text as terms are compared: one byte a character, and a space at either end.

    A full stop that ends a word is a space; one inside a name stays.
    """
    plain = f" {text} ".encode("latin-1", _ENCODING_ERRORS)
    return plain.translate(_TABLE).replace(b". ", b"  ")


def term_key(text: str) -> str:
    """Return the words of a term as terms are compared."""
    return " ".join(read(text).decode("latin-1").split())


def term_list(terms: Iterable[Term]) -> TermList:
    """Build what finds these terms; a term nobody could find (no Latin letter) is left out."""
    by_key: dict[str, Term] = {}
    for term in terms:
        key = term_key(term.surface)
        if key and "\xff" not in key:
            by_key.setdefault(key, term)
    ways = dict(by_key)
    for key, term in by_key.items():
        if not term.exact and len(key) >= _PLURAL_FROM and key[-1].isalpha():
            ways.setdefault(f"{key}s", term)
    # the fastest one is too large for many terms
    is_short = len(ways) <= _SHORT_LIST
    kind = Implementation.DFA if is_short else Implementation.ContiguousNFA
    tree = BytesAhoCorasick([f" {key} ".encode("latin-1") for key in ways], implementation=kind)
    return TermList(by_key, tuple(ways.values()), tree)


def matches_in(text: str, among: TermList) -> list[Match]:
    """Return where the text names terms, left to right, none inside or across a longer one.

    Only the first 60,000 characters are read. The spaces beside a term are part of what is
    searched, so every match is a term between word ends and Python runs for nothing else.
    """
    found = among.tree.find_matches_as_indexes(read(text[:MAX_SEARCHED]), overlapping=True)
    chosen: list[Match] = []
    free_from = 0
    for match in found:
        _, start, after = match
        if start < free_from:
            # matches come by their ends: this one may cover those before it, or be cut by them
            while chosen and start <= chosen[-1][1]:
                chosen.pop()
            if chosen and start < chosen[-1][2] - BEYOND:
                continue
        free_from = after - BEYOND
        chosen.append(match)
    return chosen
