"""The first command, as somebody who just cloned Jobly meets it: real processes, real ports."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from django.db import DatabaseError, connection, connections, transaction

from jobly.embedded import addresses
from jobly.embedded.instance import is_free, sandbox_port
from jobly.management.commands.up import Stopped, is_stop

ROOT = Path(__file__).parent.parent.parent
READY_SECONDS, STOP_SECONDS = 120, 40  # on a machine that is busy too
pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(sys.platform != "linux", reason="leftovers are looked for in /proc"),
]


class Place:
    """One instance: its folder, its port, its `up`; its children can be told by their mark."""

    def __init__(self, folder: Path) -> None:
        self.var, self.port = folder / "var", two_free_ports()
        self.mark = f"JOBLY_TEST_MARK={folder}"
        self.log = folder / "up.log"
        name, _, value = self.mark.partition("=")
        self.env = {**os.environ, name: value, "JOBLY_VAR": str(self.var)}
        self.up: Any = None  # the Popen, once started
        self.old: Any = None  # the one before

    def start(self) -> None:
        self.old = self.up
        with self.log.open("ab") as output:
            self.up = subprocess.Popen(self.command("up"), env=self.env, stdout=output, stderr=2)
        deadline = time.monotonic() + READY_SECONDS
        while not self.answers():
            assert self.up.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def command(self, name: str, *arguments: str) -> list[str]:
        options = ["--port", str(self.port), "--var", str(self.var), "--no-demo"]
        own = options if name == "up" else []
        return [sys.executable, str(ROOT / "manage.py"), name, *own, *arguments]

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(name, *arguments),
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def sandbox_answers(self) -> bool:
        sandbox = json.loads((self.var / "instance.json").read_text())["sandbox"]
        try:
            return requests.get(f"{sandbox}/live?board=linkedin", timeout=5).ok
        except requests.RequestException:
            return False

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.up.send_signal(by)
        return int(self.up.wait(STOP_SECONDS))

    def children(self) -> set[int]:
        """Every process of the instance but `up`, found by the environment it inherited."""
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                marked = self.mark.encode() in (folder / "environ").read_bytes()
                ours = marked or bytes(self.var) in (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if ours and int(folder.name) != self.up.pid:
                found.add(int(folder.name))
        return found

    def child(self, word: str) -> int:
        """The direct child of `up` whose command line has this word."""
        for pid in self.children():
            try:
                line = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
                parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
            except OSError:  # it left meanwhile
                continue
            if word in line and int(parent) == self.up.pid:
                return pid
        raise AssertionError(f"no {word} among the children of up")


def two_free_ports() -> int:
    # Not `random`, which starts every test of every run with the same seed.
    while not (is_free(port := 20_000 + secrets.randbelow(12_000)) and is_free(port + 1)):
        pass
    return port


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    if place.up is not None and place.up.poll() is None:
        place.up.kill()
        place.up.wait()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One instance for the tests that only look at it; it has to leave in order."""
    place = Place(tmp_path_factory.mktemp("running"))
    place.start()
    yield place
    began = time.monotonic()
    assert place.stop() == 0, place.log.read_text()
    assert time.monotonic() - began < STOP_SECONDS
    assert place.children() == set()


@pytest.fixture
def running(shared):
    """The shared instance, after what the test before this one killed of it is back."""
    deadline = time.monotonic() + READY_SECONDS
    while not (shared.answers() and shared.sandbox_answers()):
        assert time.monotonic() < deadline, shared.log.read_text()
        time.sleep(0.1)
    return shared


def test_a_second_up_names_the_first_and_exits_2(running):
    second = running.run("up")

    assert second.returncode == 2
    assert f"already running: {running.up.pid} http://127.0.0.1:{running.port}/" in second.stderr


def test_everything_it_stores_is_in_its_folder_and_private(running):
    instance = json.loads((running.var / "instance.json").read_text())

    assert instance["pid"] == running.up.pid
    assert (instance["port"], instance["live"]) == (running.port, running.port + 1)
    assert running.sandbox_answers()
    for name in ("instance.json", "secrets.json"):
        assert (running.var / name).stat().st_mode & 0o077 == 0
    assert running.var.stat().st_mode & 0o077 == 0


def test_commands_find_the_running_instance_by_its_folder(running):
    deadline = time.monotonic() + 60  # workers too, if the test before this one killed them
    while (looked := running.run("doctor", "--json")).returncode and time.monotonic() < deadline:
        time.sleep(1)
    checks = {check["name"]: check for check in json.loads(looked.stdout)["checks"]}

    assert all(set(check) == {"name", "ok", "detail", "fix"} for check in checks.values())
    assert [c for c in checks.values() if not c["ok"]] == []
    assert looked.returncode == 0


