"""A line that may be stalled, cut, or cut just when a transaction commits."""

import random
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from jobly.embedded.instance import HOST

COMMIT = b"COMMIT\0"  # as psycopg sends it, alone in a message
RESET = struct.pack("ii", 1, 0)  # a close that discards: the peer meets RST
Cut = Literal["before", "after", ""]  # before the server gets the commit, or before it answers


class Proxy:
    """Forward connections of one address to a Unix socket, for as long as it is let to.

    `stalled` makes it a black hole: lines stay open, new ones are taken, nothing goes through.
    `at_commit` decides for each COMMIT whether the line is cut there.
    """

    def __init__(self, upstream: Path, *, listen: Path | None = None) -> None:
        self.upstream = upstream
        self.flowing = threading.Event()
        self.flowing.set()
        self.at_commit: Callable[[], Cut] = lambda: ""
        self.cuts: list[Cut] = []
        self.lines: set[socket.socket] = set()
        self.lock = threading.Lock()
        if listen is None:
            self.listening = socket.create_server((HOST, 0))
            self.port = int(self.listening.getsockname()[1])
        else:
            listen.parent.mkdir(mode=0o700, exist_ok=True)
            self.listening = socket.socket(socket.AF_UNIX)
            self.listening.bind(str(listen))
            self.listening.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self) -> None:
        """Forward nothing any more."""
        self.flowing.clear()

    def flow(self) -> None:
        """Forward again, what waited first."""
        self.flowing.set()

    def cut(self, share: float = 1.0, draw: random.Random | None = None) -> int:
        """Reset a share of the lines; return how many."""
        with self.lock:
            lines = sorted(self.lines, key=lambda line: line.fileno())
        chosen = [line for line in lines if draw is None or draw.random() < share]
        for line in chosen:
            _reset(line)
        return len(chosen)

    def close(self) -> None:
        """Take no more lines and drop those there are."""
        self.flowing.set()
        with suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                client, _ = self.listening.accept()
                threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        """Serve one line until either side ends it."""
        with client, socket.socket(socket.AF_UNIX) as server:
            self.flowing.wait()
            try:
                server.connect(str(self.upstream))
            except OSError:
                _reset(client)
                return
            with self.lock:
                self.lines.add(client)
            back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
            back.start()
            self._pump(client, server, watch=True)
            back.join()
            with self.lock:
                self.lines.discard(client)

    def _pump(self, source: socket.socket, target: socket.socket, *, watch: bool = False) -> None:
        with suppress(OSError):
            while chunk := source.recv(1 << 16):
                self.flowing.wait()
                if watch and COMMIT in chunk and (cut := self.at_commit()):
                    self.cuts.append(cut)
                    _break_off(source, target, chunk if cut == "after" else b"")
                    return
                target.sendall(chunk)
        for side in (source, target):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


def _break_off(client: socket.socket, server: socket.socket, last: bytes) -> None:
    """Reset the client; the server gets its last words, and its answer goes nowhere."""
    _reset(client)
    if last:
        server.sendall(last)
        server.shutdown(socket.SHUT_WR)
    else:
        _reset(server)


def _reset(line: socket.socket) -> None:
    with suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        line.shutdown(socket.SHUT_RDWR)
