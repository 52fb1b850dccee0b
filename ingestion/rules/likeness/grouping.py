"""Which postings are one job when pairs say so, and which of them stands for all."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

PERSON, EXACT, URL = "person", "exact", "url"
_SURER = {PERSON: 0, EXACT: 1, URL: 2}


@dataclass(frozen=True, slots=True)
class Edge:
    """Two postings that are the same, by which rule, and how alike their words are."""

    a: int
    b: int
    rule: str
    jaccard: float

    @property
    def order(self) -> tuple[int, float, int, int]:
        """What comes first when pairs contradict each other: a person, identity, closeness."""
        low, high = sorted((self.a, self.b))
        return (_SURER.get(self.rule, 3), -self.jaccard, low, high)


def group(edges: Iterable[Edge], apart: Iterable[tuple[int, int]]) -> list[frozenset[int]]:
    """Return the groups of two and more, the lowest number first.

    Pairs join, the surest first; a join that would put together two that a person set apart is
    left out. The order of the arguments does not matter.
    """
    enemies: defaultdict[int, set[int]] = defaultdict(set)
    for one, other in apart:
        enemies[one].add(other)
        enemies[other].add(one)
    groups: dict[int, set[int]] = {}
    for edge in sorted(edges, key=lambda e: e.order):
        left = groups.setdefault(edge.a, {edge.a})
        right = groups.setdefault(edge.b, {edge.b})
        if left is right or any(enemies[member] & right for member in left if member in enemies):
            continue
        small, large = sorted((left, right), key=len)
        large |= small
        for member in small:
            groups[member] = large
    found = {frozenset(members) for members in groups.values() if len(members) > 1}
    return sorted(found, key=min)


@dataclass(frozen=True, slots=True)
class Copy:
    """What decides which posting of a group is shown.

    `is_own`: a company's own job; `is_first_party`: one applies at the employer itself;
    `is_agency`: somebody hires for another.
    """

    job: int
    is_open: bool
    is_public: bool
    is_own: bool
    is_first_party: bool
    is_agency: bool
    has_link: bool
    seen: float

    @property
    def order(self) -> tuple[bool, bool, bool, bool, bool, bool, float, int]:
        """The lowest is shown: open and public, then nearest to the employer, then the oldest."""
        return (
            not self.is_public, not self.is_open, not self.is_own, not self.is_first_party,
            self.is_agency, not self.has_link, self.seen, self.job,
        )  # fmt: skip


def shown(copies: Iterable[Copy]) -> int:
    """Return the posting that stands for a group."""
    return min(copies, key=lambda copy: copy.order).job


def hidden(copies: Iterable[Copy], canonical: int) -> set[int]:
    """Return the postings that listings leave out; a company's own is never among them."""
    return {copy.job for copy in copies if copy.job != canonical and not copy.is_own}
