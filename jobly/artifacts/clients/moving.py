"""The storage of an instance on the move: it writes to the new place and reads from both."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.core.files.storage import Storage
from django.utils.deconstruct import deconstructible

from jobly.artifacts.rules.comparing import side_by_side
from jobly.artifacts.rules.places import Backend, Stored

from .places import place_at


@deconstructible(path="jobly.artifacts.clients.moving.Moving")
class Moving(Storage):
    """New files go to the new place; those not moved yet are found in the old one."""

    def __init__(self, new: Backend, old: Backend) -> None:
        self.new, self.old = place_at(new), place_at(old)

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        """Open for reading wherever it is."""
        try:
            return self.new.open(name, mode)
        except (FileNotFoundError, NotADirectoryError):
            return self.old.open(name, mode)

    def _save(self, name: str, content: File[Any]) -> str:
        """Store in the new place."""
        write = self.new.save  # of a storage, not of a row
        return write(name, content)

    def delete(self, name: str) -> None:
        """Remove a file from both, so that it does not come back."""
        self.old.delete(name)
        self.new.delete(name)

    def exists(self, name: str) -> bool:
        """Whether either has it."""
        return self.new.exists(name) or self.old.exists(name)

    def size(self, name: str) -> int:
        """Return how many bytes a file has. Raises: FileNotFoundError."""
        try:
            return self.new.size(name)
        except (FileNotFoundError, NotADirectoryError):
            return self.old.size(name)

    def walk(self) -> Iterator[Stored]:
        """Yield every file of both once, by name."""
        for new, old in side_by_side(self.new.walk(), self.old.walk()):
            if found := new or old:
                yield found

    def abort_uploads(self, before: datetime) -> int:
        """Forget broken uploads in both."""
        return self.new.abort_uploads(before) + self.old.abort_uploads(before)
