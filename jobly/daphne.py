"""Daphne as our live server: `python -m jobly.daphne -p PORT jobly.asgi:application`.

Plain Daphne serves the application too, but takes longer over each message, and Autobahn keeps the
close codes of a server from it.
"""

import asyncio
import resource
import struct
from functools import lru_cache
from typing import Any

from daphne.cli import CommandLineInterface
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol

TEXT = 0x81  # one whole text frame, unmasked as a server's are
SHORT, LONG = 125, 0xFFFF  # bytes that fit the two short ways to say a length
MOST_FILES = 65_536


@lru_cache(maxsize=64)
def frame(text: str) -> bytes:
    """Return a text message as it goes over the line; the same for everybody who gets it."""
    payload = text.encode()
    size = len(payload)
    if size <= SHORT:
        return struct.pack("!BB", TEXT, size) + payload
    if size <= LONG:
        return struct.pack("!BBH", TEXT, 126, size) + payload
    return struct.pack("!BBQ", TEXT, 127, size) + payload


class SharedFrames(WebSocketProtocol):  # type: ignore[misc] # daphne ships no types
    """A websocket that sends text as frames which were made once, at once if the line is free."""

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Do what the application asks; with `more` the next message follows immediately."""
        text = message.get("text")
        if text is None or self.state != self.STATE_OPEN:
            super().handle_reply(message)
            return
        data = frame(text)
        if not message.get("more"):
            data = data[self._sent_now(data) :]
        if data:
            self.transport.write(data)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 # daphne's
        """Take bytes in; Autobahn would first colour the words of a log line that nobody reads."""
        self._dataReceived(data)

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802 # daphne's
        """Close, by the codes of a server too (1012, 1013), which Autobahn keeps for itself."""
        self.sendCloseFrame(code=1000 if code is None else code)

    def _sent_now(self, data: bytes) -> int:
        """Send what the socket takes, past the reactor if nothing waits there; return how much."""
        line = self.transport
        if not line.connected or line.disconnecting or getattr(line, "dataBuffer", True):
            return 0
        if line._tempDataBuffer:  # noqa: SLF001 # there is no other way to know
            return 0
        sent = line.writeSomeData(data)
        return sent if isinstance(sent, int) else 0  # the reactor finds out what is wrong


class LiveServer(Server):  # type: ignore[misc] # daphne ships no types
    """Daphne with our websockets, and a stop that reaches everybody."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"ready_callable": self._ready})

    def _ready(self) -> None:
        self.ws_factory.protocol = SharedFrames

    def kill_all_applications(self) -> Any:
        """Stop every application, past requests that have none yet, which Daphne trips over."""
        nothing = asyncio.get_event_loop().create_future()
        nothing.set_result(None)
        for details in self.connections.values():
            details.setdefault("application_instance", nothing)
        return super().kill_all_applications()


class LiveCommand(CommandLineInterface):  # type: ignore[misc] # daphne ships no types
    """Daphne's own command line."""

    server_class = LiveServer


def allow_connections() -> None:
    """Have as many files open as the system lets us: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = hard == resource.RLIM_INFINITY
    wanted = MOST_FILES if unlimited else min(hard, MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    allow_connections()
    LiveCommand.entrypoint()
