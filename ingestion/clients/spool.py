"""Answers in files of their own, for the time in which nothing can be stored."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

SUFFIX = ".answer"


@dataclass(frozen=True, slots=True)
class Spooled:
    """One answer that was set aside: what is known of it, and its bytes as they came."""

    path: Path
    facts: dict[str, Any]
    body: bytes


def keep(folder: Path, name: str, facts: dict[str, Any], body: bytes) -> Path:
    """Write an answer to a file that is whole and durable when this returns.

    Raises: OSError; no part of it stays then to take the room that is wanted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{SUFFIX}"
    beside = path.with_suffix(".part")
    try:
        with beside.open("wb") as file:
            file.write(orjson.dumps(facts) + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return path


def kept(folder: Path, prefix: str = "") -> Iterator[Spooled]:
    """Yield the answers whose name begins so, in the order of their names; damaged ones never."""
    if not folder.is_dir():
        return
    for path in sorted(folder.glob(f"{prefix}*{SUFFIX}")):
        head, _, body = path.read_bytes().partition(b"\n")
        try:
            facts = orjson.loads(head)
        except orjson.JSONDecodeError:
            path.rename(path.with_suffix(".damaged"))
            continue
        yield Spooled(path, facts, body)


def drop(answer: Spooled) -> None:
    """Delete an answer that is stored now."""
    answer.path.unlink(missing_ok=True)
