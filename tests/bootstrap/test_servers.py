"""PostgreSQL and Valkey as our children."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from jobly.embedded import addresses
from jobly.embedded.processes import ServerFailed, command_of, server_lock, stop, try_lock
from jobly.embedded.rootless import disguise_for
from jobly.embedded.servers import (
    POSTGRES_STOPS_BY,
    VALKEY_STOPS_BY,
    start_postgres,
    start_valkey,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hide from PostgreSQL")


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    """An instance below a folder that nobody else may enter."""
    return addresses(tmp_path_factory.mktemp("closed") / "var")


@contextmanager
def postgres(at, *, durable=False):
    child = start_postgres(at, durable=durable)
    try:
        yield child
    finally:
        stop(child, POSTGRES_STOPS_BY, within=10)


@contextmanager
def valkey_server(at):
    child = start_valkey(at)
    try:
        yield child
    finally:
        stop(child, VALKEY_STOPS_BY, within=10)


def ask(at, sql):
    with psycopg.connect(host=str(at.postgres_sockets), user="jobly", autocommit=True) as client:
        cursor = client.execute(sql)
        return cursor.fetchall() if cursor.description else None


def owner_of_a_dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.mark.parametrize(
    "left_over",
    [f"{os.getpid()}\n/elsewhere\n", "", "12", "not a number\n", f"{owner_of_a_dead_process()}\n"],
    ids=["a stranger's pid", "empty", "cut off", "garbage", "a dead pid"],
)
def test_a_stale_pid_file_does_not_stop_postgresql(at, left_over):
    with postgres(at):
        pass
    (at.postgres_data / "postmaster.pid").write_text(left_over)

    with postgres(at):
        assert ask(at, "SELECT 1") == [(1,)]


def test_rows_outlive_a_killed_postgresql(at):
    with postgres(at, durable=True) as child:
        ask(at, "CREATE TABLE killed AS SELECT 7 AS n")
        child.kill()
        child.wait()

        with postgres(at):
            assert ask(at, "SELECT n FROM killed") == [(7,)]


def test_values_outlive_a_killed_valkey(at):
    with valkey_server(at) as child:
        with redis.Redis.from_url(at.valkey_url) as client:
            client.set("kept", "7")
        time.sleep(1.2)  # the append-only file is flushed every second
        child.kill()
        child.wait()

        with valkey_server(at), redis.Redis.from_url(at.valkey_url) as client:
            assert client.get("kept") == b"7"


def test_a_server_that_still_holds_its_folder_is_waited_for(at):
    with valkey_server(at) as child:
        child.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        sleeper = subprocess.Popen(
            [sys.executable, "-c", f"import os,time;time.sleep(1);os.kill({child.pid},9)"]
        )
        with valkey_server(at):
            assert time.monotonic() - began >= 1
        sleeper.wait()


def test_a_servers_children_hold_its_lock_too(tmp_path):
    path = tmp_path / "some.lock"
    with server_lock(path, by=signal.SIGTERM) as handle:
        child = subprocess.Popen(["sleep", "60"], pass_fds=(handle,), start_new_session=True)

    again = os.open(path, os.O_RDWR)
    assert not try_lock(again)
    child.kill()
    child.wait()
    assert try_lock(again)
    os.close(again)


def test_data_of_another_postgresql_version_is_refused_by_name(tmp_path):
    at = addresses(tmp_path / "var")
    at.postgres_data.mkdir(parents=True)
    (at.postgres_data / "PG_VERSION").write_text("12\n")

    with pytest.raises(ServerFailed, match=r"made by PostgreSQL 12, the programs are \d+: set"):
        start_postgres(at)


def test_a_socket_folder_made_by_somebody_else_is_refused(tmp_path):
    at = addresses(tmp_path / "var")
    at.var.mkdir()
    at.sockets.symlink_to(tmp_path)

    with pytest.raises(ServerFailed, match="belongs to somebody else"):
        start_valkey(at)


def test_a_folder_without_programs_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("JOBLY_PG_BIN", str(tmp_path))

    with pytest.raises(ServerFailed, match=f"JOBLY_PG_BIN={tmp_path} holds no `postgres`"):
        start_postgres(addresses(tmp_path / "var"))


@as_root
def test_root_runs_postgresql_below_a_closed_folder_without_giving_files_away(at):
    with postgres(at) as child:
        assert Path(f"/proc/{child.pid}/status").read_text().split("Uid:")[1].split()[0] == "0"
        assert at.postgres_data.stat().st_uid == 0


@as_root
def test_root_without_namespaces_runs_it_as_another_user_and_its_files_stay_usable(
    tmp_path, monkeypatch
):
    tmp_path.chmod(0o700)
    at = addresses(tmp_path / "var")
    monkeypatch.setenv("JOBLY_NO_USERNS", "1")
    with postgres(at) as child:
        user = int(Path(f"/proc/{child.pid}/status").read_text().split("Uid:")[1].split()[0])
        assert user != 0
        assert "0000000000000002" in Path(f"/proc/{child.pid}/status").read_text()
        ask(at, "CREATE TABLE kept AS SELECT 7 AS n")

    monkeypatch.delenv("JOBLY_NO_USERNS")
    with postgres(at):
        assert ask(at, "SELECT n FROM kept") == [(7,)]


@as_root
def test_the_other_user_may_run_programs_below_a_closed_folder(tmp_path, monkeypatch):
    """`initdb` asks access(2) about itself; the checkout may lie in a 0700 home."""
    monkeypatch.setenv("JOBLY_NO_USERNS", "1")
    program = tmp_path / "program"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o755)
    tmp_path.chmod(0o700)
    put_on = disguise_for(tmp_path / "data").put_on

    assert subprocess.run(["test", "-x", program], preexec_fn=put_on, check=False).returncode == 0
    assert subprocess.run([program], preexec_fn=put_on, check=False).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")
def test_servers_end_cleanly_when_their_parent_is_killed(tmp_path):
    at = addresses(tmp_path / "var")
    program = (
        "import sys, time; from pathlib import Path; from jobly.embedded import addresses;"
        "from jobly.embedded.servers import start_postgres, start_valkey;"
        "at = addresses(Path(sys.argv[1]));"
        "print(start_postgres(at, durable=False).pid, start_valkey(at).pid, flush=True);"
        "time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(at.var)], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
    deadline = time.monotonic() + 30
    while any("/var" in command_of(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert [command_of(pid) for pid in pids] == ["", ""]
    assert "database system is shut down" in (at.logs / "postgres.log").read_text()
