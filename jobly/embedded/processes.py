"""Child processes that never outlive the one which started them."""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from jobly.errors import JoblyError

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
LOG_LIMIT = 5 << 20
OLD_SERVER_SECONDS = 10.0

Child = subprocess.Popen[bytes]


class ServerFailed(JoblyError):
    """A server of this instance could not be started."""

    code = "server_failed"


@dataclass(frozen=True, slots=True)
class Program:
    """What to start: `prepare` runs in the child before the program replaces it.

    `dies_by` is what it gets when this process ends, however that happens.
    """

    command: Sequence[str | Path]
    log: Path
    env: Mapping[str, str]
    folder: Path = Path("/")
    prepare: Callable[[], None] | None = None
    keep_open: tuple[int, ...] = ()
    dies_by: signal.Signals = signal.SIGKILL


def spawn(program: Program) -> Child:
    """Start a child in a session of its own.

    Call it from the main thread: Linux sends the signal when the *thread* that spawned ends.
    """
    parent = os.getpid()

    def before_exec() -> None:
        if program.prepare is not None:
            program.prepare()
        if sys.platform == "linux":
            LIBC.prctl(PR_SET_PDEATHSIG, int(program.dies_by), 0, 0, 0)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

    with open_log(program.log) as output:
        return subprocess.Popen(  # noqa: S603 - our own argument lists, no shell
            [str(part) for part in program.command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=program.env,
            cwd=program.folder,
            start_new_session=True,
            preexec_fn=before_exec,  # noqa: PLW1509 - it only makes system calls
            pass_fds=program.keep_open,
        )


@contextmanager
def open_log(path: Path) -> Iterator[int]:
    """Open a log to append to; one that grew past 5 MB becomes `<name>.1` first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_name(path.name + ".1"))
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def stop(child: Child, by: signal.Signals | None = None, *, within: float) -> bool:
    """Wait for a child to end, asked by a signal if given, and kill its session; say if it did."""
    if by is not None and child.poll() is None:
        child.send_signal(by)
    try:
        child.wait(within)
    except subprocess.TimeoutExpired:
        kill_session(child.pid)
        child.wait()
        return False
    kill_session(child.pid)  # what its own children left over
    return True


def kill_session(leader: int) -> None:
    """Kill whatever is left of the process group that `leader` began."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


@contextmanager
def server_lock(path: Path, *, by: signal.Signals) -> Iterator[int]:
    """Hold the lock of one server's directory and give its descriptor, for the server to keep.

    The server and all of its children inherit the descriptor, so the kernel frees the lock only
    when the last of them is gone, however it ended. After a kill -9 of `up` its servers are just
    then shutting down: wait for them, and ask again where no parent-death signal exists.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        began, asked = time.monotonic(), False
        while not try_lock(handle):
            waited = time.monotonic() - began
            if waited > OLD_SERVER_SECONDS:
                raise ServerFailed(f"{path.stem} of an earlier start is still running: {path}")
            if waited > OLD_SERVER_SECONDS / 3 and not asked:
                asked = True
                _ask_to_end(handle, by)
            time.sleep(0.02)
        yield handle
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Take an exclusive lock on an open file, or say that somebody else has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def note_owner(handle: int, pid: int) -> None:
    """Write into a lock file who holds it."""
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(pid).encode(), 0)


def command_of(pid: int) -> str:
    """Return the command line of a process, "" when it is gone or cannot be read."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return line.replace(b"\0", b" ").decode(errors="replace").strip()


def _ask_to_end(handle: int, by: signal.Signals) -> None:
    noted = os.pread(handle, 32, 0).decode(errors="replace")
    if not noted.isdigit():
        return
    pid = int(noted)
    if sys.platform == "linux" and not any(
        word in command_of(pid) for word in ("postgres", "valkey")
    ):
        return  # the number was given to a stranger since
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, by)
