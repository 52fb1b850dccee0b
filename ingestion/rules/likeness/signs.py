"""What a text is compared by: its sign, the keys it is found under, its overlap with another."""

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingestion.rules.texts import fold

MAX_COMPARED: Final = 60_000  # characters of a text
SLOTS: Final = 128
BANDS: Final = 32
_ROWS: Final = SLOTS // BANDS
_AT_ONCE: Final = 8_192  # rows whose intermediate values fit a processor's cache
_TEXTS_AT_ONCE: Final = 128  # texts that fit it
_PRIME: Final = np.uint64(1099511628211)
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)

Signs = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much two texts share: Jaccard and containment of word pairs, cosine of word counts.

    `shared` is the number of different word pairs that both have.
    """

    jaccard: float
    containment: float
    cosine: float
    shared: int = 0


@cache
def _kernels() -> Any:
    """Import the compiled loops when the first text is compared: most processes never do."""
    return importlib.import_module("ingestion.rules.likeness.kernels")


def _readable(text: str) -> bytes:
    """Return a text as the loops read it: folded, as UTF-8."""
    return fold(text[:MAX_COMPARED]).encode("utf-8", "surrogatepass")


def sign_texts(texts: Iterable[str]) -> tuple[Signs, NDArray[np.int32]]:
    """Return the MinHash of each text, 128 values of 16 bits, and its number of word pairs.

    One permutation: each word pair goes into the slot its hash names, each slot keeps the least.
    """
    every = list(texts)
    signs: Signs = np.zeros((len(every), SLOTS), np.uint16)
    sizes = np.zeros(len(every), np.int32)
    for start in range(0, len(every), _TEXTS_AT_ONCE):
        some = slice(start, start + _TEXTS_AT_ONCE)
        read = [_readable(text) for text in every[some]]
        ends = np.cumsum([len(part) for part in read], dtype=np.int64)
        data = np.frombuffer(b"".join(read), np.uint8)
        _kernels().sign_all(data, ends, signs[some], sizes[some])
    return signs, sizes


def keys_of(signs: Signs, blocks: Sequence[int]) -> NDArray[np.int64]:
    """Return 32 keys of each sign: texts of one block that agree in four neighbours share one."""
    keys = np.empty((len(signs), BANDS), np.uint64)
    bands = np.arange(BANDS, dtype=np.uint64) * _ODD
    within = np.array(blocks, np.int64).view(np.uint64)
    for start in range(0, len(signs), _AT_ONCE):
        part = signs[start : start + _AT_ONCE].reshape(-1, BANDS, _ROWS)
        value = within[start : start + _AT_ONCE, None] + bands
        for row in range(_ROWS):
            value = (value ^ part[:, :, row]) * _PRIME
            value ^= value >> np.uint64(29)
        keys[start : start + _AT_ONCE] = value * _ODD
    return keys.view(np.int64)


def estimates(left: Signs, right: Signs) -> NDArray[np.float64]:
    """Return the estimated Jaccard of the rows side by side; 1 in 20 is off by more than 0.09."""
    agreeing: NDArray[np.float64] = (left == right).mean(axis=1)
    return agreeing


def overlap(a: str, b: str) -> Overlap:
    """Return what two texts share, exactly."""
    words_a, words_b = _words(a), _words(b)
    if min(len(words_a), len(words_b)) < 2:  # noqa: PLR2004 # a pair takes two
        return Overlap(0.0, 0.0, 0.0)
    pairs_a, pairs_b = _word_pairs(words_a), _word_pairs(words_b)
    shared = len(np.intersect1d(pairs_a, pairs_b, assume_unique=True))
    smaller, larger = sorted((len(pairs_a), len(pairs_b)))
    jaccard = shared / (smaller + larger - shared)
    return Overlap(jaccard, shared / smaller, _cosine(words_a, words_b), shared)


def _words(text: str) -> NDArray[np.uint64]:
    read = np.frombuffer(_readable(text), np.uint8)
    words = np.empty(read.size // 2 + 2, np.uint64)
    found: NDArray[np.uint64] = words[: _kernels().hash_words(read, words)]
    return found


def _word_pairs(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return np.unique(words[:-1] * _PRIME + words[1:])


def _cosine(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> float:
    """Return the cosine of the raw word counts."""
    words_a, times_a = np.unique(a, return_counts=True)
    words_b, times_b = np.unique(b, return_counts=True)
    _, at_a, at_b = np.intersect1d(words_a, words_b, assume_unique=True, return_indices=True)
    product = float((times_a[at_a] * times_b[at_b]).sum())
    squares = float((times_a**2).sum()) * float((times_b**2).sum())
    return float(product / squares**0.5)


def number_of(*parts: str) -> int:
    """Return a signed 64-bit number that stands for these words: a block, or a key of its own."""
    told = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "big", signed=True)
