"""Bench `fanout`: one stream to many websockets, against both layers of channels-redis."""

import importlib.util
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings

from jobly.bench import fanout_layers
from jobly.embedded.services import live_command
from jobly.runs.actions import emit, transaction
from jobly.runs.reports import position
from jobly.runs.rules.streams import company_stream
from jobly.users.models import ApiKey, Company, Membership, User
from jobly.users.rules import new_key

from .measuring import Report

SINGLES, PAUSE_SECONDS = 10, 0.2  # messages sent one at a time, each when the last is everywhere
BURST = 50  # messages sent as fast as their publisher can
PATIENCE_SECONDS = 10.0  # without a message at any client, then the rest counts as lost
HOST = "127.0.0.1"
FLOOR = "websockets.broadcast"
FLOOR_TOPIC = "jobly:bench:floor"
FEW = 100  # clients, for the growth
UNUSABLE = "!"  # nobody signs in by password here


@dataclass(frozen=True)
class Rung:
    """One message, and when it was sent by the clock that never jumps."""

    name: ClassVar[str] = "bench.rung"
    number: int
    sent: float


@dataclass(slots=True)
class Way:
    """One server with its publisher, and what was measured of it, a repeat an entry."""

    name: str
    command: Callable[[int], list[str]]
    path: str
    publish: Callable[[int], None]
    rounds: list[dict[str, float]] = field(default_factory=list)
    follows: bool = False  # with a key, from a number

    def median(self, name: str) -> float:
        """Return the middle one of what was measured."""
        return statistics.median(found[name] for found in self.rounds)


def bench(rows: int, repeats: int) -> Report:
    """Send to `rows` clients by each way in turn."""
    ours = Way("live", live_command, "/ws/events/", _tell, follows=True)
    peers = [_layer("core"), _layer("pubsub")]
    floors = []
    if importlib.util.find_spec("websockets"):
        floors = [Way(FLOOR, _floor_command, "/", _tell_floor)]
    for _ in range(repeats):
        for way in (ours, *peers, *floors):
            way.rounds.append(_measure(way, rows))
    few = Way("live, few", live_command, "/ws/events/", _tell, follows=True)
    few.rounds.extend(_measure(few, min(FEW, rows)) for _ in range(repeats))
    return Report(
        name="fanout",
        rows=rows,
        repeats=repeats,
        ours=_summary(ours),
        against=[line for way in (*peers, *floors) for line in _lines(ours, way, rows)],
        growth=[
            {"rows": min(FEW, rows), "seconds": round(few.median("last"), 4)},
            {"rows": rows, "seconds": round(ours.median("last"), 4)},
        ],
        answers_equal=all(found["lost"] == found["disordered"] == 0 for found in ours.rounds),
    )


def _summary(ours: Way) -> dict[str, float]:
    """Return our own line; seconds is the median from before the commit to a client."""
    return {
        "seconds": round(ours.median("p50"), 4),
        "p99": round(ours.median("p99"), 4),
        "rate": round(ours.median("rate"), 1),
        "peak_mb": round(max(found["peak_mb"] for found in ours.rounds), 1),
        "kb_a_client": round(ours.median("kb_a_client"), 1),
        "lost": sum(found["lost"] for found in ours.rounds),
        "disordered": sum(found["disordered"] for found in ours.rounds),
    }


def _lines(ours: Way, other: Way, rows: int) -> Iterator[dict[str, Any]]:
    """Yield the lines of a baseline: two latencies, the burst, memory; ratio > 1: we are better."""
    fate = {
        "lost": sum(found["lost"] for found in other.rounds),
        "disordered": sum(found["disordered"] for found in other.rounds),
        "kb_a_client": round(other.median("kb_a_client"), 1),
    }
    for what in ("p50", "p99"):
        mine, theirs = ours.median(what), other.median(what)
        yield {
            "name": f"{other.name} {what}",
            "rows": rows,
            "seconds": round(theirs, 4),
            "rate": round(rows / theirs, 1),
            "ours_rate": round(rows / mine, 1),
            "ratio": round(theirs / mine, 2),
            **fate,
        }
    mine, theirs = ours.median("rate"), other.median("rate")
    yield {
        "name": f"{other.name} burst",
        "rows": rows * BURST,
        "seconds": round(rows * BURST / theirs, 3),
        "rate": round(theirs, 1),
        "ours_rate": round(mine, 1),
        "ratio": round(mine / theirs, 2),
        **fate,
    }


