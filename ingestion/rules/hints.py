"""Hints: words that must stand where a phrase can be, so that the rest of a text is not read."""

from collections.abc import Iterable, Iterator
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

_MOST: Final = 60


class Hints:
    """Hold hint words; each counts only at the start of a word."""

    def __init__(self, words: Iterable[str], *, before: int = 0, after: int = 0) -> None:
        """Take the words, folded, and how many characters around its start belong to a phrase."""
        known = [word.encode("ascii") for word in words]
        self._tree = BytesAhoCorasick(known, implementation=Implementation.DFA)
        self._before, self._after = before, after

    def starts(self, low: str) -> list[int]:
        """Return where hints begin in a folded text, each place once, at most 60."""
        found: dict[int, None] = {}
        # One byte a character, so that places in the bytes are places in the text.
        read = low.encode("ascii", "replace")
        for _, at, _ in self._tree.find_matches_as_indexes(read, overlapping=True):
            if not at or not low[at - 1].isalpha():
                found[at] = None
                if len(found) >= _MOST:
                    break
        return sorted(found)

    def spans(self, low: str) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each part of a folded text that has a hint; none overlap."""
        begin = end = 0
        for at in self.starts(low):
            if end and at - self._before > end:
                yield begin, end
                end = 0
            begin = begin if end else max(0, at - self._before)
            end = min(len(low), at + self._after)
        if end:
            yield begin, end
