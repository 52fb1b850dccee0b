"""The default storage: files that are whole and durable before anybody can see them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
TEMPORARY = ".part-"  # the beginning of names that nobody reads


@deconstructible(path="jobly.artifacts.clients.files.DurableFiles")
class DurableFiles(FileSystemStorage):
    """Write to a temporary name, fsync, rename, fsync the directory; follow no symbolic link."""

    def _save(self, name: str, content: File[Any]) -> str:
        """Store the content under `name`, which must be new, and return it."""
        with self._folder(name, create=True) as (folder, last):
            temporary = f"{TEMPORARY}{uuid4().hex}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                with os.fdopen(os.open(temporary, flags, 0o600, dir_fd=folder), "wb") as out:
                    for chunk in content.chunks():
                        out.write(chunk)
                    out.flush()
                    os.fsync(out.fileno())
                os.rename(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                _forget(temporary, folder)
                raise
            os.fsync(folder)
        return name

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        """Open for reading, by a path without links."""
        if mode != "rb":
            raise SuspiciousFileOperation("Stored bytes are only read.")
        with self._folder(name) as (folder, last):
            fd = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        return File(os.fdopen(fd, "rb"), name)

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is none to remove."""
        with suppress(FileNotFoundError), self._folder(name) as (folder, last):
            os.unlink(last, dir_fd=folder)

    @contextmanager
    def _folder(self, name: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
        """Walk to the folder of `name`, refusing links; yield its descriptor and the last part."""
        *parts, last = self._parts(name)
        if create:
            Path(self.location).mkdir(mode=0o700, parents=True, exist_ok=True)
        here = os.open(self.location, DIRECTORY & ~os.O_NOFOLLOW)
        try:
            for part in parts:
                if create:
                    _make(part, here)
                below = os.open(part, DIRECTORY, dir_fd=here)
                os.close(here)
                here = below
            yield here, last
        finally:
            os.close(here)

    def _parts(self, name: str) -> list[str]:
        """Split a storage name. Raises: SuspiciousFileOperation for names we never make."""
        parts = name.split("/")
        if "\x00" in name or any(part in ("", ".", "..") for part in parts):
            raise SuspiciousFileOperation("This is no storage name of ours.")
        return parts


def _make(name: str, inside: int) -> None:
    """Make a folder that lasts, unless it is there."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=inside)
        os.fsync(inside)


def _forget(name: str, inside: int) -> None:
    """Remove the remains of a broken write."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=inside)
