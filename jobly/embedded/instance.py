"""One running instance: its lock, its ports and the file by which commands find it."""

import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from jobly.embedded.processes import ServerFailed, try_lock
from jobly.errors import Conflict

HOST = "127.0.0.1"
UP_PID = "JOBLY_UP_PID"  # in the environment of every child of `up`
STATE, FLAGS = 0, 6  # in /proc/PID/stat, counted from behind the name
PENDING = "ShdPnd:"  # signals of the whole process, in /proc/PID/status
PF_EXITING = 0x4
PORT_SECONDS = 3.0


class AlreadyRunning(Conflict):
    """Another `up` works on the same directory."""


@dataclass(frozen=True, slots=True)
class Instance:
    """What `instance.json` says; the sandbox keeps its port for as long as it stays free."""

    pid: int
    port: int
    live: int
    sandbox: str
    started_at: str

    def write(self, var: Path) -> None:
        """Replace the file in one step, readable by its owner only."""
        fresh = var / "instance.json.new"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(self), file)
        fresh.replace(var / "instance.json")


@contextmanager
def instance_lock(var: Path, url: str) -> Iterator[None]:
    """Be the only `up` below `var`; the kernel gives the lock back however this process ends.

    Raises: AlreadyRunning, naming the process and its address.
    """
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(var / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not try_lock(handle):
            owner = os.pread(handle, 200, 0).decode(errors="replace").strip()
            raise AlreadyRunning(f"already running: {owner or 'just starting'}")
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {url}".encode(), 0)
        yield
    finally:
        os.close(handle)


def claim_ports(*ports: int) -> None:
    """Make sure nobody listens on these ports.

    Granian shares a port with whoever else allows it, so two instances would both seem to work.
    The children of an `up` that was just killed get a moment to let go.
    """
    deadline = time.monotonic() + PORT_SECONDS
    for port in ports:
        while not is_free(port):
            if time.monotonic() > deadline:
                raise ServerFailed(
                    f"port {port} is in use: choose another with --port"
                    " (the live streams take the next one)"
                )
            time.sleep(0.1)


def sandbox_port(var: Path) -> int:
    """Give the sandbox the port it had before, else any that is free.

    Not one of the ephemeral range, whose ports outgoing connections take at any moment.
    """
    with suppress(OSError, ValueError, KeyError):
        before = json.loads((var / "instance.json").read_text())["sandbox"]
        port = int(before.rpartition(":")[2])
        if is_free(port):
            return port
    while not is_free(port := 20_000 + secrets.randbelow(12_000)):
        pass
    return port


def is_orphan() -> bool:
    """Say if the `up` that started this process was killed, so that this one ends any moment.

    True as soon as kill(2) returned, while its children still work for some milliseconds: nobody
    who starts the next `up` at once may take their answers for the new one's. Linux only.
    """
    pid = os.environ.get(UP_PID)
    if pid is None or sys.platform != "linux":
        return False
    try:
        # in this order: a process loses its pending signals only once it counts as exiting
        status = Path("/proc", pid, "status").read_text()
        stat = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return True
    # a thread drops its own SIGKILL some time before it counts as exiting, the process keeps it
    pending = int(status.partition(PENDING)[2].split(maxsplit=1)[0], 16)
    killed = pending >> (signal.SIGKILL - 1) & 1
    return stat[STATE] in {"Z", "X"} or bool(killed or int(stat[FLAGS]) & PF_EXITING)


def is_free(port: int) -> bool:
    """Say if a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def is_listening(port: int) -> bool:
    """Say if somebody accepts connections on this port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