def test_doctor_says_in_a_table_what_is_away(place):
    looked = place.run("doctor")

    assert looked.returncode == 1
    table = [line.split(maxsplit=2) for line in looked.stdout.splitlines() if line]
    state = {name: (ok, rest) for ok, name, rest in table}
    assert state["python"][0] == "ok"
    for name in ("database", "migrations", "valkey", "worker", "beat"):
        assert state[name][0] == "FAILS"
        assert "-> start `python3 manage.py up`" in state[name][1]
    assert state["PORT"][0] == "default"


@pytest.mark.parametrize("which", [0, 1], ids=["web", "live"])
def test_a_busy_port_is_one_clear_line(place, which):
    with socket.create_server(("127.0.0.1", place.port + which)):
        refused = place.run("up")

    assert refused.returncode == 1
    assert f"port {place.port + which} is in use: choose another" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("word", ["daphne", "celery", "jobly.sandbox", "valkey-server", "-D"])
def test_what_dies_is_started_again(running, word):
    before = running.child(word)
    os.kill(before, signal.SIGKILL)

    def is_back():
        said = "(SIGKILL), starting it again in" in running.log.read_text()
        try:
            return said and running.child(word) != before
        except AssertionError:  # not there at this moment
            return False

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not is_back():
        time.sleep(0.1)
    assert is_back()


def test_killed_up_leaves_nobody_and_loses_nothing(place):
    place.start()
    at = addresses(place.var)
    with psycopg.connect(host=str(at.postgres_sockets), user="jobly", autocommit=True) as client:
        client.execute("CREATE TABLE kept AS SELECT 7 AS n")
    sandbox = json.loads((place.var / "instance.json").read_text())["sandbox"]

    place.up.kill()
    assert not place.answers()  # the old web may still be there, but it says that it leaves
    place.start()
    place.old.wait()

    with psycopg.connect(host=str(at.postgres_sockets), user="jobly", autocommit=True) as client:
        assert client.execute("SELECT n FROM kept").fetchall() == [(7,)]
    assert json.loads((place.var / "instance.json").read_text())["sandbox"] == sandbox

    place.up.kill()
    place.up.wait()
    deadline = time.monotonic() + 30
    while place.children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert place.children() == set()


@pytest.mark.parametrize("seconds", [0.5, 2.0, 3.5])
def test_it_can_be_stopped_while_it_starts(place, seconds):
    place.up = subprocess.Popen(place.command("up"), env=place.env, stdout=subprocess.DEVNULL)
    time.sleep(seconds)

    assert place.stop(signal.SIGINT) in (0, -signal.SIGINT, 130)
    assert place.children() == set()


def test_a_stop_that_a_finaliser_swallows_is_raised_again():
    script = """
import os, signal, time, weakref
import django; django.setup()
from jobly.management.commands import up
signal.signal(signal.SIGTERM, up._stop)
class Thing: pass
thing = Thing()
weakref.finalize(thing, os.kill, os.getpid(), signal.SIGTERM)
del thing
try:
    print("swallowed", flush=True)
    time.sleep(10)
except up.Stopped:
    up._calm_down()
    time.sleep(3 * up.AGAIN_SECONDS)
    print("stopped")
"""
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "jobly.settings"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        cwd=ROOT,
    )
    assert ended.stdout.split() == ["swallowed", "stopped"]
    assert "Exception ignored" in ended.stderr


@pytest.mark.django_db(transaction=True)
def test_a_stop_in_the_middle_of_a_commit_is_a_stop(monkeypatch):
    def commit_and_be_stopped():
        connection.connection.pgconn.send_query(b"COMMIT")
        raise Stopped(signal.SIGINT)

    def leave():
        with transaction.atomic():
            connection.cursor().execute("SELECT 1")

    with monkeypatch.context() as patched:
        patched.setattr(connections["default"], "_commit", commit_and_be_stopped)
        with pytest.raises(DatabaseError, match="can't change 'autocommit' now") as caught:
            leave()
    connection.close()
    assert is_stop(caught.value)
    assert not is_stop(DatabaseError("the disk is full"))


def test_the_sandbox_keeps_its_port(tmp_path):
    port = sandbox_port(tmp_path)
    (tmp_path / "instance.json").write_text(json.dumps({"sandbox": f"http://127.0.0.1:{port}"}))

    assert sandbox_port(tmp_path) == port
    with socket.create_server(("127.0.0.1", port)):
        assert sandbox_port(tmp_path) != port
