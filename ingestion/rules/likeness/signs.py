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


@dataclass(frozen=True, slots=True)
class Wording:
    """A text's different word pairs and words as sorted hashes, and how often it has each word."""

    pairs: NDArray[np.uint64]
    words: NDArray[np.uint64]
    times: NDArray[np.int64]


def wording_of(text: str) -> Wording:
    """Read a text once for however many others it is compared with."""
    read = np.frombuffer(_readable(text), np.uint8)
    found = np.empty(read.size // 2 + 2, np.uint64)
    every = found[: _kernels().hash_words(read, found)]
    pairs = np.sort(every[:-1] * _PRIME + every[1:])
    words = np.sort(every)
    begins = _begins(words)
    times = np.diff(begins, append=words.size)
    return Wording(pairs[_begins(pairs)], words[begins], times)


def _begins(ordered: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return where each different value of a sorted array begins."""
    return np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]))


def overlap(a: Wording, b: Wording) -> Overlap:
    """Return what two texts share, exactly."""
    if not min(len(a.pairs), len(b.pairs)):
        return Overlap(0.0, 0.0, 0.0)
    ones_a, ones_b = np.ones_like(a.pairs, np.int64), np.ones_like(b.pairs, np.int64)
    product = _kernels().product
    shared = product(a.pairs, ones_a, b.pairs, ones_b)
    smaller, larger = sorted((len(a.pairs), len(b.pairs)))
    jaccard = shared / (smaller + larger - shared)
    squares = float((a.times**2).sum()) * float((b.times**2).sum())
    cosine = product(a.words, a.times, b.words, b.times) / squares**0.5
    return Overlap(jaccard, shared / smaller, cosine, shared)


def number_of(*parts: str) -> int:
    """Return a signed 64-bit number that stands for these words: a block, or a key of its own."""
    told = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "big", signed=True)
