"""Small real servers that misbehave on purpose, all on loopback."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def raw_server(
    serve: Callable[[socket.socket], None],
    context: ssl.SSLContext | None = None,
    *,
    greet: bool = True,
) -> Iterator[int]:
    """Accept connections, read each request's head and let `serve` answer; yield the port.

    With `context` they speak TLS; without `greet` not even the head is read.
    """
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(peer: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(peer, True) if context else peer as speaking:
            while greet and b"\r\n\r\n" not in speaking.recv(65536):
                pass
            serve(speaking)

    def accept() -> None:
        with suppress(OSError):  # the listening socket was shut down
            while True:
                peer, _ = listening.accept()
                threading.Thread(target=answer, args=(peer,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    thread.join()
    listening.close()


def reset(peer: socket.socket) -> None:
    """Cut a connection with RST."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
