"""The children of `up`: their command lines, and the order in which they leave."""

import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jobly.embedded import Addresses
from jobly.embedded.instance import HOST, UP_PID
from jobly.embedded.processes import Program, spawn
from jobly.embedded.servers import (
    POSTGRES_STOPS_BY,
    VALKEY_STOPS_BY,
    start_postgres,
    start_valkey,
)
from jobly.embedded.supervisor import Service

ROOT = Path(__file__).resolve().parent.parent.parent
WEB_WORKERS, WEB_THREADS = 2, 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the children of one instance listen and how many work."""

    at: Addresses
    port: int
    live: int
    sandbox: int
    queues: tuple[str, ...]
    worker_processes: int


def postgres(at: Addresses) -> Service:
    """Describe the database; it leaves last."""
    return Service(
        name="postgres",
        start=lambda: start_postgres(at),
        leaves=5,
        seconds=2.5,
        stops_by=POSTGRES_STOPS_BY,
        dies_by=_unless_linux(POSTGRES_STOPS_BY),
    )


def valkey(at: Addresses) -> Service:
    """Describe the broker and cache; it leaves when nobody uses it any more."""
    return Service(
        name="valkey",
        start=lambda: start_valkey(at),
        leaves=4,
        seconds=1,
        stops_by=VALKEY_STOPS_BY,
        dies_by=_unless_linux(VALKEY_STOPS_BY),
    )


def web(layout: Layout) -> Service:
    """Describe Granian: pages, admin and API."""
    options = {
        "interface": "wsgi",
        "host": HOST,
        "port": layout.port,
        "workers": WEB_WORKERS,
        "blocking-threads": WEB_THREADS,
        "workers-kill-timeout": 2,
        "process-name": "jobly-web",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return _ours(
        layout.at,
        "web",
        ["-m", "granian", *flags, "--no-ws", "--respawn-failed-workers", "jobly.wsgi:application"],
        leaves=1,
        seconds=2,
    )


def live(layout: Layout) -> Service:
    """Describe Daphne: event streams and websockets."""
    _, *arguments = live_command(layout.live)
    return _ours(layout.at, "live", arguments, leaves=1, seconds=2)


def live_command(port: int) -> list[str]:
    """Return the command line of the live server, as `up`, its bench and its tests start it."""
    options = ["-b", HOST, "-p", str(port), "--verbosity", "0"]
    # of what clients send; what they are sent is longer
    options += ["--websocket-max-message-size", "4096", "--websocket-max-frame-size", "4096"]
    return [sys.executable, "-m", "jobly.daphne", *options, "jobly.asgi:application"]


def worker(layout: Layout) -> Service:
    """Describe Celery's worker: it executes runs; one worker needs no gossip with others."""
    options = [
        *("--pool", "prefork", "--concurrency", str(layout.worker_processes)),
        *("--queues", ",".join(layout.queues), "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    return _ours(layout.at, "worker", [*_celery("worker"), *options], leaves=2, seconds=4)


def beat(layout: Layout) -> Service:
    """Describe Celery's clock: it fires the schedules."""
    command = [*_celery("beat"), "--pidfile=", "--max-interval", "5"]
    return _ours(layout.at, "beat", command, leaves=2, seconds=4)


def sandbox(layout: Layout) -> Service:
    """Describe the boards to publish to without an account."""
    state = str(layout.at.var / "sandbox")
    command = ["-m", "jobly.sandbox", "--port", str(layout.sandbox), "--state", state]
    return _ours(layout.at, "sandbox", command, leaves=3, seconds=0.5)


def _unless_linux(number: signal.Signals) -> signal.Signals | None:
    # The kernel sends it there; Valkey takes a second one as an order to skip its last write.
    return None if sys.platform == "linux" else number


def _celery(program: str) -> Iterable[str]:
    return ("-m", "celery", "-A", "jobly", program)


def _ours(
    at: Addresses, name: str, arguments: Iterable[str], *, leaves: int, seconds: float
) -> Service:
    # By the interpreter, never by a script on PATH, which may be another installation's.
    program = Program(
        [sys.executable, *arguments],
        at.logs / f"{name}.log",
        env={**os.environ, "PYTHONUNBUFFERED": "1", UP_PID: str(os.getpid())},
        folder=ROOT,
        dies_by=signal.SIGKILL,
    )
    return Service(name=name, start=lambda: spawn(program), leaves=leaves, seconds=seconds)
