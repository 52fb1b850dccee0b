"""State changes of stored bytes: store, discard, and whether they are what they were."""

import hashlib
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any, BinaryIO, Literal

from django.core.files.base import File
from django.db import transaction
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobly.artifacts.clients.places import Place, here
from jobly.artifacts.errors import ArtifactGone, StorageFull
from jobly.artifacts.models import Artifact
from jobly.artifacts.rules.chunks import CHUNK, chunked
from jobly.artifacts.rules.names import place_of
from jobly.artifacts.rules.types import HEAD, content_type_of

MAX_NAME = 255
MAX_CONTENT_TYPE = 127

State = Literal["whole", "missing", "damaged"]


class Counted(io.RawIOBase):
    """A source as the file object that storages ask for; counts and hashes what they take."""

    def __init__(self, source: Iterable[bytes] | BinaryIO) -> None:
        self._pieces = chunked(source)
        self._rest = memoryview(b"")
        self._sum = hashlib.sha256()
        self.size = 0
        self.head = b""
        self.problem: BaseException | None = None  # of the source, not of the storage

    @property
    def sha256(self) -> str:
        """The hash of what was taken so far, in hex."""
        return self._sum.hexdigest()

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
        self._sum.update(taken)
        self.size += count
        if len(self.head) < HEAD:
            self.head += bytes(taken[: HEAD - len(self.head)])
        return count


def store(
    chunks: Iterable[bytes] | BinaryIO, *, kind: str, name: str = "", content_type: str = ""
) -> Artifact:
    """Stream bytes into storage, then write their row in the caller's transaction.

    `kind` is one of KEEP_DAYS. The type is what the bytes say, else the given one, else by name.
    When this returns the bytes are whole and durable; if the caller rolls back, they are an orphan
    that `tidy` finds. Raises: StorageFull; whatever the source raises.
    """
    number = uuid7()
    content = Counted(chunks)
    path = put(here(), place_of(kind, number, datetime.now(UTC)), content)
    found = content_type_of(content.head, name=name, claimed=content_type)
    return Artifact.objects.create(
        id=number,
        path=path,
        sha256=content.sha256,
        size=content.size,
        content_type=found[:MAX_CONTENT_TYPE],
        kind=kind,
        name=name[-MAX_NAME:],
    )


def put(place: Place, path: str, content: Counted) -> str:
    """Write bytes to a place and return the name they got. Raises: StorageFull."""
    try:
        return place.save(path, File(io.BufferedReader(content, CHUNK)))
    except OSError as exc:
        if content.problem is not None:
            raise
        why = exc.strerror or str(exc) or "it failed"
        raise StorageFull(f"The storage takes no bytes: {why}. Nothing was stored.") from exc


def verify(artifact: Artifact) -> bool:
    """Read the bytes again and say whether they are what was stored. Raises: StorageAway."""
    return state_of(artifact) == "whole"


def state_of(artifact: Artifact) -> State:
    """Read the bytes again and say what became of them. Raises: StorageAway."""
    try:
        with artifact.open() as stream:
            return "whole" if hash_of(stream) == artifact.sha256 else "damaged"
    except ArtifactGone:
        return "missing"


def hash_of(stream: Iterable[bytes] | BinaryIO) -> str:
    """Read a file to its end and return its hash, in hex."""
    found = hashlib.sha256()
    for piece in chunked(stream):
        found.update(piece)
    return found.hexdigest()


def discard(artifact: Artifact) -> None:
    """Drop the bytes when the caller's transaction commits; the row stays. Idempotent.

    A death in between leaves an orphan, which `tidy` finds; never a row without its bytes.
    """
    Artifact.objects.filter(pk=artifact.pk, deleted_at=None).update(deleted_at=Now())
    artifact.refresh_from_db(fields=["deleted_at"])
    transaction.on_commit(partial(here().delete, artifact.path), robust=True)
