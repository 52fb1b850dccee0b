"""Hints: words that must stand where a phrase can be, so that the rest of a text is not read."""

from collections.abc import Iterable, Iterator
from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation

_MOST: Final = 60


class Hints:
    """Hold hint words; each counts only at the start of a word."""

    def __init__(self, words: Iterable[str], *, before: int, after: int) -> None:
        """Take the words, folded, and how many characters around one belong to its phrase."""
        self._tree = AhoCorasick(list(words), implementation=Implementation.DFA)
        self._before, self._after = before, after

    def spans(self, low: str) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each part of a folded text that has a hint; none overlap."""
        start = end = seen = 0
        for _, at, ends in self._tree.find_matches_as_indexes(low, overlapping=True):
            if at and low[at - 1].isalnum() and not low[at - 1].isdigit():
                continue
            if end and at - self._before > end:
                yield start, end
                seen, end = seen + 1, 0
                if seen >= _MOST:
                    return
            start = start if end else max(0, at - self._before)
            end = min(len(low), max(end, ends + self._after))
        if end:
            yield start, end
