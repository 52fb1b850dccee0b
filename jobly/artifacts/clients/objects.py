"""Artifacts in an S3-compatible store: streamed both ways, whole or not there at all."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import File
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage

from jobly.artifacts.rules.chunks import CHUNK
from jobly.artifacts.rules.places import Stored

PART = 8 << 20  # bytes; a store takes 10,000 of them for one file
PARTS_AT_ONCE = 2
READS = 3  # tries to go on where a download was cut
ABSENT = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchUpload"})
TROUBLES = (ClientError, BotoCoreError, Boto3Error)


@deconstructible(path="jobly.artifacts.clients.objects.Objects")
class Objects(S3Storage):
    """Files of a bucket, below a prefix; every trouble with the store is an OSError."""

    def __init__(self, **options: Any) -> None:
        # other makers' stores do not all know the checksums that Amazon's has
        checksums = "when_required" if options.get("endpoint_url") else "when_supported"
        options["client_config"] = Config(
            s3={"addressing_style": options.get("addressing_style", "auto")},
            signature_version="s3v4",
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": 3},
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
        )
        transfer = TransferConfig(
            multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=PARTS_AT_ONCE
        )
        transfer.max_in_memory_upload_chunks = PARTS_AT_ONCE
        options["transfer_config"] = transfer
        super().__init__(**options)

    @property
    def client(self) -> Any:
        """The client of the thread that asks."""
        return self.connection.meta.client

    def key(self, name: str) -> str:
        """Return the key of a storage name."""
        parts = name.split("/")
        if "\x00" in name or any(part in ("", ".", "..") for part in parts):
            raise SuspiciousFileOperation("This is no storage name of ours.")
        return "/".join([self.location, *parts] if self.location else parts)

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        """Open for reading from anywhere in it; nothing is fetched before it is read."""
        if mode != "rb":
            raise SuspiciousFileOperation("Stored bytes are only read.")
        with as_os_errors(name):
            raw = Body(self.client, {"Bucket": self.bucket_name, "Key": self.key(name)})
        return File(io.BufferedReader(raw, CHUNK), name)

    def _save(self, name: str, content: File[Any]) -> str:
        """Upload in parts; the store shows the file when the last one has arrived."""
        self.key(name)
        with as_os_errors(name):
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is none to remove."""
        with as_os_errors(name):
            self.client.delete_object(Bucket=self.bucket_name, Key=self.key(name))

    def exists(self, name: str) -> bool:
        """Whether there is a file of that name; fetches none of it."""
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        """Return how many bytes a file has, fetching none. Raises: FileNotFoundError."""
        with as_os_errors(name):
            told = self.client.head_object(Bucket=self.bucket_name, Key=self.key(name))
        return int(told["ContentLength"])

    def walk(self) -> Iterator[Stored]:
        """Yield every file there is, by name in the order of its bytes."""
        prefix = f"{self.location}/" if self.location else ""
        with as_os_errors(prefix):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket_name, Prefix=prefix):
                for found in page.get("Contents", ()):
                    name = found["Key"].removeprefix(prefix)
                    yield Stored(name, int(found["Size"]), found["LastModified"])

    def abort_uploads(self, before: datetime) -> int:
        """Forget the parts of uploads that broke off before a moment; return how many."""
        prefix = f"{self.location}/" if self.location else ""
        aborted = 0
        with as_os_errors(prefix):
            pages = self.client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self.bucket_name, Prefix=prefix):
                for found in page.get("Uploads", ()):
                    if found["Initiated"] >= before:
                        continue
                    self.client.abort_multipart_upload(
                        Bucket=self.bucket_name, Key=found["Key"], UploadId=found["UploadId"]
                    )
                    aborted += 1
        return aborted


class Body(io.RawIOBase):
    """The bytes of one object, fetched from wherever one reads and on from there after a cut."""

    def __init__(self, client: Any, where: dict[str, str]) -> None:
        self._client, self._where = client, where
        told = client.head_object(**where)
        self._length = int(told["ContentLength"])
        self._etag = told["ETag"]
        self._place = 0
        self._stream: Any = None

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes: the next read asks for another part."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Choose where the next read begins."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._length}[whence]
        place = max(0, base + offset)
        if place != self._place:
            self._hang_up()
        self._place = place
        return place

    def readinto(self, buffer: Any) -> int:
        """Fetch the next bytes; 0 at the end. Raises: OSError."""
        if self._place >= self._length:
            return 0
        piece = self._fetch(len(buffer))
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def close(self) -> None:
        """Let go of the connection."""
        self._hang_up()
        super().close()

    def _fetch(self, size: int) -> bytes:
        for left in reversed(range(READS)):
            try:
                with as_os_errors(self._where["Key"]):
                    piece: bytes = self._connected().read(size)
                if piece:
                    return piece
                raise OSError("the store ended a file too early")
            except FileNotFoundError:
                raise
            except OSError:
                self._hang_up()
                if not left:
                    raise
        raise AssertionError  # the loop returns or raises

    def _connected(self) -> Any:
        if self._stream is None:
            # the tag makes sure that all parts are of the same bytes
            asked = {"Range": f"bytes={self._place}-", "IfMatch": self._etag}
            self._stream = self._client.get_object(**self._where, **asked)["Body"]
        return self._stream

    def _hang_up(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


@contextmanager
def as_os_errors(name: str) -> Iterator[None]:
    """Raise what goes wrong with the store as files would: FileNotFoundError, else OSError."""
    try:
        yield
    except ClientError as exc:
        if exc.response.get("Error", {}).get("Code") in ABSENT:
            raise FileNotFoundError(f"no object {name}") from exc
        raise OSError(f"the store refused: {exc}") from exc
    except TROUBLES as exc:
        raise OSError(f"the store does not answer: {exc}") from exc
