"""What a posting is about as a vector, without a model: words, pairs and parts of words, hashed.

The same text gives the same vector on any machine. Nothing is learnt, so a word's weight comes from
its length, its place in the posting and whether it is one of the smallest words of its language.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ingestion.rules.texts import fold

MODEL: Final = "local-1"
DIMENSIONS: Final = 256
MAX_TEXT: Final = 1_200  # characters of a description
_SEGMENTS: Final = 3  # title, skills, description
_WEIGHTS: Final = np.array([4.0, 2.0, 1.0])
_PAIR: Final = 0.6
_PART: Final = 0.25
_PART_LENGTH: Final = 4
_SMALL_WORD: Final = 0.03
_BY_LENGTH: Final = np.array([0.0, 0.3, 0.5, 0.7, 1.0, 1.0, 1.1, 1.2, 1.3])
_U: Final = np.uint64
_BASE: Final = 0x9E3779B97F4A7C15 | 1  # odd, so that it has an inverse
_INVERSE: Final = pow(_BASE, -1, 1 << 64)
_SMALL: Final = (
    "the and for with you your our are will who that this from have has not all can able more "
    "about they their them other into out one any such also well been being was were what which "
    "how when where each own per via a an in of to on at by as or is it be we us if do so no "
    "work working team job role company experience skills looking join "
    "und der die das mit für ein eine zu im den von auf als sie wir des dem ist "
    "de la le les des et en un une pour du vous nous à au aux dans sur est el los las y con"
)
_WORD_BYTES: Final = np.zeros(256, dtype=bool)
_WORD_BYTES[[*b"abcdefghijklmnopqrstuvwxyz0123456789+#"]] = True
_WORD_BYTES[128:] = True  # letters beyond ASCII, as UTF-8

Floats = npt.NDArray[np.float32]
_Hashes = npt.NDArray[np.uint64]
_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Text:
    """Hold what is embedded of one posting."""

    title: str
    skills: Sequence[str]
    description: str

    def plain(self) -> str:
        """Return it as one text, as an outside model gets it."""
        parts = (self.title, ", ".join(self.skills), self.description[:MAX_TEXT])
        return "\n".join(part for part in parts if part)

    def fingerprint(self) -> str:
        """Return the hash of what is embedded, to see later whether it changed."""
        return hashlib.sha256(self.plain().encode("utf-8", "replace")).hexdigest()


def embed(texts: Sequence[Text]) -> Floats:
    """Return one vector of unit length and 256 numbers for each text; its rows are in order."""
    if not texts:
        return np.zeros((0, DIMENSIONS), dtype=np.float32)
    data, segments = _lay_out(texts)
    words = _words(data, segments)
    features = [_weighed(data, words), _pairs(words), _parts(data, segments)]
    sums = np.zeros(len(texts) * DIMENSIONS)
    for hashes, docs, weights in features:
        mixed = _mix(hashes)
        places = docs * DIMENSIONS + (mixed & _U(DIMENSIONS - 1)).astype(np.int64)
        signs = ((mixed >> _U(40)) & _U(1)).astype(np.float64) * 2 - 1
        sums += np.bincount(places, weights=weights * signs, minlength=len(sums))
    table = sums.reshape(len(texts), DIMENSIONS)
    table = np.sign(table) * np.sqrt(np.abs(table))  # the tenth time says less than the first
    lengths = np.linalg.norm(table, axis=1)
    table[lengths == 0, 0] = 1.0
    lengths[lengths == 0] = 1.0
    vectors: Floats = (table / lengths[:, None]).astype(np.float32)
    return vectors


@dataclass(frozen=True, slots=True)
class _Words:
    hashes: _Hashes
    starts: _Numbers
    ends: _Numbers
    segments: _Numbers  # which title, skills or description each is of
    small: npt.NDArray[np.bool_]


def _lay_out(texts: Sequence[Text]) -> tuple[npt.NDArray[np.uint8], _Numbers]:
    """Return all bytes in a row, and of which title, skills or description each is."""
    parts = [
        fold(part).encode("utf-8", "replace") + b"\n"
        for text in texts
        for part in (text.title, " ".join(text.skills), text.description[:MAX_TEXT])
    ]
    lengths = [len(part) for part in parts]
    segments = np.repeat(np.arange(len(parts), dtype=np.int64), lengths)
    return np.frombuffer(b"".join(parts), dtype=np.uint8), segments


def _sums(data: npt.NDArray[np.uint8]) -> tuple[_Hashes, _Hashes]:
    """Return sums from which the hash of any stretch follows, and the powers to shift it by."""
    ups = np.full(len(data) + 1, _BASE, dtype=_U)
    downs = np.full(len(data) + 1, _INVERSE, dtype=_U)
    ups[0] = downs[0] = 1
    ups, downs = np.cumprod(ups, dtype=_U), np.cumprod(downs, dtype=_U)
    sums = np.zeros(len(data) + 1, dtype=_U)
    np.cumsum((data.astype(_U) + _U(1)) * ups[:-1], out=sums[1:])
    return sums, downs


def _words(data: npt.NDArray[np.uint8], segments: _Numbers) -> _Words:
    """Return the words with the hash of each."""
    inside = np.concatenate(([False], _WORD_BYTES[data], [False]))
    edges = np.flatnonzero(inside[1:] != inside[:-1]).astype(np.int64)
    begins, ends = edges[::2], edges[1::2]
    sums, downs = _sums(data)
    hashes = (sums[ends] - sums[begins]) * downs[begins]
    return _Words(hashes, begins, ends, segments[begins], _are_small(hashes))


def _hash_of(word: str) -> int:
    data = np.frombuffer(word.encode(), dtype=np.uint8)
    return int(_sums(data)[0][-1])


_SMALL_HASHES: Final = np.array(sorted({_hash_of(fold(word)) for word in _SMALL.split()}), dtype=_U)
_MAYBE_SMALL: Final = np.zeros(1 << 16, dtype=bool)
_MAYBE_SMALL[_SMALL_HASHES >> _U(48)] = True


def _are_small(hashes: _Hashes) -> npt.NDArray[np.bool_]:
    """Tell which words are small: looked up among the few that may be, as sorting all is dear."""
    small: npt.NDArray[np.bool_] = _MAYBE_SMALL[hashes >> _U(48)]
    small[small] = np.isin(hashes[small], _SMALL_HASHES)
    return small


_Feature = tuple[_Hashes, _Numbers, npt.NDArray[np.float64]]


def _weighed(data: npt.NDArray[np.uint8], words: _Words) -> _Feature:
    """Return the words themselves."""
    lengths = np.minimum(words.ends - words.starts, len(_BY_LENGTH) - 1)
    places = _WEIGHTS[words.segments % _SEGMENTS]
    weights = _BY_LENGTH[lengths] * places
    weights[words.small] *= _SMALL_WORD
    signed = np.isin(data[words.ends - 1], np.frombuffer(b"+#", dtype=np.uint8))
    weights[signed] = places[signed]  # C++ and C# are short and telling
    return words.hashes, words.segments // _SEGMENTS, weights


def _pairs(words: _Words) -> _Feature:
    """Return each two neighbours of one segment, unless one of them is a small word."""
    segments, small = words.segments, words.small
    near = (segments[1:] == segments[:-1]) & ~small[1:] & ~small[:-1]
    first, second = words.hashes[:-1][near], words.hashes[1:][near]
    which = segments[:-1][near]
    weights = _PAIR * _WEIGHTS[which % _SEGMENTS]
    return first * _U(3) + _mix(second), which // _SEGMENTS, weights


def _parts(data: npt.NDArray[np.uint8], segments: _Numbers) -> _Feature:
    """Return the parts of words of four bytes: "developer" and "developers" share nearly all."""
    room = max(len(data) - _PART_LENGTH + 1, 0)
    inside = _WORD_BYTES[data]
    whole = inside[:room].copy()
    packed = np.zeros(room, dtype=np.uint32)
    for offset in range(_PART_LENGTH):
        whole &= inside[offset : offset + room]
        packed |= data[offset : offset + room].astype(np.uint32) << np.uint32(8 * offset)
    at = np.flatnonzero(whole)
    which = segments[at]
    weights = _PART * _WEIGHTS[which % _SEGMENTS]
    return packed[at].astype(_U) + _U(0x5BD1E995), which // _SEGMENTS, weights


def _mix(hashes: _Hashes) -> _Hashes:
    """Spread hashes over all bits (the finisher of splitmix64)."""
    mixed = (hashes ^ (hashes >> _U(30))) * _U(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> _U(27))) * _U(0x94D049BB133111EB)
    return mixed ^ (mixed >> _U(31))
