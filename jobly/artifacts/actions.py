"""State changes of stored bytes."""

import hashlib
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from .errors import ArtifactGone, StorageFull
from .models import Artifact
from .rules import CHUNK, chunked, place_of

MAX_NAME = 255
MAX_CONTENT_TYPE = 127
BATCH = 500  # files compared with rows at a time


class _Counted(io.RawIOBase):
    """A source as the file object that storages ask for; counts and hashes what they take."""

    def __init__(self, source: Iterable[bytes] | BinaryIO) -> None:
        self._pieces = chunked(source)
        self._rest = memoryview(b"")
        self.sum = hashlib.sha256()
        self.size = 0
        self.problem: BaseException | None = None  # of the source, not of the storage

    def readable(self) -> bool:
        """Say yes, as the buffered reader asks."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Hand over the next bytes; 0 at the end."""
        while not self._rest:
            try:
                piece = next(self._pieces, None)
            except BaseException as exc:
                self.problem = exc
                raise
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        taken, self._rest = self._rest[:count], self._rest[count:]
        buffer[:count] = taken
        self.sum.update(taken)
        self.size += count
        return count


def store(
    chunks: Iterable[bytes] | BinaryIO, *, kind: str, content_type: str, name: str = ""
) -> Artifact:
    """Stream bytes into storage, then write their row in the caller's transaction.

    When this returns the bytes are whole and durable; if the caller rolls back, they are an orphan
    that `collect_orphans` finds. Raises: StorageFull; whatever the source raises.
    """
    number = uuid7()
    content = _Counted(chunks)
    try:
        path = default_storage.save(
            place_of(kind, number, datetime.now(UTC)), File(io.BufferedReader(content, CHUNK))
        )
    except OSError as exc:
        if content.problem is not None:
            raise
        raise StorageFull(f"The storage takes no bytes: {exc.strerror or 'it failed'}.") from exc
    return Artifact.objects.create(
        id=number,
        path=path,
        sha256=content.sum.hexdigest(),
        size=content.size,
        content_type=content_type[:MAX_CONTENT_TYPE],
        kind=kind,
        name=name[-MAX_NAME:],
    )


def verify(artifact: Artifact) -> bool:
    """Read the bytes again and say whether they are what was stored."""
    try:
        with artifact.open() as stream:
            found = hashlib.sha256()
            for piece in chunked(stream):
                found.update(piece)
    except ArtifactGone:
        return False
    return found.hexdigest() == artifact.sha256


def discard(artifact: Artifact) -> None:
    """Drop the bytes when the caller's transaction commits; the row stays. Idempotent."""
    Artifact.objects.filter(pk=artifact.pk, deleted_at=None).update(deleted_at=Now())
    artifact.refresh_from_db(fields=["deleted_at"])
    transaction.on_commit(partial(default_storage.delete, artifact.path), robust=True)


def collect_orphans(older_than: timedelta = timedelta(days=1)) -> int:
    """Delete stored files that no row keeps, and leftovers of broken writes; return how many.

    `older_than` protects files whose row is not committed yet. Safe to run at any time.
    """
    before = datetime.now(UTC) - older_than
    collected = 0
    names = _files("")
    while batch := list(islice(names, BATCH)):
        kept = set(Artifact.objects.kept().filter(path__in=batch).values_list("path", flat=True))
        for name in batch:
            if name not in kept and default_storage.get_modified_time(name) < before:
                default_storage.delete(name)
                collected += 1
    return collected


def _files(folder: str) -> Iterator[str]:
    """Yield the names of all stored files under a folder."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:  # nothing was ever stored
        return
    prefix = f"{folder}/" if folder else ""
    for name in sorted(files):
        yield prefix + name
    for name in sorted(folders):
        yield from _files(prefix + name)
