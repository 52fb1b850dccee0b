"""What a counter's readings say about each other."""

from collections.abc import Mapping


def fell(before: Mapping[str, int | None], told: Mapping[str, int]) -> bool:
    """Whether a counter is lower than the same source said before, which counters never are."""
    pairs = [(before.get(name), value) for name, value in told.items()]
    return any(earlier is not None and value < earlier for earlier, value in pairs)
