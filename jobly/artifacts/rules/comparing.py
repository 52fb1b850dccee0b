"""Two sorted lists side by side, without holding either in memory."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar


class Placed(Protocol):
    """Something that has a place in a storage."""

    @property
    def path(self) -> str:
        """Its name there."""


Left = TypeVar("Left", bound=Placed)
Right = TypeVar("Right", bound=Placed)


def side_by_side(
    left: Iterable[Left], right: Iterable[Right]
) -> Iterator[tuple[Left | None, Right | None]]:
    """Yield pairs of equal path, with None where one side has nothing; both come sorted by path.

    Where they are not sorted alike, some pairs are told as two halves: look again before acting.
    """
    lefts, rights = iter(left), iter(right)
    one, other = next(lefts, None), next(rights, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.path < other.path):
            yield one, None
            one = next(lefts, None)
        elif one is None or other.path < one.path:
            yield None, other
            other = next(rights, None)
        else:
            yield one, other
            one, other = next(lefts, None), next(rights, None)
