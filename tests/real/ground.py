"""The PostgreSQL of a test session, the driver beside it, and a migrated database to copy."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from jobly.embedded import addresses
from jobly.embedded.processes import stop
from jobly.embedded.servers import POSTGRES_STOPS_BY, start_postgres
from jobly.environment import SETTINGS_TABLE

ROOT = Path(__file__).parent.parent.parent
TEMPLATE = "migrated"
SECRET = b"only for tests, only for tests!!"
SECRETS = {
    "SECRET_KEY": SECRET.decode(),
    "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(SECRET).decode(),
}
#: recovery within seconds, as RELIABILITY §3.3 asks of a test
QUICK = {
    "RUN_LEASE_SECONDS": "2",
    "RUN_HEARTBEAT_MS": "500",
    "RUN_SWEEP_MS": "500",
    "RUN_BACKOFF_PERCENT": "3",
    "RUN_RELEASE_MS": "1500",
}


class Ground:
    """One PostgreSQL with a template database; `world()` of `tests.real.world` copies it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="jobly-real-"))
        self.at = addresses(self.folder / "ground")
        self.postgres = start_postgres(self.at, durable=False)
        self.numbers = count(1)
        self.lock = threading.Lock()
        self.var = self.folder / "template"
        self.storage = self.var / "storage"
        self.storage.mkdir(mode=0o700, parents=True)
        self.create(TEMPLATE, None)
        self.driver = Driver(self.environment(TEMPLATE, self.var))
        self.people: dict[str, str] = self.driver.call("populate")
        self.driver.call("leave")

    def environment(self, database: str, var: Path) -> dict[str, str]:
        """What a process of ours needs to work on this database and folder."""
        known = {setting.name for setting in SETTINGS_TABLE}
        kept = {name: value for name, value in os.environ.items() if name not in known}
        # every process would parse all sources anew where bytecode is switched off
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        cache = Path(tempfile.gettempdir(), f"jobly-tests-bytecode-{os.getuid()}")
        return {
            **kept,
            **SECRETS,
            **QUICK,
            "PYTHONPYCACHEPREFIX": str(cache),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "jobly.settings",
            "JOBLY_VAR": str(var),
            "DATABASE_URL": self.at.database_url.replace("/jobly?", f"/{database}?"),
        }

    def create(self, database: str, template: str | None) -> None:
        """Make a database, empty or as a copy."""
        copied = f" TEMPLATE {template}" if template else ""
        with self.lock, self._admin() as admin:  # nobody else may use a template meanwhile
            admin.execute(f"CREATE DATABASE {database} OWNER jobly{copied}")

    def drop(self, database: str) -> None:
        """Remove a database, whoever still uses it."""
        with self._admin() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """Open a connection of our own to look at what is there."""
        return psycopg.connect(
            host=str(self.at.postgres_sockets), user="jobly", dbname=database, autocommit=True
        )

    def _admin(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.at.postgres_sockets), user="postgres", dbname="postgres", autocommit=True
        )

    def stop(self) -> None:
        """End everything and remove every file."""
        self.driver.stop()
        stop(self.postgres, POSTGRES_STOPS_BY, within=10)
        shutil.rmtree(self.folder, ignore_errors=True)


class Driver:
    """`tests.real.driver`, kept alive: it does what people and programs ask of Jobly."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.real.driver"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def call(self, act: str, world: dict[str, str] | None = None, /, **args: Any) -> Any:
        """Do one act in a world and return what it answers."""
        with self.lock:
            self.process.stdin.write(json.dumps({"act": act, "world": world, "args": args}) + "\n")
            line = self.process.stdout.readline()
        assert line, f"the driver died at {act}"
        answer = json.loads(line)
        assert "error" not in answer, f"{act}: {answer['error']}"
        return answer["result"]

    def stop(self) -> None:
        """End it; its input ends."""
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
