"""Relevance: how well texts of postings fit a title, by its words, their pairs and the lead."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from ingestion.rules.bags import Bags, Floats, Ints, bags_of, word_bag
from ingestion.rules.texts import singular, words_of

_LEAD: Final = 400  # characters: what a posting says first, it is about
_SATURATION: Final = 1.2  # of BM25: the tenth time a word stands there tells little
_LENGTH_SHARE: Final = 0.75  # of BM25: how much a long text is held against it
# How much words, pairs and the lead count: fitted to every other posting of a set, checked on the
# rest, and rounded.
_WORDS, _PAIRS, _IN_LEAD = 0.6, 2.0, 0.4


@dataclass(frozen=True, slots=True)
class _Counts:
    """Hold what each word adds to the texts that have it (BM25)."""

    found: dict[str, tuple[Ints, Floats]]
    size: int

    def scores(self, words: Sequence[str]) -> Floats:
        """Return what the words add to each text, the best text being 1."""
        scores = np.zeros(self.size, np.float32)
        for word in set(words):
            if word in self.found:
                rows, adds = self.found[word]
                scores[rows] += adds
        best: Floats = scores / max(float(scores.max(initial=0)), 1e-9)
        return best


@dataclass(frozen=True, slots=True)
class Texts:
    """Hold texts ready to be ranked; make it by `texts_of`."""

    words: _Counts
    pairs: Bags
    leads: Bags


def texts_of(texts: Sequence[str]) -> Texts:
    """Index texts, in order."""
    words = [_words(text) for text in texts]
    return Texts(
        _counts(words),
        bags_of([word_bag(_pairs(some)) for some in words]),
        bags_of([word_bag(_words(text[:_LEAD])) for text in texts]),
    )


def relevances(title: str, among: Texts) -> Floats:
    """Return how well each text fits a title, 0 to 3; 0 where they share no word."""
    words = _words(title)
    found: Floats = (
        _WORDS * among.words.scores(words)
        + _PAIRS * among.pairs.cosines(word_bag(_pairs(words)))
        + _IN_LEAD * among.leads.cosines(word_bag(words))
    )
    return found


def _words(text: str) -> list[str]:
    return [singular(word) for word in words_of(text).split()]


def _pairs(words: Sequence[str]) -> list[str]:
    return [f"{first} {second}" for first, second in pairwise(words)]


def _counts(texts: Sequence[Sequence[str]]) -> _Counts:
    lengths = np.array([len(words) for words in texts], np.float32)
    relative = lengths / max(float(lengths.mean()) if len(texts) else 0.0, 1e-9)
    held: dict[str, list[tuple[int, int]]] = {}
    for row, words in enumerate(texts):
        for word, times in Counter(words).items():
            held.setdefault(word, []).append((row, times))
    found = {}
    for word, pairs in held.items():
        rows, times = np.array(pairs, np.int64).T
        rarity = np.log(1 + (len(texts) - len(rows) + 0.5) / (len(rows) + 0.5))
        room = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * relative[rows])
        adds = rarity * times * (_SATURATION + 1) / (times + room)
        found[word] = (rows, adds.astype(np.float32))
    return _Counts(found, len(texts))
