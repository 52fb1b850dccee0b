"""Load targets L1, L5 to L8, L12 (RELIABILITY §4), and `shadow`: `python -m tests.loads l1 l5 …`.

Each starts servers and processes of its own, prints its figures and ends with 1 if a target is
missed. L3 and L9 are `manage.py bench queues`. Figures of a machine that does other things are
upper bounds.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests import crowds, volumes
from tests.real.ground import Ground
from tests.real.streams import Events
from tests.real.world import Process, World
from tests.show import say

CALLS = 200
MOST_TIMES_A_WRITE = 3.0
STEP = 0.02  # seconds that a run sleeps
AWAY = 10.0  # seconds without the broker
MOST_TIMES_AWAY = 1.5
MB_A_MINUTE = 1.0
MORE_FILES = 2.0
WARM_MINUTES = 3.0
SAMPLE_SECONDS = 5.0
LOOKS = 4  # at the list of runs each half second, so that the web is warm by then too


def l1(ground: Ground, options: argparse.Namespace) -> list[str]:
    """Starting work by the API against a plain write of one row, both with a key."""
    world = World(ground)
    try:
        world.start_web()
        ids = world.act("jobs", count=1)
        channel = world.value("SELECT id FROM distribution_channel WHERE kind = 'internal'")
        body = {"jobs": ids, "channels": ["internal"]}

        def write() -> None:
            path = f"channels/{channel}/"
            assert world.api("PATCH", path, json={"name": f"Board {time.time()}"}).ok

        def enqueue() -> None:
            assert world.api("POST", "distributions/bulk", json=body).status_code == 202

        took: dict[str, list[float]] = {"write": [], "enqueue": []}
        for number in range(CALLS + 10):
            for name, call in (("write", write), ("enqueue", enqueue)):
                began = time.perf_counter()
                call()
                if number >= 10:
                    took[name].append(time.perf_counter() - began)
        p95 = {name: statistics.quantiles(each, n=20)[-1] for name, each in took.items()}
        ratio = p95["enqueue"] / p95["write"]
        say(f"p95: {p95['write']:.4f} s to write, {p95['enqueue']:.4f} s to enqueue: {ratio:.2f}")
        return [f"{ratio:.2f} times a write"] if ratio > MOST_TIMES_A_WRITE else []
    finally:
        world.close()


def l8(ground: Ground, options: argparse.Namespace) -> list[str]:
    """Half the load there is capacity for; the broker away and back; when is the backlog gone?"""
    world = World(ground)
    try:
        world.start_worker()
        capacity = _capacity(world)
        _feed(world, capacity / 2, AWAY / 2)
        world.kill_valkey()
        _feed(world, capacity / 2, AWAY)
        backlog = _waiting(world)
        world.restart_valkey()
        back = time.monotonic()
        while (waiting := _waiting(world)) > capacity / 2:
            _feed(world, capacity / 2, 0.5)
            if time.monotonic() - back > 10 * AWAY:
                break
        took = time.monotonic() - back
        say(f"{backlog} waited when it came back; down to {waiting} after {took:.1f} s")
        return _verdict_on_l8(world, took)
    finally:
        world.close()


def _capacity(world: World) -> float:
    """Return how many runs a second the worker ends."""
    _sleepers(world, 20)
    world.until_rest()
    began = time.monotonic()
    _sleepers(world, 400)
    world.until_rest()
    capacity = 400 / (time.monotonic() - began)
    say(f"capacity: {capacity:.0f} runs a second")
    return capacity


def _verdict_on_l8(world: World, took: float) -> list[str]:
    world.until_rest()
    lost = world.count("runs_run", "status <> 'succeeded'")
    wrong = [f"{lost} runs did not succeed"] if lost else []
    return wrong + ([f"{took:.1f} s for {AWAY} s"] if took > MOST_TIMES_AWAY * AWAY else [])


def _sleepers(world: World, count: int) -> None:
    world.act("repeat", kind="proof.sleep", args={"seconds": STEP}, times=count)


def _feed(world: World, rate: float, seconds: float) -> None:
    """Start runs at a rate for a while."""
    end, owed, last = time.monotonic() + seconds, 0.0, time.monotonic()
    while time.monotonic() < end:
        now = time.monotonic()
        owed, last = owed + (now - last) * rate, now
        if owed >= 1:
            _sleepers(world, int(owed))
            owed -= int(owed)
        time.sleep(0.05)


def _waiting(world: World) -> int:
    return world.count("runs_run", "status = 'queued'")


def l12(ground: Ground, options: argparse.Namespace) -> list[str]:
    """Steady work for minutes: memory, open files and connections stay where they are."""
    world = World(ground)
    try:
        processes = [world.start_worker(), world.start_web(), world.start_live()]
        client = Events(world)
        client.start()
        samples: list[Sample] = []
        began = sampled = time.monotonic()
        while time.monotonic() - began < options.minutes * 60:
            _feed(world, 10, 0.5)
            for _ in range(LOOKS):
                assert world.api("GET", "background-jobs/?limit=20").ok
            if time.monotonic() - sampled > SAMPLE_SECONDS:
                sampled = time.monotonic()
                minutes = (sampled - began) / 60
                connections = world.count("pg_stat_activity", "datname = current_database()")
                samples.append(Sample(minutes, *_footprint(processes), connections))
        client.stop()
        say(f"{world.count('runs_run')} runs")
        return _verdict_on_l12([sample for sample in samples if sample.minutes >= WARM_MINUTES])
    finally:
        world.close()


@dataclass(frozen=True, slots=True)
class Sample:
    """What the programs hold at one time: resident MB by process, open files, connections."""

    minutes: float
    memory: dict[str, float]
    files: dict[str, int]
    connections: int


def _verdict_on_l12(warm: list[Sample]) -> list[str]:
    """Judge what was seen once warm: each process by itself, open files over all of them."""
    minutes = [sample.minutes for sample in warm]
    together, wrong = 0.0, []
    for name in sorted(warm[-1].memory.keys() & warm[0].memory.keys()):
        held = [sample.memory.get(name, 0.0) for sample in warm]
        slope = statistics.linear_regression(minutes, held).slope
        together += slope
        say(f"{name}: {held[0]:.0f} → {held[-1]:.0f} MB, {slope:+.2f} MB a minute")
        wrong += [f"{name} grows {slope:.2f} MB a minute"] if slope > MB_A_MINUTE else []
    open_ones = [sample.connections for sample in warm]
    say(f"together {together:+.2f} MB a minute; {min(open_ones)}..{max(open_ones)} connections")
    return wrong + _more_files(warm)


def _more_files(warm: list[Sample]) -> list[str]:
    """Judge each process by its own life: a pool's come and go."""
    lives: dict[str, list[int]] = {}
    for sample in warm:
        for name, number in sample.files.items():
            lives.setdefault(name, []).append(number)
    wrong = []
    for name, files in lives.items():
        half = len(files) // 2
        more = statistics.mean(files[half:]) - statistics.mean(files[:half] or files)
        say(f"{name}: {min(files)}..{max(files)} files, {more:+.1f} in its second half")
        wrong += [f"{name} has {more:.1f} more files open"] if more > MORE_FILES else []
    return wrong


