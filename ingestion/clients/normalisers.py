"""Processes that normalise items while their parent reads the next ones and writes the last.

A normaliser is a plain child with one line to its parent: the means first, then lists of items,
each answered before the next is sent. It ends with its line, so it outlives nobody, not even a
parent that was killed.
"""

import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import fields
from multiprocessing.connection import Connection
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Protocol, Self, TypeVar

import structlog

from ingestion.errors import FileRefused
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.rows import Columns, Means, columns_of

log = structlog.get_logger("ingestion.normalisers")
MODULE: Final = "ingestion.clients.normalisers"
ROOT: Final = Path(__file__).parents[2]
NICE: Final = 5  # pages and streams go first
READY: Final = "ready"
# the item itself stays here: only its row of an error table wants it
SENT: Final = tuple(field.name for field in fields(RawPosting) if field.name != "raw")
_values = attrgetter(*SENT)

Made = list[Columns | RowProblem]


class Work(Protocol):
    """Anything with items to be normalised."""

    @property
    def items(self) -> list[RawPosting]:
        """The items, in their order."""


W = TypeVar("W", bound=Work)


class Normalisers:
    """Normalise batch after batch, in order, with as many helpers as asked for.

    Without helpers, until they are ready, and where one dies, the work is done in this process.
    """

    def __init__(self, means: Means, helpers: int) -> None:
        self.means = means
        self.starting: list[_Helper] = []
        self.idle: list[_Helper] = []
        self.all: list[_Helper] = []
        try:
            for _ in range(helpers):
                self.all.append(_Helper())
            for helper in self.all:
                helper.line.send(means)  # waits for one that is not up yet: all were begun first
                self.starting.append(helper)
        except OSError as exc:
            log.warning("no_normaliser", error=str(exc))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for helper in self.all:
            helper.end()

    def each(self, batches: Iterable[W]) -> Iterator[tuple[W, Made]]:
        """Yield each batch with what was made of its items, reading a few batches ahead.

        Raises: FileRefused where the batches do, after the last one that came before.
        """
        begun: deque[tuple[W, _Helper | None]] = deque()
        refused = None
        try:
            for batch in batches:
                self._look_who_is_ready()
                done = [self._finish(*begun.popleft())] if begun and not self.idle else []
                begun.append((batch, self._begin(batch)))
                yield from done
        except FileRefused as wrong:
            refused = wrong
        while begun:
            yield self._finish(*begun.popleft())
        if refused:
            raise refused

    def _look_who_is_ready(self) -> None:
        ready = [helper for helper in self.starting if helper.is_ready()]
        self.idle += ready
        self.starting = [helper for helper in self.starting if helper not in ready]

    def _begin(self, batch: W) -> "_Helper | None":
        """Send a batch to a helper that has nothing to do; None when it is left to us."""
        while self.idle and batch.items:
            helper = self.idle.pop()
            with suppress(OSError):
                helper.send(batch.items)
                return helper
        return None

    def _finish(self, batch: W, helper: "_Helper | None") -> tuple[W, Made]:
        made = None
        if helper:
            try:
                made = helper.answer()
                self.idle.append(helper)
            except (EOFError, OSError):
                log.warning("normaliser_died", pid=helper.child.pid)
        if made is None:
            made = [columns_of(item, self.means) for item in batch.items]
        return batch, made


class _Helper:
    """One child, and our end of its line."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            self.child = subprocess.Popen(  # noqa: S603 # our own
                [sys.executable, "-m", MODULE, str(number)],
                cwd=ROOT,
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self.line: Connection[Any, Any] = Connection(ours.detach())

    def is_ready(self) -> bool:
        """Whether it has read its means; one that died on the way is never ready."""
        with suppress(EOFError, OSError):
            return self.line.poll() and self.line.recv() == READY
        return False

    def send(self, items: list[RawPosting]) -> None:
        self.line.send([_values(item) for item in items])

    def answer(self) -> Made:
        made: Made = self.line.recv()
        return made

    def end(self) -> None:
        """End it at once: what it has in hand is nobody's any more."""
        self.line.close()
        self.child.kill()
        self.child.wait()


def serve(line: "Connection[Any, Any]") -> None:
    """Answer lists of items until the line ends."""
    with line, suppress(EOFError, ConnectionError):
        means: Means = line.recv()
        line.send(READY)
        while True:
            items = (RawPosting(row, {}, *rest) for row, *rest in line.recv())
            line.send([columns_of(item, means) for item in items])


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells the parent, which ends us
    os.nice(NICE)
    serve(Connection(int(sys.argv[1])))
