"""Give every test run a PostgreSQL and a Valkey of its own."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
import redis

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


class Ground:
    """The servers of one run: on a kept directory, or on a fresh one while that is busy."""

    def __init__(self) -> None:
        kept = Path(tempfile.gettempdir(), f"jobly-tests-{os.getuid()}-{fingerprint(ROOT)}")
        kept.mkdir(mode=0o700, exist_ok=True)
        self.lock = os.open(kept / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.fresh = not try_lock(self.lock)
        var = Path(tempfile.mkdtemp(prefix="jobly-tests-")) if self.fresh else kept
        self.at: Addresses = addresses(var)
        self.children: list[tuple[Child, signal.Signals]] = []

    def start(self) -> None:
        self.children.append((start_postgres(self.at, durable=False), POSTGRES_STOPS_BY))
        self.children.append((start_valkey(self.at, durable=False), VALKEY_STOPS_BY))

    def stop(self) -> None:
        for child, by in reversed(self.children):
            stop(child, by, within=10)
        if self.fresh:
            shutil.rmtree(self.at.var)
        os.close(self.lock)


GROUND = pytest.StashKey[Ground]()


def pytest_configure(config: pytest.Config) -> None:
    # pytest-django would read the settings before this if pyproject.toml named them.
    os.environ["DJANGO_SETTINGS_MODULE"] = "jobly.settings"
    if not hasattr(config, "workerinput"):  # a worker has its controller's servers
        for setting in SETTINGS_TABLE:  # what a shell may hold and a test must not see
            os.environ.pop(setting.name, None)
        ground = config.stash[GROUND] = Ground()
        os.environ["JOBLY_VAR"] = str(ground.at.var)
        ground.start()
    django.setup()


def pytest_unconfigure(config: pytest.Config) -> None:
    if GROUND in config.stash:
        config.stash[GROUND].stop()


@pytest.fixture(scope="session")
def var_dir() -> Path:
    """The directory of this run's instance."""
    return Path(os.environ["JOBLY_VAR"])


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
