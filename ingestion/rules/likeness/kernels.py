"""The compiled loops of likeness: bytes to words, words to signs.

Importing this module costs half a second, and the first call some more where no compiled code is
kept yet; `signs` is what the rest of the product imports. Few loops are here, for each costs a
second to compile: what numpy does as well is in `signs`.
"""

from collections.abc import Callable
from typing import Any, Final

import numba
import numpy as np

SLOTS: Final = 128  # values of a sign
_EMPTY: Final = np.uint32(0xFFFFFFFF)
_OFFSET: Final = np.uint64(14695981039346656037)  # FNV-1a, 64 bits
_PRIME: Final = np.uint64(1099511628211)
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)
_SLOT_SHIFT: Final = np.uint64(57)  # the upper 7 bits choose one of 128 slots


def _compiled(loop: Callable[..., Any]) -> Any:
    """Compile on first use and keep the code; where no folder can be written, compile again."""
    try:
        return numba.njit(cache=True, nogil=True)(loop)
    except RuntimeError:  # numba found no folder to keep it in
        return numba.njit(nogil=True)(loop)


@_compiled
def _mixed(value: Any) -> Any:
    """Spread 64 bits over all 64."""
    value ^= value >> np.uint64(30)
    value *= _MIX
    value ^= value >> np.uint64(27)
    value *= _ODD
    return value ^ (value >> np.uint64(31))


@_compiled
def hash_words(text: Any, words: Any) -> Any:
    """Write the hash of each word of folded UTF-8 bytes; return how many there are.

    A word is a run of ASCII letters and digits and of all bytes beyond ASCII.
    """
    count = 0
    value = _OFFSET
    inside = False
    for byte in text:
        if byte >= 128 or 48 <= byte <= 57 or 97 <= byte <= 122:  # noqa: PLR2004 # ASCII
            value = (value ^ np.uint64(byte)) * _PRIME
            inside = True
        elif inside:
            words[count] = _mixed(value)
            count += 1
            value = _OFFSET
            inside = False
    if inside:
        words[count] = _mixed(value)
        count += 1
    return count


@_compiled
def _fill(least: Any, sign: Any) -> None:
    """Write the 16 low bits of each slot; an empty slot borrows from one drawn by its number."""
    for slot in range(SLOTS):
        chosen = np.int64(slot)
        draw = np.uint64(slot + 1)
        while least[chosen] == _EMPTY:
            draw = _mixed(draw + _ODD)
            chosen = np.int64(draw >> _SLOT_SHIFT)
        sign[slot] = np.uint16(least[chosen] & np.uint32(0xFFFF))


@_compiled
def sign_all(text: Any, ends: Any, signs: Any, sizes: Any) -> None:
    """Write the sign of each text and its number of shingles, which are pairs of words.

    `text` is all texts one after the other, `ends` where each ends.
    """
    words = np.empty(text.size // 2 + 2, np.uint64)
    least = np.empty(SLOTS, np.uint32)
    start = 0
    for number in range(ends.size):
        count = hash_words(text[start : ends[number]], words)
        start = ends[number]
        sizes[number] = max(0, count - 1)
        if count < 2:  # noqa: PLR2004 # a pair takes two
            continue
        least[:] = _EMPTY
        for place in range(count - 1):
            value = _mixed(words[place] * _PRIME + words[place + 1])
            slot = np.int64(value >> _SLOT_SHIFT)
            low = np.uint32(value & np.uint64(0xFFFFFFFE))
            least[slot] = min(least[slot], low)
        _fill(least, signs[number])


@_compiled
def product(ones: Any, times: Any, others: Any, other_times: Any) -> Any:
    """Return the dot product of two bags: sorted different features, and how often each is there.

    Where each is there once, it is how many the two share.
    """
    total = 0
    at = 0
    for place in range(ones.size):
        while at < others.size and others[at] < ones[place]:
            at += 1
        if at == others.size:
            break
        if others[at] == ones[place]:
            total += times[place] * other_times[at]
    return total
