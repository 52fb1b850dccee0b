"""Break Jobly on purpose, on servers that exist only for this, and report what held."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from jobly.commands import JoblyCommand
from jobly.environment import SETTINGS_TABLE
from jobly.errors import Unavailable

PLACES = ("tests/faults", "tests/artifacts/test_deaths.py")
#: the faults that the runs and what they do outside have to stand, by their row in the charter
ROWS = {
    1: "a worker is killed at each named point",
    2: "workers are killed at random",
    3: "a process of the pool dies; a run kills whoever takes it",
    4: "the broker is killed, away, back, again",
    5: "the broker forgets everything",
    6: "the broker takes connections and says nothing",
    7: "the database crashes and restarts",
    8: "a connection is cut inside a transaction and at its commit",
    9: "locks, deadlocks, no connection left",
    10: "the disk is full",
    11: "a message comes five times and out of order",
    12: "a worker sleeps through its lease",
    13: "clocks jump",
    14: "a board says 429, 500 or 503",
    15: "a board accepts and does not say so",
    21: "the clock is killed, doubled, away",
    22: "old and new code work side by side",
    24: "live clients drop, come back, ask for nonsense",
    25: "live clients do not read",
    27: "workers are told to go every few seconds",
    28: "runs are cancelled in every state",
    29: "a pause, a database crash and a forgetful broker together",
}


class Command(JoblyCommand):
    """`faults [--row N …] [--seed S] [--report FILE]`: the whole fault matrix, or rows of it."""

    help = "Run the fault tests and report by row; needs the test dependencies."

    def arguments(self, parser: ArgumentParser) -> None:
        """Choose rows, a seed and where the report goes."""
        parser.add_argument("--row", type=int, action="append", choices=sorted(ROWS), default=[])
        parser.add_argument("--seed", type=int, help="of random numbers and the order")
        parser.add_argument("--report", type=Path, help="a file; else one in VAR/faults")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit with 1 if anything did not hold, the report printed all the same."""
        self.failed = False
        super().handle(*args, **options)
        if self.failed:
            sys.exit(1)

    def run(self, **options: Any) -> dict[str, Any]:
        """Run the tests in a process of their own, then read what each said."""
        if importlib.util.find_spec("pytest") is None:
            raise Unavailable(
                "The fault tests need requirements-dev.lock: `python3 manage.py test --version`"
                " installs it. Nothing was run."
            )
        with tempfile.TemporaryDirectory(prefix="jobly-faults-") as folder:
            lines = Path(folder, "lines")
            lines.touch()
            code = _run_tests(lines, rows=options["row"], seed=options["seed"])
            tests = [json.loads(line) for line in lines.read_text().splitlines()]
        if code not in (0, 1):
            raise Unavailable(f"The tests broke off with {code}; see above.")
        report = summed_up(tests, options["row"] or sorted(ROWS))
        self.failed = bool(report["failed"])
        report["report"] = str(_kept(report, options["report"]))
        return report

    def line(self, result: dict[str, Any]) -> str:
        """Show a row on a line, then those that failed."""
        lines = [
            f"{row['row']:>3}  {row['outcome']:<8} {row['tests']:>4} tests {row['seconds']:>7.1f} s"
            f"  {row['fault']}"
            for row in result["rows"]
        ]
        lines += [f"red: {test['test']}" for test in result["red"]]
        held = f"{result['passed']} passed, {result['failed']} failed, seed {result['seed']}"
        caught = f"{result['mutations']} mutations caught"
        return "\n".join([*lines, f"{held}, {caught}; {result['report']}"])


def summed_up(tests: list[dict[str, Any]], rows: list[int]) -> dict[str, Any]:
    """Group what each test said by row; a row nobody told of was not run."""
    outcomes = Counter(test["outcome"] for test in tests)
    return {
        "rows": [_row(number, [t for t in tests if number in t["rows"]]) for number in rows],
        "passed": outcomes["passed"],
        "failed": outcomes["failed"],
        "skipped": outcomes["skipped"],
        "mutations": sum(t["mutation"] and t["outcome"] == "passed" for t in tests),
        "seed": tests[0]["seed"] if tests else None,
        "red": [test for test in tests if test["outcome"] == "failed"],
        "tests": tests,
    }


def _row(number: int, tests: list[dict[str, Any]]) -> dict[str, Any]:
    outcomes = {test["outcome"] for test in tests}
    known = [name for name in ("failed", "passed", "skipped") if name in outcomes]
    return {
        "row": number,
        "fault": ROWS[number],
        "outcome": known[0] if known else "not run",
        "tests": len(tests),
        "seconds": round(sum(test["seconds"] for test in tests), 1),
        "checked": sorted({name for test in tests for name in test["checked"]}),
    }


def _run_tests(lines: Path, *, rows: list[int], seed: int | None) -> int:
    """Run pytest; what it prints goes to stderr, so that stdout holds the report alone."""
    ours = {setting.name for setting in SETTINGS_TABLE} | {"DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    chosen = {"JOBLY_FAULTS_LINES": str(lines), "JOBLY_FAULTS_ROWS": ",".join(map(str, rows))}
    options = ["-p", "tests.faults.report"]
    options += [] if seed is None else ["-p", "randomly", f"--randomly-seed={seed}"]
    done = subprocess.run(  # noqa: S603 # our own
        [sys.executable, "-m", "pytest", *PLACES, *options],
        env=kept | chosen,
        cwd=settings.BASE_DIR,
        stdout=sys.stderr,
        check=False,
    )
    return done.returncode


def _kept(report: dict[str, Any], chosen: Path | None) -> Path:
    """Write the report to a file and return its path."""
    path = chosen or settings.VAR / "faults" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1))
    return path
