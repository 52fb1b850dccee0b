"""Read fields at paths of an item, for sources whose items have known keys."""

from collections.abc import Callable, Mapping
from typing import Any

from ingestion.rules.readers.values import at, first, text, texts

Item = Mapping[str, Any]
Found = dict[str, Any]
Read = Callable[[Item, Item], Found]


def by_paths(item: Item, paths: Mapping[str, str]) -> Found:
    """Read fields at their paths; alternatives are parted by "|"."""
    return {field: first(item, *path.split("|")) for field, path in paths.items()}


def places(*names: Any) -> str:
    """Put several places in one text."""
    return "; ".join(dict.fromkeys(name for value in names for name in texts(value)))


def flags(item: Item, remote: str, hybrid: str, onsite: str = "") -> str:
    """Read the work model from separate yes/no values."""
    is_remote, is_hybrid, is_onsite = (
        bool(path and at(item, path)) for path in (remote, hybrid, onsite)
    )
    if is_hybrid or (is_remote and is_onsite):
        return "hybrid"
    if is_remote:
        return "remote"
    return "onsite" if is_onsite else text(at(item, remote))
