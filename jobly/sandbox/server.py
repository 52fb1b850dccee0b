"""The program: one event loop, one state file, four boards."""

import asyncio
import functools
import ipaddress
import resource
import signal
import socket
import sqlite3
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jobly.sandbox import control, glassdoor, hook, hooks, indeed, linkedin, store
from jobly.sandbox.store import Call
from jobly.sandbox.wire import HEAD_LIMIT, Refused, Request, Response, as_json, converse

ANSWERS: Final = {
    "linkedin": linkedin.answer,
    "indeed": indeed.answer,
    "glassdoor": glassdoor.answer,
    "hook": hook.answer,
}
#: Boards that look at a posting before they show it.
REVIEWED: Final = frozenset({"linkedin", "indeed"})
#: Seconds a board with a review works on a posting, unless told otherwise.
DELAY: Final = 1.0
BACKLOG: Final = 1024


@dataclass(frozen=True, slots=True)
class Options:
    """How to run."""

    port: int
    host: str = "127.0.0.1"
    state: Path | None = None
    delay: float = DELAY


@dataclass(frozen=True, slots=True)
class World:
    """What every answer needs."""

    db: sqlite3.Connection
    base_url: str
    delay: float


def run(options: Options) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    try:
        asyncio.run(_serve(options))
    except (OSError, OverflowError, sqlite3.Error) as exc:
        sys.stderr.write(f"sandbox: cannot start on {options.host}:{options.port}: {exc}\n")
        return 2
    return 0


def answer(world: World, request: Request) -> Response:
    """Answer one request."""
    try:
        return _answer(world, request)
    except UnicodeEncodeError:
        # JSON can spell half a character, as "\\ud800", that no file can hold.
        return as_json(400, {"error": "the text is not valid Unicode"})


def _answer(world: World, request: Request) -> Response:
    """Answer in one transaction, which is kept whatever the answer is."""
    now = time.time()
    board = request.path.split("/")[1]
    with store.transaction(world.db):
        if control.is_page(request) and board in ANSWERS:
            return control.page(world.db, request, world.base_url, now)
        if board not in ANSWERS:
            return control.answer(world.db, request, world.base_url, now)
        usual = world.delay if board in REVIEWED else 0.0
        delay = (store.setting(world.db, "delays") or {}).get(board, usual)
        call = Call(world.db, board, world.base_url, delay, now, request)
        try:
            return ANSWERS[board](call)
        except Refused as refused:
            return refused.response


async def _serve(options: Options) -> None:
    _allow_many_connections()
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.create_server((options.host, options.port), family=family, backlog=BACKLOG)
    db = store.open_state(options.state)
    world = World(db, _address(options.host, listener.getsockname()[1]), options.delay)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    talk = functools.partial(converse, answer=functools.partial(answer, world))
    server = await asyncio.start_server(talk, sock=listener, limit=HEAD_LIMIT)
    sys.stdout.write(f"sandbox boards on {world.base_url}\n")
    sys.stdout.flush()
    deliveries = asyncio.create_task(hooks.deliver_for_ever(db))
    await stop.wait()
    server.close()
    deliveries.cancel()
    with suppress(asyncio.CancelledError):
        await deliveries
    db.close()


def _address(host: str, port: int) -> str:
    """Return where a browser on this machine finds us."""
    with suppress(ValueError):
        if ipaddress.ip_address(host).is_unspecified:
            host = "::1" if ":" in host else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _allow_many_connections() -> None:
    """Lift the soft limit of open files: held answers keep their connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
