"""What every place for bytes can do, and how to get hold of one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from django.core.files.base import File
from django.core.files.storage import default_storage, storages

from jobly.artifacts.rules.places import Backend, Stored


class Place(Protocol):
    """A storage of ours; whatever goes wrong with it is an OSError."""

    def open(self, name: str, mode: str = "rb") -> File[Any]:
        """Open for reading, seekable."""

    def save(self, name: str | None, content: File[Any]) -> str:
        """Store; the file is seen when it is whole."""

    def delete(self, name: str) -> None:
        """Remove, if it is there."""

    def exists(self, name: str) -> bool:
        """Look for a file without opening it."""

    def size(self, name: str) -> int:
        """Measure a file without opening it."""

    def walk(self) -> Iterator[Stored]:
        """List everything in the order of the names' bytes."""

    def abort_uploads(self, before: datetime) -> int:
        """Forget broken uploads."""


def here() -> Place:
    """Return the place where this instance keeps its artifacts."""
    place: Any = default_storage
    return place  # type: ignore[no-any-return] # Django knows it as any storage


def place_at(backend: Backend) -> Place:
    """Make a place from its description. Raises nothing before it is used."""
    place: Any = storages.create_storage(backend)
    return place  # type: ignore[no-any-return]
