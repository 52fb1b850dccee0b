"""Two texts side by side, with what only one of them says marked."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

MAX_WORDS: Final = 1_500  # of a text that are laid side by side


class Piece(NamedTuple):
    """A stretch of a text, and whether the other text has it in the same place."""

    text: str
    is_shared: bool


def mark(a: str, b: str) -> tuple[list[Piece], list[Piece]]:
    """Return both texts in pieces, cut to their first 1,500 words."""
    words_a, words_b = a.split()[:MAX_WORDS], b.split()[:MAX_WORDS]
    # case alone is no difference; what repeats all over a long text anchors nothing
    matcher = SequenceMatcher(None, [w.lower() for w in words_a], [w.lower() for w in words_b])
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, from_a, to_a, from_b, to_b in matcher.get_opcodes():
        _add(left, words_a[from_a:to_a], is_shared=kind == "equal")
        _add(right, words_b[from_b:to_b], is_shared=kind == "equal")
    return left, right


def _add(pieces: list[Piece], words: Sequence[str], *, is_shared: bool) -> None:
    if words:
        pieces.append(Piece(" ".join(words), is_shared))
