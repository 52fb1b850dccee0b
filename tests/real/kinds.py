"""Kinds of run for real workers (`celery worker --include tests.real.kinds`): small proofs."""

import ctypes
import os
import resource
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from jobly.artifacts.actions import store
from jobly.runs.actions import emit
from jobly.runs.actions.kinds import run

MEGABYTE = 1 << 20
ROOM = 64 * MEGABYTE  # of memory that the starved body may still take


@dataclass(frozen=True)
class Woken:
    """Somebody slept and then wrote, under this fence."""

    name: ClassVar[str] = "proof.woken"
    fence: int


@run("proof.sleep", stepwise=True)
def sleep(progress, *, seconds: float):
    """Sleep without looking at anything, then write one thing."""
    time.sleep(seconds)
    with progress.transaction():
        emit(Woken(progress.run.fence), company=progress.run.company_id)


@run("proof.die", stepwise=True)
def die(progress, *, way: str):
    """Take the process down, or its memory away."""
    WAYS[way]()


@run("proof.store")
def keep(progress, *, kilobytes: int):
    """Store some bytes, as a run does that makes a file."""
    chunks = (b"x" * 1024 for _ in range(kilobytes))
    artifact = store(chunks, kind="exports", content_type="application/octet-stream")
    return {"artifact": str(artifact.pk)}


@run("proof.versioned", version=int(os.environ.get("PROOF_VERSION", "2")))
def versioned(progress, *, text: str):
    """Say which version of this code did it."""
    return {"text": text, "by": os.environ.get("PROOF_VERSION", "2")}


def _starve() -> None:
    """Ask for more memory than the kernel gives."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM, hard))
    try:
        bytearray(16 * ROOM)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


WAYS = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "abort": os.abort,
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(1),
    "memory": _starve,
}
