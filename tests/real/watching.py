"""What holds of a whole world and is not in its rows: who saw what, secrets, and bounds."""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import redis

from .checks import Evidence, i7_stream_is_whole, invariant
from .load import Oracle
from .streams import Client, Events, Socket
from .world import QUEUES, World

MEGABYTE = 1 << 20
MOST_MEMORY = 400 * MEGABYTE  # of one process of ours
MOST_FILES = 120  # it may hold open
MOST_CONNECTIONS = 20  # to the database, of a world at rest
MOST_HINTS = 10  # that lie in the broker
TEXTS = {
    "runs_run": "args::text || history::text || error || coalesce(result::text, '')",
    "runs_event": "data::text",
    "distribution_attempt": "t::text",
    "distribution_channel": "t::text",
    "users_apikey": "t::text",
    "users_idempotentcall": "convert_from(body, 'UTF8')",
}


def followers(world: World) -> list[Client]:
    """Start one client of each kind on the company's stream."""
    clients: list[Client] = [Socket(world), Events(world)]
    for client in clients:
        client.start()
    return clients


def what_clients_saw(
    found: Evidence, world: World, clients: Iterable[Client], *, patience: float = 30
) -> list[str]:
    """Wait until each client has the last event, stop it, and check its history (I7)."""
    wrong = []
    stored = [event for event in found.events if event["stream"] == world.stream]
    for client in clients:
        # pokes get lost with the broker: a client looks by itself within some seconds
        _await(client, len(stored), patience)
        client.stop()
        lines = i7_stream_is_whole(client.history, last=len(stored), stored=stored)
        wrong += [f"i7_stream_is_whole: {client.told}: {line}" for line in lines]
        seen = {item["seq"] for item in client.history}
        if lines and (missed := [event["seq"] for event in stored if event["seq"] not in seen]):
            wrong.insert(0, f"i7: {type(client).__name__} missed {len(missed)} of {len(stored)}")
    return wrong


def _await(client: Client, last: int, patience: float) -> None:
    """Give a client time to see everything."""
    deadline = time.monotonic() + patience
    while client.position < last and time.monotonic() < deadline:
        time.sleep(0.05)


@invariant("I13")
def i13_strangers_saw_nothing(oracle: Oracle) -> list[str]:
    """Another company got answers, and nothing of ours in any of them."""
    oracle.finish()
    return oracle.seen + ([] if oracle.looks else ["the stranger never got an answer"])


@invariant("I14")
def i14_no_secret_is_told(world: World) -> list[str]:
    """No key and no credential is in a log, a row or the broker."""
    secrets = [world.ground.people[name] for name in ("key", "foreign_key", "canary")]
    logs = {log.name: log.read_bytes() for log in world.at.logs.glob("*") if log.is_file()}
    wrong = [
        f"{name} tells {secret[:6]}…"
        for name, written in logs.items()
        for secret in secrets
        if secret.encode() in written
    ]
    for table, text in TEXTS.items():
        for secret in secrets:
            held = f"position(%s IN {text}) > 0"
            if world.count(f"{table} t", held, secret):
                wrong.append(f"{table} tells {secret[:6]}…")
    with redis.Redis(unix_socket_path=str(world.at.valkey_socket)) as valkey:
        dump = b"".join(valkey.dump(key) or b"" for key in valkey.scan_iter())
    return wrong + [f"Valkey holds {secret[:6]}…" for secret in secrets if secret.encode() in dump]


@invariant("I15")
def i15_all_is_bounded(world: World) -> list[str]:
    """Memory, files, connections and queues of a world at rest are those of one that was idle."""
    wrong = []
    for process in world.processes:
        pids = (process.child.pid, *process.children()) if process.is_alive else ()
        wrong += [line for pid in pids for line in _too_much(process.name, pid)]
    lines = world.value("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", world.name)
    if lines > MOST_CONNECTIONS:
        wrong.append(f"{lines} connections to the database")
    with redis.Redis(unix_socket_path=str(world.at.valkey_socket)) as valkey:
        # hints outlive the work that they told of, until a worker has a moment for them
        world.until(lambda: _hints(valkey) <= MOST_HINTS, "the broker is empty", 20)
    return wrong


def _hints(valkey: redis.Redis) -> int:
    """Count the hints that wait in the broker."""
    return sum(int(valkey.llen(name)) for name in QUEUES.split(","))


def _too_much(name: str, pid: int) -> list[str]:
    """Say what one process holds too much of."""
    wrong = []
    with suppress(OSError, StopIteration):  # it may end meanwhile
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        resident = 1024 * next(int(x.split()[1]) for x in lines if x.startswith("VmRSS:"))
        files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        if resident > MOST_MEMORY:
            wrong.append(f"{name} {pid} holds {resident // MEGABYTE} MB")
        if files > MOST_FILES:
            wrong.append(f"{name} {pid} holds {files} files open")
    return wrong
