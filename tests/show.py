"""What the project promises at size, shown by hand: `python -m tests.show jobs300|cuts20|rows100k`.

Each starts servers and processes of its own, prints its figures and ends with 1 if a promise broke.
`jobs300 --real` keeps the boards' true quotas of 50, 60 and 40 a minute and takes ten minutes.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import redis

from tests.real import checks
from tests.real.ground import ROOT, Ground
from tests.real.streams import Client, Events, Socket, rest
from tests.real.world import ALL_CHANNELS, World, tail

TRADES = "Welder Nurse Baker Driver Analyst Plumber Teacher Cook Engineer Clerk".split()
LEVELS = ["Junior", "Senior", "Lead", "Trainee", ""]
CITIES = ["Oslo, Norway", "Berlin, Germany", "Austin, TX, United States", "Lyon, France"]
CITIES += ["Toronto, Canada", "Remote", "London, United Kingdom", "Madrid, Spain"]
SKILLS = "python sql excel welding docker french german kubernetes sales nursing".split()
PARAGRAPH = (
    "You plan and carry out the work of the day with a team of six, keep the records that the"
    " next shift needs, and say early what does not fit. We bring patience, training and good"
    " tools; you bring care and an eye for what comes next. Shifts are known a month ahead. "
)
KILLS, MEMORY_RATIO, FEWEST_ROWS_A_SECOND = 3, 1.3, 800
REAL = {"RUN_LEASE_SECONDS": "60", "RUN_HEARTBEAT_MS": "15000", "RUN_SWEEP_MS": "5000",
        "RUN_BACKOFF_PERCENT": "100", "RUN_RELEASE_MS": "3000"}  # fmt: skip
QUOTAS = {"linkedin": 50, "indeed": 60, "glassdoor": 40}
FIGURES = {"settle_window": "00:00:10", "poll_delay": "00:00:02", "call_timeout": "00:00:03"}
FAULTS = (
    {"kind": "timeout_after_accept", "share": 0.15},
    {"kind": "500", "share": 0.10},
    {"kind": "429", "share": 0.10},
)
HEADER = "reference,title,employer,location,salary,employment type,description,apply url\n"


def _has(client, number):
    return client.position >= number


def say(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


def jobs300(ground: Ground, options: argparse.Namespace) -> list[str]:
    """300 jobs on four channels; boards that fail, three dead workers, a broker that forgets."""
    world = World(ground, **(REAL if options.real else {}))
    try:
        if options.real:
            world.act("figures", **FIGURES)
            for channel, limit in QUOTAS.items():
                world.act("figures", channel=channel, limit_per_minute=limit)
        world.plan_faults(*FAULTS, seed=options.seed)
        ids = world.act("jobs", count=options.jobs)
        began = time.monotonic()
        world.act("apply", channels=ALL_CHANNELS, job_ids=ids)
        forgotten = _survive(world, options.jobs * len(ALL_CHANNELS))
        took = time.monotonic() - began
        found = checks.gather(world)
        found.forgotten = [forgotten]
        statuses = Counter(row["status"] for row in found.distributions)
        plan = world.act("plan", channels=ALL_CHANNELS)
        wrong = checks.violations(found) + [f"the next plan: {step}" for step in plan]
        outcomes = Counter(f"{a['op']} {a['outcome']}" for a in found.attempts)
        say(f"at rest after {took:.0f} s: {dict(statuses)}; attempts {dict(outcomes)}")
        say(f"live {Counter(p['url'].split('/')[3] for p in found.live)}; next plan {len(plan)}")
        crashes = sum(run["crash_count"] for run in found.runs)
        say(f"runs {len(found.runs)}, taken back from the dead {crashes}")
        return wrong + ([] if set(statuses) == {"published"} else [f"ends: {dict(statuses)}"])
    finally:
        world.close()


def _survive(world: World, wanted: int) -> datetime:
    """Watch until everything rests; kill workers and empty the broker on the way; return when."""
    forgotten = datetime.min.replace(tzinfo=UTC)
    worker, told = world.start_worker("worker-0"), 0.0
    deaths = [wanted * (n + 1) // (KILLS + 2) for n in range(KILLS)]
    flush_at = wanted * 2 // 5
    while True:
        done = world.count("distribution_distribution", "status = 'published'")
        if deaths and done >= deaths[0]:
            say(f"{done} published; killing {worker.name}")
            worker.kill()
            del deaths[0]
            worker = world.start_worker(f"worker-{KILLS - len(deaths)}")
        if flush_at and done >= flush_at:
            flush_at = 0
            with redis.Redis(unix_socket_path=str(world.at.valkey_socket)) as valkey:
                valkey.flushall()
            forgotten = world.value("SELECT clock_timestamp()")
            say(f"{done} published; Valkey forgot everything")
        if time.monotonic() - told > 15:
            told = time.monotonic()
            say(f"{done} of {wanted} published")
        if not deaths and not flush_at and _rests(world):
            return forgotten
        assert worker.is_alive, tail(worker.log)
        time.sleep(0.5)


def _rests(world: World) -> bool:
    moving = "status IN ('pending', 'sending', 'unknown', 'accepted')"
    unfinished = "status IN ('queued', 'running')"
    open_runs = world.count("runs_run", unfinished)
    return not open_runs and not world.count("distribution_distribution", moving)


def cuts20(ground: Ground, options: argparse.Namespace) -> list[str]:
    """A websocket and an SSE client, cut twenty times each during an import."""
    world = World(ground)
    try:
        world.start_worker()
        world.start_live()
        world.start_web()
        clients = [Socket(world), Events(world)]
        for client in clients:
            client.start()
        _cut(world, clients, options.seed)
        world.until_rest(300)
        stored = world.query("SELECT * FROM runs_event WHERE stream = %s", world.stream)
        wrong = checks.i7_stream_is_whole(rest(world), last=len(stored), stored=stored)
        for client in clients:
            world.until(partial(_has, client, len(stored)), client.told, 30)
            client.stop()
            mine = checks.i7_stream_is_whole(client.history, last=len(stored), stored=stored)
            resets = sum(item["type"] == "reset" for item in client.history)
            name, seen = type(client).__name__, len(client.history)
            say(f"{name}: {seen} items of 1..{len(stored)}, {client.cuts} cuts, {resets} resets")
            wrong += mine + ([f"{name}: {resets} resets"] if resets else [])
        return wrong
    finally:
        world.close()


def _cut(world: World, clients: list[Client], seed: int) -> None:
    """Cut each client twenty times while two dozen files are imported."""
    for number in range(24):
        world.act("upload", text=csv(600, first=1 + number * 600), name=f"{number}.csv")
    draw = random.Random(seed)  # noqa: S311
    for _ in range(20):
        for client in clients:
            client.cut_for_ever(1, 0.35, draw.randrange(1 << 30))
    busy = world.count("runs_run", "status IN ('queued', 'running')")
    say(f"20 cuts each; {busy} runs were still to do at the last one")


def rows100k(ground: Ground, options: argparse.Namespace) -> list[str]:
    """100,000 rows against 10,000: all searchable, the same memory, so many a second."""
    wrong: list[str] = []
    for way, measure in {"command": by_command, "worker": by_worker}.items():
        if options.way not in ("", way):
            continue
        small = measure(ground, options.rows // 10)
        large = measure(ground, options.rows)
        ratio = large["peak"] / small["peak"]
        for name, one in (("small", small), ("large", large)):
            say(f"{way} {name}: {json.dumps(one)}")
            if one["found"] != one["rows"]:
                wrong.append(f"{way}: {one['found']} of {one['rows']} rows are searchable")
        say(f"{way}: memory {ratio:.2f} times, {large['rate']} rows a second")
        if ratio > MEMORY_RATIO:
            wrong.append(f"{way}: peak memory grew {ratio:.2f} times")
        if large["rate"] < FEWEST_ROWS_A_SECOND:
            wrong.append(f"{way}: {large['rate']} rows a second")
    return wrong


def by_command(ground: Ground, rows: int) -> dict[str, Any]:
    """Import by the command, which does all of it itself; its peak as the kernel counts it."""
    world = World(ground)
    try:
        file = written(world.var / "rows.csv", rows)
        command = [sys.executable, "manage.py", "import_jobs", str(file), "--company", "acme"]
        command.append("--json")
        with (world.var / "said").open("w") as said:
            began = time.monotonic()
            child = subprocess.Popen(
                [*command, "--json"], cwd=ROOT, env=world.environment, stdout=said
            )
            _, status, usage = os.wait4(child.pid, 0)
            took = time.monotonic() - began
            child.returncode = status
        assert status == 0, status
        books = json.loads((world.var / "said").read_text())
        return figures(world, rows, books["seconds"], usage.ru_maxrss * 1024) | {
            "whole_command_seconds": round(took, 1),
            "its_processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        }
    finally:
        world.close()


def by_worker(ground: Ground, rows: int) -> dict[str, Any]:
    """Import by API and a worker; the peak is that of the fullest process that worked."""
    world = World(ground)
    try:
        web, worker = world.start_web(), world.start_worker()
        file = written(world.var / "rows.csv", rows)
        world.until(worker.children, "the worker has its pool")
        began = time.monotonic()
        with file.open("rb") as stream:
            sent = world.api(
                "POST", "uploads/", data={"company": "acme"}, files={"file": stream}, timeout=300
            )
        assert sent.status_code == 202, sent.text
        world.until(
            lambda: world.count("ingestion_upload", "status = 'loaded'"), "it is loaded", 1200
        )
        took = time.monotonic() - began
        peak = max(worker.peaks().values())
        web_peak = max(web.peaks().values())
        return figures(world, rows, took, peak) | {"web_peak_mb": web_peak >> 20}
    finally:
        world.close()


def figures(world: World, rows: int, seconds: float, peak: int) -> dict[str, Any]:
    """Sum up one import."""
    found = world.value(
        "SELECT count(*) FROM ingestion_job j JOIN ingestion_jobsearch s ON s.job_id = j.id"
        " WHERE s.document @@ to_tsquery('english', 'patience & shift')"
    )
    return {
        "rows": rows, "found": found, "seconds": round(seconds, 1),
        "rate": round(rows / seconds), "peak": peak, "peak_mb": peak >> 20,
    }  # fmt: skip


def csv(rows: int, *, first: int = 1) -> str:
    """Write a file of postings as they differ in life."""
    return HEADER + "".join(line(number) for number in range(first, first + rows))


def line(number: int) -> str:
    trade, level = TRADES[number % 10], LEVELS[number // 10 % 5]
    skills = " and ".join(SKILLS[(number + step) % 10] for step in (0, 3, 7))
    low = 30_000 + number * 37 % 90_000
    return (
        f'N-{number},{level} {trade} {number},Employer {number % 2003} Ltd,"{CITIES[number % 8]}",'
        f'EUR {low}-{low + 9_000} per year,full-time,"<p>{PARAGRAPH}</p><p>You know {skills}.'
        f' Ask for post {number}.</p>",https://jobs.example/{number % 2003}/{number}\n'
    )


def written(file: Path, rows: int) -> Path:
    with file.open("w") as out:
        out.write(HEADER)
        out.writelines(line(number) for number in range(1, rows + 1))
    return file


SHOWS: dict[str, Callable[[Ground, argparse.Namespace], list[str]]] = {
    "jobs300": jobs300,
    "cuts20": cuts20,
    "rows100k": rows100k,
}


def main() -> int:
    """Show what was chosen, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.show", description="Promises at size.")
    parser.add_argument("show", nargs="*", choices=[[], *SHOWS], default=[])
    parser.add_argument("--real", action="store_true", help="jobs300: true quotas and leases")
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--way", choices=["", "command", "worker"], default="")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 16))
    options = parser.parse_args()
    ground = Ground()
    broken = 0
    try:
        for name in options.show or SHOWS:
            say(f"{name}, seed {options.seed}")
            wrong = SHOWS[name](ground, options)
            say("\n  ".join([f"{name}: {len(wrong)} promises broken", *wrong]))
            broken += len(wrong)
    finally:
        ground.stop()
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
