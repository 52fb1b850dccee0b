"""Give every test run a PostgreSQL and a Valkey of its own."""

import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import django
import psycopg
import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.test import TransactionTestCase
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it ships no types

from jobly.embedded import Addresses, addresses, fingerprint
from jobly.embedded.processes import Child, stop, try_lock
from jobly.embedded.servers import (
    POSTGRES_STOPS_BY,
    VALKEY_STOPS_BY,
    start_postgres,
    start_valkey,
)
from jobly.environment import SETTINGS_TABLE

ROOT = Path(__file__).parent.parent
PREFIX = "jobly-tests-"
LONG = {"faults", "browser"}  # folders whose tests start many programs
SERVERS = ("tests/bootstrap/", "tests/test_openapi.py")  # whose tests each take long
LEFT = {"django_content_type", "auth_permission", "django_migrations"}
ROUNDS = 4  # deleting rows of one table may, by a trigger, put some into another
KEPT = 4  # runs at the same time that find their servers' files in place


class Ground:
    """The servers of one run: on the first kept directory nobody uses, else on a fresh one."""

    def __init__(self) -> None:
        self.lock = -1
        self.at: Addresses = addresses(self._kept() or Path(tempfile.mkdtemp(prefix=PREFIX)))
        self.children: list[tuple[Child, signal.Signals]] = []

    def _kept(self) -> Path | None:
        for number in range(KEPT):
            var = Path(tempfile.gettempdir(), f"{PREFIX}{os.getuid()}-{fingerprint(ROOT)}-{number}")
            var.mkdir(mode=0o700, exist_ok=True)
            self.lock = os.open(var / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if try_lock(self.lock):
                return var
            os.close(self.lock)
        self.lock = -1
        return None

    def start(self) -> None:
        self.children.append((start_postgres(self.at, durable=False), POSTGRES_STOPS_BY))
        self.children.append((start_valkey(self.at, durable=False), VALKEY_STOPS_BY))

    def stop(self) -> None:
        for child, by in reversed(self.children):
            stop(child, by, within=10)
        if self.lock < 0:
            shutil.rmtree(self.at.var)
        else:
            os.close(self.lock)


GROUND = pytest.StashKey[Ground]()


def pytest_configure(config: pytest.Config) -> None:
    # pytest-django would read the settings before this if pyproject.toml named them.
    os.environ["DJANGO_SETTINGS_MODULE"] = "jobly.settings"
    for setting in SETTINGS_TABLE:  # what a shell may hold and a test must not see
        os.environ.pop(setting.name, None)
    ground = config.stash[GROUND] = Ground()
    os.environ["JOBLY_VAR"] = str(ground.at.var)
    if _tests_here(config):
        ground.start()
    django.setup()
    if not _tests_here(config):  # else pytest-django reads them in each worker before it is here
        del os.environ["DJANGO_SETTINGS_MODULE"]
    TransactionTestCase._fixture_teardown = _empty_tables
    # a test client need not scan all static files, and a test's password need not be hard to guess
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def _tests_here(config: pytest.Config) -> bool:
    """Say whether this process runs tests: with `-n` only workers do, on servers of their own."""
    return hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None)


class ByServers(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Hands out whole files, which share servers, and the long ones all to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "long" if file.split("/")[1] in LONG else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByServers:
    return ByServers(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `-n`, begin with the long ones and have the tables of rules fill the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    file = item.nodeid.partition("::")[0]
    if file.split("/")[1] in LONG:
        return 0
    waits = item.get_closest_marker("flow") or item.get_closest_marker("faults")
    if waits or file.startswith(SERVERS):
        return 1
    return 3 if "/rules/" in file else 2


@cache
def _look() -> str:
    """Build the query that names each table with rows in it."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608 # names of tables
        for name in sorted(set(names) - LEFT)
    )


def _empty_tables(_case: TransactionTestCase) -> None:
    """Delete what a test committed.

    Django's flush truncates each of a hundred tables and makes all permissions anew.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        for _ in range(ROUNDS):
            cursor.execute(_look())
            used = [name for (name,) in cursor.fetchall()]
            if not used:
                return
            for name in used:  # in any order: foreign keys are looked at in the end
                cursor.execute(f"DELETE FROM {name}")  # noqa: S608
    raise AssertionError(f"{used} fill up again while they are emptied")


def pytest_unconfigure(config: pytest.Config) -> None:
    if GROUND in config.stash:
        config.stash[GROUND].stop()


@pytest.fixture(scope="session")
def var_dir() -> Path:
    """The directory of this run's instance."""
    return Path(os.environ["JOBLY_VAR"])


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, var_dir: Path) -> None:
    """Copy a migrated database that an earlier run left, if it had the same migrations."""
    if _template() in _databases(var_dir):
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = _template()
        connection.settings_dict["TEST"]["TEMPLATE"] = _template()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker, var_dir: Path) -> None:
    """Leave a copy of the migrated database for later runs."""
    existing = _databases(var_dir)
    if _template() in existing:
        return
    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
        connection.close()
    with _postgres(var_dir) as admin:
        for old in existing:
            if old.startswith("migrated_"):
                admin.execute(f"DROP DATABASE {old}")
        admin.execute(f"CREATE DATABASE {_template()} TEMPLATE {name} OWNER jobly")


@cache
def _template() -> str:
    """Name the migrations there are by their content."""
    content = hashlib.sha256(django.get_version().encode())
    for app in apps.get_app_configs():
        for path in sorted(Path(app.path, "migrations").glob("*.py")):
            content.update(str(path).encode() + path.read_bytes())
    return f"migrated_{content.hexdigest()[:16]}"


def _databases(var: Path) -> set[str]:
    with _postgres(var) as admin:
        return {row[0] for row in admin.execute("SELECT datname FROM pg_database")}


def _postgres(var: Path) -> psycopg.Connection:
    at = addresses(var)
    return psycopg.connect(
        host=str(at.postgres_sockets), user="postgres", dbname="postgres", autocommit=True
    )


@pytest.fixture(scope="session")
def valkey_connection(var_dir: Path) -> Iterator[redis.Redis]:
    """One connection to this run's Valkey."""
    with redis.Redis.from_url(addresses(var_dir).valkey_url) as connection:
        yield connection


@pytest.fixture(autouse=True)
def valkey(valkey_connection: redis.Redis) -> redis.Redis:
    """This run's Valkey, empty before every test."""
    valkey_connection.flushall()
    return valkey_connection