def _measure(way: Way, clients: int) -> dict[str, float]:
    """Start a server, connect the clients, send messages one by one and then many at once."""
    with _server(way) as (port, memory), _crowd() as ask:
        before = memory("VmRSS")
        first = ""
        tokens = [""] * clients
        if way.follows:
            tokens = _keys(clients)
            stream = company_stream(_company().pk)
            first = json.dumps({"resume": {"stream": stream, "seq": position(stream)}})
        came = ask(host=HOST, port=port, path=way.path, first=first, tokens=tokens)
        if came["connected"] < clients:
            raise RuntimeError(f"{way.name}: {came}")
        way.publish(1)
        ask(each=1, patience=PATIENCE_SECONDS)  # from now on everybody follows
        idle = memory("VmRSS")
        single = []
        for number in range(2, SINGLES + 2):
            time.sleep(PAUSE_SECONDS)
            way.publish(number)
            single.append(ask(each=1, patience=PATIENCE_SECONDS))
        for number in range(SINGLES + 2, SINGLES + 2 + BURST):
            way.publish(number)
        burst = ask(each=BURST, patience=PATIENCE_SECONDS)
        peak = memory("VmHWM")
    every = [*single, burst]
    return {
        "p50": statistics.median(found["p50"] for found in single),
        "p99": statistics.median(found["p99"] for found in single),
        "last": statistics.median(found["last"] for found in single),
        "rate": burst["delivered"] / max(burst["seconds"], 1e-9),
        "lost": sum(found["expected"] - found["delivered"] for found in every),
        "disordered": sum(found["disordered"] for found in every),
        "peak_mb": peak / 1024,
        "kb_a_client": (idle - before) / clients,
    }


# the ways


def _layer(name: str) -> Way:
    """Return the way of a channels-redis layer on the same daphne."""
    command = [sys.executable, "-m", "daphne", "-b", HOST, "--verbosity", "0"]
    application = f"jobly.bench.fanout_layers:{name}"
    return Way(
        f"channels-redis {name}",
        lambda port: [*command, "-p", str(port), application],
        "/",
        lambda number: _tell_layer(name, number),
    )


def _floor_command(port: int) -> list[str]:
    return [sys.executable, "-m", "jobly.bench.fanout_floor", str(port), FLOOR_TOPIC]


def _tell(number: int) -> None:
    """Tell by our own log: the clock runs from before the transaction begins."""
    rung = Rung(number, time.monotonic())
    with transaction():
        emit(rung, company=_company())


def _tell_layer(name: str, number: int) -> None:
    """Tell by a channel layer, as its documentation does from synchronous code."""
    item = _item(number)
    layer = get_channel_layer(name)
    async_to_sync(layer.group_send)(fanout_layers.GROUP, {"type": "bench.item", "item": item})


def _tell_floor(number: int) -> None:
    _valkey().publish(FLOOR_TOPIC, json.dumps(_item(number)))


def _item(number: int) -> dict[str, Any]:
    """Return an item of the same shape and length as ours."""
    at = "2026-01-01T00:00:00.000000+00:00"
    data = {"number": number, "sent": time.monotonic()}
    stream = company_stream(_company().pk)
    return {"stream": stream, "seq": number, "type": Rung.name, "at": at, "data": data}


@cache
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.VALKEY_URL)


@cache
def _company() -> Company:
    return Company.objects.get_or_create(slug="bench", defaults={"name": "Bench"})[0]


@cache
def _keys(count: int) -> list[str]:
    """Return a key for each client: so many members of one company, nobody twice."""
    made = [new_key() for _ in range(count)]
    people = User.objects.bulk_create(
        [User(email=f"{prefix}@bench.example", password=UNUSABLE) for _, prefix, _ in made]
    )
    Membership.objects.bulk_create([Membership(user=p, company=_company()) for p in people])
    ApiKey.objects.bulk_create(
        [
            ApiKey(user=person, prefix=prefix, digest=digest, scopes=["runs"])
            for person, (_, prefix, digest) in zip(people, made, strict=True)
        ]
    )
    return [text for text, _, _ in made]


# the processes


@contextmanager
def _server(way: Way) -> Iterator[tuple[int, Callable[[str], int]]]:
    """Run a way's server; give its port and a reader of its memory, in kilobytes."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = int(free.getsockname()[1])
    with subprocess.Popen(  # noqa: S603 # our own
        way.command(port), stdout=subprocess.DEVNULL
    ) as child:
        try:
            _until_listening(port, child)
            yield port, lambda name: _memory(child.pid, name)
        finally:
            child.kill()


def _until_listening(port: int, child: subprocess.Popen[bytes]) -> None:
    while child.poll() is None:
        with socket.socket() as line:
            if line.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server ended with {child.returncode}")


def _memory(pid: int, name: str) -> int:
    """Read a line of a process's memory, in kilobytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


@contextmanager
def _crowd() -> Iterator[Callable[..., dict[str, Any]]]:
    """Run the clients; give the function that asks them something."""
    command = [sys.executable, "-m", "jobly.bench.fanout_clients"]
    with subprocess.Popen(  # noqa: S603 # our own
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as child:

        def ask(**question: Any) -> dict[str, Any]:
            assert child.stdin is not None  # noqa: S101 # both are pipes
            assert child.stdout is not None  # noqa: S101
            child.stdin.write(json.dumps(question) + "\n")
            answer: dict[str, Any] = json.loads(child.stdout.readline())
            return answer

        try:
            yield ask
        finally:
            child.kill()
