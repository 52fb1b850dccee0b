"""Characters: what every text loses before anybody reads it, and how two texts compare."""

import html
import re
import unicodedata
from functools import lru_cache
from typing import Final

_DROPPED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
_SPACES = re.compile(r"\s+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_WORDS = re.compile(r"[^\W_]+")
_DROPPED_ASCII: Final = bytes([*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
_DIGITS: Final = b"0123456789"
_SHORTEST_PLURAL: Final = 4
_APART: Final = bytes(code if chr(code).isalnum() else ord(" ") for code in range(128)) * 2
# The first byte of a character of two or three, and those after it, each as a letter of its own.
_MISREAD = re.compile(
    "[\u00c2-\u00df][\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
    "|[\u00e2\u00e3\u00ef][\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{2}"
)
_FOLD_RANGES = ((0xC0, 0x250), (0x1E00, 0x1F00))
_FOLD_SPECIAL = {"ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i", "ħ": "h"}


def _fold_table() -> dict[str, str]:
    """Map accented Latin letters to their base, one character for one: offsets survive."""
    table = {}
    for low, high in _FOLD_RANGES:
        for code in range(low, high):
            base = unicodedata.normalize("NFKD", chr(code))[0]
            if base.isascii():
                table[chr(code)] = base
    return table | _FOLD_SPECIAL


FOLDING: Final = _fold_table()


def strip_controls(text: str) -> str:
    """Drop NUL, control characters, invisible marks and lone surrogates; keep tab and newline."""
    if not text.isascii():
        return _DROPPED.sub("", text)
    if text.isprintable():
        return text
    return text.encode().translate(None, _DROPPED_ASCII).decode()


def has_digit(text: str) -> bool:
    """Say whether a number may stand in a text; False is sure, at a glance."""
    return not text.isascii() or len(text.encode().translate(None, _DIGITS)) < len(text)


def clean_line(text: str, limit: int) -> str:
    """Return one line: no control characters, single spaces, at most `limit` characters."""
    line = _SPACES.sub(" ", strip_controls(text[: limit * 4])).strip()
    return line if len(line) <= limit else line[:limit].rstrip()


def unescape(text: str) -> str:
    """Resolve HTML entities once; a bare ampersand stays."""
    return html.unescape(text) if _ENTITY.search(text) else text


def fold(text: str) -> str:
    """Lower the case and drop Latin accents without moving any character."""
    if text.isascii():
        return text.lower()
    plain = _BEYOND_ASCII.sub(_unaccented, text)
    low = plain.lower()
    return low if len(low) == len(plain) else "".join(c.lower()[0] for c in plain)


@lru_cache(maxsize=16)
def folded(text: str) -> str:
    """Return `fold` of a long text with plain apostrophes, remembered while many rules read it."""
    return fold(text).replace("\u2019", "'")


def mended(text: str) -> str:
    """Undo UTF-8 that somebody read as Latin-1, so that two odd letters are one accented again."""
    return text if text.isascii() else _MISREAD.sub(_reread, text)


def _reread(match: re.Match[str]) -> str:
    for codec in ("latin-1", "cp1252"):
        try:
            return match[0].encode(codec).decode()
        except UnicodeError:
            continue
    return match[0]


def _unaccented(match: re.Match[str]) -> str:
    return FOLDING.get(match[0], match[0])


def words_in(low: str) -> list[str]:
    """Return the runs of letters and digits of a text."""
    if not low.isascii():
        return _WORDS.findall(low)
    return low.encode().translate(_APART).decode().split()


def words_of(text: str) -> str:
    """Return letters and digits only, folded, words set apart by one space."""
    return " ".join(words_in(fold(text).replace("ß", "ss")))


@lru_cache(maxsize=65536)
def comparable(text: str) -> str:
    """Return `words_of` the first 500 characters, remembered: names and titles come again."""
    return words_of(text[:500])


def singular(word: str) -> str:
    """Return an English word without the "s" of its plural; short ones stay as they are."""
    if len(word) < _SHORTEST_PLURAL or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1]
