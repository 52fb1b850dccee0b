"""Load target L5 (RELIABILITY §4): a big file costs what ten small ones do, and twice is cheap."""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.real import postings
from tests.real.ground import ROOT, Ground
from tests.real.world import World
from tests.show import say

TENFOLD = 10
MOST_MEMORY = 1.3
MOST_TIME = 12.0
MOST_AGAIN = 0.5


@dataclass(frozen=True, slots=True)
class Import:
    """One import in a process of its own: its books, how long it took and what it held at most."""

    books: dict[str, int]
    seconds: float
    megabytes: float


def l5(ground: Ground, options: argparse.Namespace) -> list[str]:
    """A tenth of the items, all of them, and all of them again, by the command."""
    world = World(ground)
    try:
        sizes = (max(1, options.items // TENFOLD), options.items)
        small, large = (_import(world, count) for count in sizes)
        again = _import(world, options.items)
        for name, one in (("a tenth", small), ("all", large), ("again", again)):
            rate = one.books["raw"] / one.seconds
            say(f"{name}: {one.seconds:.1f} s, {rate:.0f} a second, {one.megabytes:.0f} MB")
        return _verdict(small, large, again)
    finally:
        world.close()


def _verdict(small: Import, large: Import, again: Import) -> list[str]:
    wrong = []
    memory, grown = large.megabytes / small.megabytes, large.seconds / small.seconds
    cheaper = again.seconds / large.seconds
    say(f"memory × {memory:.2f}, time × {grown:.1f}, again × {cheaper:.2f}")
    if memory > MOST_MEMORY:
        wrong.append(f"{memory:.2f} times the memory")
    if grown > MOST_TIME:
        wrong.append(f"{grown:.1f} times the time")
    if cheaper > MOST_AGAIN:
        wrong.append(f"a repeated load takes {cheaper:.2f} of the first")
    if again.books["loaded"] or again.books["updated"]:
        wrong.append(f"a repeated load brought {again.books['loaded']} jobs")
    return wrong


def _import(world: World, count: int) -> Import:
    """Import so many postings, which are those of a source of its own."""
    file = Path(world.var, f"jobs-{count}.csv")
    file.write_text(postings.csv(count, first=count))  # none of one size is in the other
    command = [sys.executable, "manage.py", "import_jobs", str(file)]
    began = time.monotonic()
    child = subprocess.Popen(
        [*command, "--source", f"size {count}", "--json"],
        cwd=ROOT,
        env=world.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    told = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, told
    return Import(json.loads(told), time.monotonic() - began, used.ru_maxrss / 1024)
