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
from urllib.parse import quote

import psycopg

from jobly.embedded import addresses
from jobly.embedded.processes import stop
from jobly.embedded.servers import POSTGRES_STOPS_BY, postgres_programs, start_postgres
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


class Cluster:
    """One PostgreSQL and its databases."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.at = addresses(folder)
        self.durable = durable
        self.start()
        self.lock = threading.Lock()

    def start(self) -> None:
        """Start it, for the first time or after a crash."""
        self.postgres = start_postgres(self.at, durable=self.durable)

    def crash(self) -> None:
        """End it at once, without a shutdown, as if the machine had lost it."""
        self.postgres.send_signal(signal.SIGQUIT)
        self.postgres.wait()

    def url(self, database: str, sockets: Path | None = None) -> str:
        """Return the address of a database, through other sockets if given."""
        text = self.at.database_url.replace("/jobly?", f"/{database}?")
        return text if sockets is None else f"{text.partition('=')[0]}={quote(str(sockets))}"

    def create(self, database: str, template: str | None) -> None:
        """Make a database, empty or as a copy."""
        copied = f" TEMPLATE {template}" if template else ""
        with self.lock, self.admin() as admin:  # nobody else may use a template meanwhile
            admin.execute(f"CREATE DATABASE {database} OWNER jobly{copied}")

    def drop(self, database: str) -> None:
        """Remove a database, whoever still uses it."""
        with self.admin() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """Open a connection of our own to look at what is there."""
        return self._connect("jobly", database)

    def admin(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Open a superuser's connection."""
        return self._connect("postgres", database)

    def _connect(self, user: str, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.at.postgres_sockets), user=user, dbname=database, autocommit=True
        )

    def stop(self) -> None:
        """End it in order."""
        stop(self.postgres, POSTGRES_STOPS_BY, within=10)


class Ground:
    """A PostgreSQL with a template database, which every world copies, and the driver beside it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="jobly-real-"))
        self.numbers = count(1)
        self.storage = self.folder / "storage"
        self.storage.mkdir(mode=0o700, parents=True)
        (self.folder / "template").mkdir(mode=0o700)
        (self.folder / "template" / "storage").symlink_to(self.storage)
        self.cluster = Cluster(self.folder / "ground", durable=False)
        self.cluster.create(TEMPLATE, None)
        self.driver = Driver(self.environment(self.cluster.url(TEMPLATE)))
        self.people: dict[str, str] = self.driver.call("populate")
        self.driver.call("leave")

    def environment(self, database_url: str, var: Path | None = None) -> dict[str, str]:
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
            "JOBLY_VAR": str(var or self.folder / "template"),
            "DATABASE_URL": database_url,
        }

    def own_cluster(self) -> Cluster:
        """Start another PostgreSQL with the same template, durable and free to be crashed."""
        cluster = Cluster(self.folder / f"cluster-{next(self.numbers)}", durable=True)
        programs, sockets = postgres_programs(), str(self.cluster.at.postgres_sockets)
        as_superuser = ("-U", "postgres", "-h")
        cluster.create(TEMPLATE, None)
        dumped = subprocess.run(
            [programs / "pg_dump", *as_superuser, sockets, "-Fc", TEMPLATE],
            check=True,
            capture_output=True,
        )
        target = [*as_superuser, str(cluster.at.postgres_sockets), "-d", TEMPLATE]
        subprocess.run([programs / "pg_restore", *target], input=dumped.stdout, check=True)
        return cluster

    def stop(self) -> None:
        """End everything and remove every file."""
        self.driver.stop()
        self.cluster.stop()
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
