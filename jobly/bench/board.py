"""A board that takes 50 ms for every posting: a process of its own that counts what comes.

`POST /<board>/jobs` answers 201 with an id; `GET /seen` tells of each board how many came, how many
different ones, and the most that came within any minute. A board called `dead` never answers.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict
from contextlib import suppress

DELAY = 0.05  # seconds
MINUTE = 60.0
seen: dict[str, list[tuple[float, str]]] = defaultdict(list)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            words = head.split(" ", 2)
            size = next(
                (
                    int(line.split(":")[1])
                    for line in head.splitlines()
                    if line.lower().startswith("content-length:")
                ),
                0,
            )
            body = await reader.readexactly(size)
            answer = await _answer(words[1], body)
            writer.write(
                b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(answer), answer)
            )
    writer.close()


async def _answer(path: str, body: bytes) -> bytes:
    if path == "/seen":
        return json.dumps({board: _told(rows) for board, rows in seen.items()}).encode()
    board = path.split("/")[1]
    name = str(json.loads(body or b"{}").get("externalReference", ""))
    seen[board].append((time.monotonic(), name))
    await asyncio.sleep(10**6 if board == "dead" else DELAY)
    return json.dumps({"id": name, "status": "published", "url": f"http://b.test/{name}"}).encode()


def _told(rows: list[tuple[float, str]]) -> dict[str, int]:
    moments = [at for at, _ in rows]
    first = most = 0
    for last, at in enumerate(moments):
        while moments[first] <= at - MINUTE:
            first += 1
        most = max(most, last - first + 1)
    return {"came": len(rows), "different": len({name for _, name in rows}), "a_minute": most}


async def main() -> None:
    """Listen on a free port of this machine and say which."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
