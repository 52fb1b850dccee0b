"""Bags of features: texts as counted words or runs of letters, and how alike two of them are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bag = Counter[str]

_GRAMS: Final = (3, 4, 5)
_ROUNDS: Final = 2
_SPARE: Final = 10
_SEED: Final = 7
_SLICE: Final = 32  # columns at once, so that what is multiplied stays small


def word_bag(words: Iterable[str]) -> Bag:
    """Count words."""
    return Counter(words)


def gram_bag(words: Iterable[str]) -> Bag:
    """Count the runs of 3 to 5 characters of each word, its ends among them."""
    found: Bag = Counter()
    for word in words:
        padded = f" {word} "
        for length in _GRAMS:
            found.update(padded[at : at + length] for at in range(max(1, len(padded) - length + 1)))
    return found


@dataclass(frozen=True, slots=True)
class Bags:
    """Hold which rows have a feature and how much of each row it is (rows have length one)."""

    numbers: dict[str, int]
    weights: Floats
    starts: Ints
    rows: Ints
    shares: Floats
    size: int

    def known(self, bag: Bag) -> tuple[Ints, Floats]:
        """Return the numbers of the features that some row has, and their weights, length one."""
        known = [(self.numbers[f], n) for f, n in bag.items() if f in self.numbers]
        numbers = np.array([number for number, _ in known], np.int64)
        counts = np.array([n for _, n in known], np.float32)
        own = (1 + np.log(counts)) * self.weights[numbers]
        return numbers, (own / max(float(np.linalg.norm(own)), 1e-9)).astype(np.float32)

    def cosines(self, bag: Bag) -> Floats:
        """Return the cosine of every row with a bag."""
        numbers, own = self.known(bag)
        if not len(numbers):
            return np.zeros(self.size, np.float32)
        spans = [slice(self.starts[number], self.starts[number + 1]) for number in numbers]
        rows = np.concatenate([self.rows[span] for span in spans])
        shares = np.concatenate(
            [self.shares[span] * weight for span, weight in zip(spans, own, strict=True)]
        )
        return np.bincount(rows, shares, minlength=self.size).astype(np.float32)


def bags_of(bags: Sequence[Bag]) -> Bags:
    """Index bags by feature; one that few rows have weighs more (TF-IDF)."""
    numbers: dict[str, int] = {}
    for bag in bags:
        for feature in bag:
            numbers.setdefault(feature, len(numbers))
    lengths = [len(bag) for bag in bags]
    rows = np.repeat(np.arange(len(bags)), lengths)
    columns = np.fromiter((numbers[f] for bag in bags for f in bag), np.int64, sum(lengths))
    counts = np.fromiter((n for bag in bags for n in bag.values()), np.float32, sum(lengths))
    in_rows = np.bincount(columns, minlength=len(numbers))
    weights = (np.log((1 + len(bags)) / (1 + in_rows)) + 1).astype(np.float32)
    shares = (1 + np.log(counts)) * weights[columns]
    norms = np.sqrt(np.bincount(rows, shares * shares, minlength=len(bags)))
    shares = (shares / np.maximum(norms, 1e-9)[rows]).astype(np.float32)
    order = np.argsort(columns, kind="stable")
    starts = np.concatenate([[0], np.cumsum(in_rows)])
    return Bags(numbers, weights, starts, rows[order], shares[order], len(bags))


@dataclass(frozen=True, slots=True)
class Topics:
    """Hold rows by what they are about: words that stand in the same rows count as alike."""

    bags: Bags
    directions: Floats  # of each feature
    places: Floats  # of each row, length one

    def cosines(self, bag: Bag) -> Floats:
        """Return the cosine of every row with a bag, seen by topic."""
        numbers, own = self.bags.known(bag)
        place = own @ self.directions[numbers]
        found: Floats = self.places @ (place / max(float(np.linalg.norm(place)), 1e-9))
        return found


def topics_of(bags: Bags, *, most: int) -> Topics:
    """Find the topics of indexed rows: the greatest directions of their table (a seeded SVD)."""
    table = _Table(bags)
    wanted = min(most + _SPARE, bags.size, len(bags.numbers))
    start = np.random.default_rng(_SEED).standard_normal((bags.size, wanted), np.float32)
    base = np.linalg.qr(table.by_feature(start))[0]
    for _ in range(_ROUNDS):
        base = np.linalg.qr(table.by_feature(table.by_row(base)))[0]
    turned = np.linalg.svd(table.by_row(base), full_matrices=False)[2]
    directions = np.ascontiguousarray((base @ turned.T)[:, :most])
    places = table.by_row(directions)
    places /= np.maximum(np.linalg.norm(places, axis=1, keepdims=True), 1e-9)
    return Topics(bags, directions, places)


class _Table:
    """Multiply the sparse table of rows by features with a narrow one, from either side."""

    def __init__(self, bags: Bags) -> None:
        self.bags = bags
        self.columns = np.repeat(np.arange(len(bags.numbers)), np.diff(bags.starts))
        self.order = np.argsort(bags.rows, kind="stable")
        ends = np.bincount(bags.rows, minlength=bags.size)
        self.filled = np.flatnonzero(ends)
        self.starts = (np.cumsum(ends) - ends)[self.filled]

    def by_feature(self, rows: Floats) -> Floats:
        """Return for each feature the sum of its rows."""
        bags = self.bags
        parts = [
            np.add.reduceat(bags.shares[:, None] * some[bags.rows], bags.starts[:-1])
            for some in _slices(rows)
        ]
        return np.concatenate(parts, axis=1)

    def by_row(self, features: Floats) -> Floats:
        """Return for each row the sum of its features."""
        shares, columns = self.bags.shares[self.order, None], self.columns[self.order]
        found = np.zeros((self.bags.size, features.shape[1]), np.float32)
        parts = [np.add.reduceat(shares * some[columns], self.starts) for some in _slices(features)]
        found[self.filled] = np.concatenate(parts, axis=1)
        return found


def _slices(table: Floats) -> list[Floats]:
    return [table[:, at : at + _SLICE] for at in range(0, table.shape[1], _SLICE)]
