"""Measure ours against named baselines, on servers that exist only for this."""

import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from jobly.commands import JoblyCommand
from jobly.embedded import addresses
from jobly.embedded.processes import stop
from jobly.embedded.servers import (
    POSTGRES_STOPS_BY,
    VALKEY_STOPS_BY,
    start_postgres,
    start_valkey,
)
from jobly.environment import SETTINGS_TABLE
from jobly.errors import Unavailable

DEFAULT_ROWS = {
    "dedup": 100_000,
    "distribute": 1_000,
    "fanout": 1_000,
    "feed": 100_000,
    "import": 10_000,
    "pipeline": 10_000,
    "queues": 5_000,
    "runs": 5_000,
    "skills": 2_000,
}
SHOWN_ELSEWHERE = {"name", "rows", "seconds", "rate", "ours_rate", "ratio", "peak_mb", "finished"}


class Command(JoblyCommand):
    """`bench NAME [--rows N] [--repeats R]`; what it measures is in jobly/bench."""

    help = "Run a bench: ours and the baselines, interleaved, in this run."

    def arguments(self, parser: ArgumentParser) -> None:
        """Choose the bench and its size."""
        parser.add_argument("name", choices=sorted(DEFAULT_ROWS))
        parser.add_argument("--rows", type=int)
        parser.add_argument("--repeats", type=int, default=5)

    def run(self, **options: Any) -> dict[str, Any]:
        """Start servers, measure in a process of its own, and return the report."""
        rows = options["rows"] or DEFAULT_ROWS[options["name"]]
        size = ["--rows", str(rows), "--repeats", str(options["repeats"])]
        with _servers() as environment:
            _run(["manage.py", "migrate", "--verbosity", "0"], environment)
            found = _run(["-m", "jobly.bench", options["name"], *size], environment)
        report: dict[str, Any] = json.loads(found)
        return report

    def line(self, result: dict[str, Any]) -> str:
        """Show each comparison on a line."""
        ours = result["ours"]
        head = f"{result['name']}: {ours['rate']:,.0f} rows/s, peak {ours['peak_mb']:.0f} MB"
        equal = "same answers" if result["answers_equal"] else "ANSWERS DIFFER"
        lines = [
            f"  {line['ratio']:>8.2f} x {line['name']} ({line['rate']:,.0f} rows/s){_more(line)}"
            for line in result["against"]
        ]
        checks = [f"  {line['name']}{_more(line, {'name'})}" for line in result["checks"]]
        grown = ", ".join(map(_grown, result["growth"]))
        return "\n".join([f"{head}, {equal}{_more(ours)}", *lines, *checks, f"  growth: {grown}"])


def _run(arguments: list[str], environment: dict[str, str]) -> bytes:
    """Run one of our own programs and return what it prints."""
    done = subprocess.run(  # noqa: S603 # our own
        [sys.executable, *arguments],
        env=environment,
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"{' '.join(arguments)} ended with {done.returncode}; see above.")
    return done.stdout


@contextmanager
def _servers() -> Iterator[dict[str, str]]:
    """Start PostgreSQL and Valkey as the product runs them, and remove them afterwards."""
    with tempfile.TemporaryDirectory(prefix="jobly-bench-") as folder:
        at = addresses(Path(folder))
        postgres = start_postgres(at)
        try:
            valkey = start_valkey(at)
            try:
                ours = {setting.name for setting in SETTINGS_TABLE}
                kept = {k: v for k, v in os.environ.items() if k not in ours}
                yield kept | {
                    "JOBLY_VAR": folder,
                    "DJANGO_SETTINGS_MODULE": "jobly.settings",
                    "LOG_LEVEL": "ERROR",
                }
            finally:
                stop(valkey, VALKEY_STOPS_BY, within=10)
        finally:
            stop(postgres, POSTGRES_STOPS_BY, within=10)


def _more(line: dict[str, Any], shown: Container[str] = SHOWN_ELSEWHERE) -> str:
    """Say the figures that only this bench has."""
    more = [f"{name} {value}" for name, value in line.items() if name not in shown]
    return f": {', '.join(more)}" if more else ""


def _grown(line: dict[str, Any]) -> str:
    """Say how long so many took, and beside how many that had finished long before."""
    beside = f" beside {line['finished']:,} finished" if "finished" in line else ""
    return f"{line['rows']:,} in {line['seconds']} s{beside}{_more(line)}"