def _footprint(processes: list[Process]) -> tuple[dict[str, float], dict[str, int]]:
    """Return resident MB by process, a pool's by number, and open files by process id."""
    memory: dict[str, float] = {}
    files: dict[str, int] = {}
    for process in processes:
        for number, pid in enumerate((process.child.pid, *sorted(process.children()))):
            with suppress(OSError):  # one of the pool that ended between two looks
                status = Path(f"/proc/{pid}/status").read_text().splitlines()
                kilobytes = sum(int(line.split()[1]) for line in status if line[:6] == "VmRSS:")
                memory[f"{process.name} {number}"] = kilobytes / 1024
                files[f"{process.name} ({pid})"] = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return memory, files


LOADS: dict[str, Callable[[Ground, argparse.Namespace], list[str]]] = {
    "l1": l1,
    "l5": volumes.l5,
    "l6": crowds.l6,
    "l7": crowds.l7,
    "l8": l8,
    "l12": l12,
    "shadow": volumes.shadow,
}


def main() -> int:
    """Measure what was chosen, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.loads", description="Load targets.")
    parser.add_argument("load", nargs="*", choices=[[], *LOADS], default=[])
    parser.add_argument("--minutes", type=float, default=10.0, help="of l12")
    parser.add_argument("--items", type=int, default=100_000, help="of l5; half of it of shadow")
    options = parser.parse_args()
    ground = Ground()
    missed = 0
    try:
        for name in options.load or LOADS:
            wrong = LOADS[name](ground, options)
            say("\n  ".join([f"{name}: {len(wrong)} targets missed", *wrong]))
            missed += len(wrong)
    finally:
        ground.stop()
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
