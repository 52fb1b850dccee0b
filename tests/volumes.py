"""Loads of many jobs: L5 (RELIABILITY §4: a big file costs what ten small ones do, and twice is
cheap), and a shadow of them all, promoted and rolled back."""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobly.bench.postings import write_csv
from tests.real import postings
from tests.real.ground import ROOT, Ground
from tests.real.world import World
from tests.show import say

TENFOLD = 10
MOST_MEMORY = 1.3
MOST_TIME = 12.0
MOST_AGAIN = 0.5
TABLES = ("job", "sighting", "jobsearch")
DIGEST = "SELECT md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM ingestion_{} t"
INDEX = "from ingestion.actions.searching import index_waiting; index_waiting()"


@dataclass(frozen=True, slots=True)
class Done:
    """One command in a process of its own: its answer, how long it took and what it held most."""

    books: dict[str, Any]
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


def _verdict(small: Done, large: Done, again: Done) -> list[str]:
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


def _import(world: World, count: int) -> Done:
    """Import so many postings, which are those of a source of its own."""
    file = Path(world.var, f"jobs-{count}.csv")
    file.write_text(postings.csv(count, first=count))  # none of one size is in the other
    return _command(world, "import_jobs", str(file), "--source", f"size {count}")


def _command(world: World, *command: str) -> Done:
    """Run one of our commands in a process of its own."""
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "manage.py", *command, "--json"],
        cwd=ROOT,
        env=world.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    told = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, told
    return Done(json.loads(told), time.monotonic() - began, used.ru_maxrss / 1024)


def shadow(ground: Ground, options: argparse.Namespace) -> list[str]:
    """Read all jobs again by the first transformer, look, promote it, and put all of it back."""
    world = World(ground)
    try:
        file = Path(world.var, "jobs.csv")
        write_csv(file, options.items // 2)
        _tell("import", _command(world, "import_jobs", str(file)))
        before = _digests(world)
        seen = _tell("shadow", _command(world, "reprocess", "--shadow", "--transformer", "v1"))
        wrong = [] if _digests(world) == before else ["the shadow changed something"]
        if seen.books["changed"] != world.count("ingestion_job"):
            wrong.append(f"{seen.books['changed']} jobs would change")
        _tell("promote", _command(world, "reprocess", "--promote", seen.books["processing"]))
        if _digests(world)["job"] == before["job"]:
            wrong.append("the promotion changed nothing")
        _tell("roll back", _command(world, "reprocess", "--rollback", seen.books["processing"]))
        after = _digests(world)
        wrong.extend(f"{name} is not what it was" for name in TABLES if after[name] != before[name])
        return wrong
    finally:
        world.close()


def _tell(name: str, done: Done) -> Done:
    say(f"{name}: {done.seconds:.0f} s, {done.megabytes:.0f} MB: {json.dumps(done.books)[:300]}")
    return done


def _digests(world: World) -> dict[str, Any]:
    """Return one digest of all rows of each table, once all that waits has been indexed."""
    command = [sys.executable, "manage.py", "shell", "-c", INDEX]
    subprocess.run(command, cwd=ROOT, env=world.environment, check=True, stdout=subprocess.DEVNULL)
    return {name: world.value(DIGEST.format(name)) for name in TABLES}
