"""The default storage: files that are whole and durable before anybody can see them."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from jobly.artifacts.rules.names import TEMPORARY
from jobly.artifacts.rules.places import Stored

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


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

    def exists(self, name: str) -> bool:
        """Whether there is a file of that name; opens nothing, and a link is no file of ours."""
        try:
            return stat.S_ISREG(self._stat(name).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def size(self, name: str) -> int:
        """Return how many bytes a file has, without opening it. Raises: FileNotFoundError."""
        return self._stat(name).st_size

    def walk(self) -> Iterator[Stored]:
        """Yield every file there is, by name in the order of its bytes; follow no link."""
        yield from _walk(Path(self.location), "")

    def abort_uploads(self, before: datetime) -> int:
        """Forget broken uploads: here they are files, which `walk` yields."""
        return 0

    def _stat(self, name: str) -> os.stat_result:
        with self._folder(name) as (folder, last):
            return os.stat(last, dir_fd=folder, follow_symlinks=False)

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


def _walk(folder: Path, prefix: str) -> Iterator[Stored]:
    """Yield the files below a folder; a folder sorts as the names in it do, behind its slash."""
    try:
        with os.scandir(folder) as found:
            entries = [(e.name + "/" if e.is_dir(follow_symlinks=False) else e.name) for e in found]
    except FileNotFoundError:  # nothing was ever stored, or it went meanwhile
        return
    for name in sorted(entries):
        if name.endswith("/"):
            yield from _walk(folder / name, prefix + name)
            continue
        with suppress(FileNotFoundError):
            known = (folder / name).lstat()
            at = datetime.fromtimestamp(known.st_mtime, UTC)
            yield Stored(prefix + name, known.st_size, at)


def _make(name: str, inside: int) -> None:
    """Make a folder that lasts, unless it is there."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=inside)
        os.fsync(inside)


def _forget(name: str, inside: int) -> None:
    """Remove the remains of a broken write."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=inside)
