"""Places for bytes: what a STORAGE_URL names, and what a file there looks like."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from jobly.artifacts.errors import BadPlace

FILES = "jobly.artifacts.clients.files.DurableFiles"
OBJECTS = "jobly.artifacts.clients.objects.Objects"
MOVING = "jobly.artifacts.clients.moving.Moving"
#: parameters of an s3 address → options of the storage
OBJECT_OPTIONS = {
    "endpoint": "endpoint_url",
    "region": "region_name",
    "addressing": "addressing_style",
}
ADDRESSINGS = ("path", "virtual", "auto")
EXPECTED = "expected file:///folder or s3://bucket/prefix?endpoint=…&region=…"

Backend = dict[str, Any]  # an entry of Django's STORAGES


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in a storage: its name there, its size in bytes, when it was written."""

    path: str
    size: int
    modified: datetime


def backend_of(url: str) -> Backend:
    """Return the storage that a URL names. Raises: BadPlace."""
    parts = urlsplit(url)
    try:
        if parts.scheme == "file":
            return {"BACKEND": FILES, "OPTIONS": {"location": _folder(parts)}}
        if parts.scheme == "s3":
            return {"BACKEND": OBJECTS, "OPTIONS": _objects(parts)}
    except ValueError as wrong:
        raise BadPlace(f"{shown(url)}: {wrong}; nothing was changed.") from wrong
    raise BadPlace(f"{shown(url)!r} is no place for files: {EXPECTED}; nothing was changed.")


def moving(new: Backend, old: Backend) -> Backend:
    """Return the storage that writes to a new place and still reads from the old one."""
    return {"BACKEND": MOVING, "OPTIONS": {"new": new, "old": old}}


def overlap(one: Backend, other: Backend) -> bool:
    """Whether two places are the same, or one lies inside the other."""
    if one["BACKEND"] != other["BACKEND"]:
        return False
    ours, theirs = one["OPTIONS"], other["OPTIONS"]
    if one["BACKEND"] == FILES:
        a, b = PurePosixPath(ours["location"]), PurePosixPath(theirs["location"])
    else:
        server = ("endpoint_url", "bucket_name")
        if any(ours.get(name) != theirs.get(name) for name in server):
            return False
        a, b = PurePosixPath("/", ours["location"]), PurePosixPath("/", theirs["location"])
    return a.is_relative_to(b) or b.is_relative_to(a)


def shown(url: str) -> str:
    """Return a URL without its credentials and parameters, for people and logs."""
    parts = urlsplit(url)
    return (
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.scheme else url
    )


def _folder(parts: SplitResult) -> str:
    """Read the folder of a file address."""
    if parts.netloc not in ("", "localhost"):
        raise ValueError("a folder of this machine has three slashes, as in file:///srv/jobly")
    path = unquote(parts.path)
    if not path.startswith("/") or "\x00" in path or ".." in path.split("/") or parts.query:
        raise ValueError("expected an absolute folder")
    if PurePosixPath(path) == PurePosixPath("/"):
        raise ValueError("the root of the file system is no place for files")
    return str(PurePosixPath(path))


def _objects(parts: SplitResult) -> dict[str, Any]:
    """Read bucket, prefix, credentials and parameters of an s3 address."""
    if not parts.hostname:
        raise ValueError("expected a bucket after s3://")
    bucket = parts.netloc.rpartition("@")[2]
    prefix = unquote(parts.path).strip("/")
    if any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
        raise ValueError("the prefix has an empty part")
    options: dict[str, Any] = {"bucket_name": bucket, "location": prefix}
    if parts.username or parts.password:
        options["access_key"] = unquote(parts.username or "")
        options["secret_key"] = unquote(parts.password or "")
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in OBJECT_OPTIONS or not value:
            raise ValueError(f"{name!r} is not known; there are {', '.join(OBJECT_OPTIONS)}")
        options[OBJECT_OPTIONS[name]] = value
    _check_objects(options)
    return options


def _check_objects(options: dict[str, Any]) -> None:
    """Refuse parameters that cannot work, and choose what was left out."""
    endpoint = urlsplit(options.get("endpoint_url", "https://s3"))
    if endpoint.scheme not in ("http", "https") or not endpoint.hostname:
        raise ValueError("endpoint: expected an address such as https://s3.example.org")
    usual = "path" if "endpoint_url" in options else "auto"
    if options.setdefault("addressing_style", usual) not in ADDRESSINGS:
        raise ValueError(f"addressing: one of {', '.join(ADDRESSINGS)}")
