"""Break things on purpose and report what held: the fault matrix, row by row."""

import importlib.util
import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from jobly.commands import JoblyCommand
from jobly.environment import SETTINGS_TABLE
from jobly.errors import Rejected, Unavailable

NEEDED = ("pytest", "pytest_randomly", "time_machine", "websockets")
FOLDER = "tests/faults"
ROWS = range(1, 30)  # of the matrix
SEEDS = 1 << 32
FINISHED = {0, 1}  # of pytest's exit codes: all passed, some failed
NOTHING = 5  # and: none were chosen
KEEP = "JOBLY_FAULTS_KEEP"


class Command(JoblyCommand):
    """`faults [--row N …] [--seed S] [--quick | --mutations] [--report FILE]`.

    It needs no instance: the tests start servers and processes of their own. Exit 1 when
    something did not hold.
    """

    help = "Break real servers and processes in every way of the fault matrix; report what held."

    def arguments(self, parser: ArgumentParser) -> None:
        """Choose what to break."""
        rows = parser.add_argument("--row", type=int, nargs="+", action="extend", default=[])
        rows.choices, rows.metavar, rows.help = ROWS, "N", "default: all of them"
        parser.add_argument("--seed", type=int, help="of a failure, to have the same one again")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--quick", action="store_true", help="what each run of the suite takes")
        which.add_argument("--mutations", action="store_true", help="show that the checks see")
        parser.add_argument("--report", type=Path, help="default: JOBLY_VAR/faults/TIME.json")

    def run(self, **options: Any) -> dict[str, Any]:
        """Run the tests in a process of their own, their progress on stderr; keep the report."""
        _check_tests_are_there()
        file = _report_file(options["report"])
        code = _test(_pytest_options(options, file), keep=file.with_suffix(""))
        if code not in FINISHED or not file.exists():
            wrong = "No test fits." if code == NOTHING else "The tests broke off; see above."
            raise Unavailable(f"{wrong} Nothing is in {file}.")
        report: dict[str, Any] = json.loads(file.read_text())
        report["report"] = str(file)
        self.failed = report["failed"]
        file.with_suffix(".txt").write_text(as_table(report) + "\n")
        return report

    def line(self, result: dict[str, Any]) -> str:
        """Show the table."""
        return as_table(result)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report; leave with 1 when something did not hold."""
        self.failed = 0
        super().handle(*args, **options)
        if self.failed:
            sys.exit(1)


def _check_tests_are_there() -> None:
    """Raise Rejected where this is no checkout, or has not what the tests need."""
    if not Path(settings.BASE_DIR, FOLDER).is_dir():
        raise Rejected(f"There is no {FOLDER} here: the fault tests come with a checkout.")
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise Rejected(
            f"The fault tests need {', '.join(missing)}: `python3 manage.py test --version`"
            " installs the development lock file, then try again."
        )


def _report_file(wanted: Path | None) -> Path:
    """Say where the report goes, and make its folder."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    file = (wanted or settings.VAR / "faults" / name).absolute()
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _pytest_options(options: dict[str, Any], file: Path) -> list[str]:
    """Translate our options into those of pytest and its plugin."""
    chosen = [FOLDER, "-vv", "--no-header", "--tb=short"]
    chosen += ["-p", "tests.faults.reporting", f"--report-to={file}"]
    if options["row"]:
        chosen.append(f"--rows={','.join(map(str, options['row']))}")
    if options["seed"] is not None:
        chosen.append(f"--randomly-seed={options['seed'] % SEEDS}")
    for only, word in (("quick", "quick"), ("mutations", "mutation")):
        if options[only]:
            chosen.append(f"--only={word}")
    return chosen


def _test(chosen: list[str], *, keep: Path) -> int:
    """Run pytest, all that it says on stderr; logs of worlds that failed go to `keep`."""
    ours = {setting.name for setting in SETTINGS_TABLE} | {"DJANGO_SETTINGS_MODULE"}
    kept = {name: text for name, text in os.environ.items() if name not in ours}
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", "pytest", *chosen],
        cwd=settings.BASE_DIR,
        env={**kept, KEEP: str(keep)},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=False,
    )
    return done.returncode


def as_table(report: dict[str, Any]) -> str:
    """Lay a report out for people, a line for each row, and one for each thing that failed."""
    lines = [f"{'row':>3}  {'':7} {'tests':>5} {'s':>6}  {'fault':38} invariants"]
    for row in report["rows"]:
        tests = row["passed"] + row["failed"] + row["skipped"]
        held = " ".join(row["invariants"]) or row["why"]
        lines.append(
            f"{row['row']:>3}  {row['outcome']:7} {tests:>5} {row['seconds']:>6.1f}"
            f"  {row['fault'][:38]:38} {held}"
        )
    for test in report["mutations"]:
        found = f"found: {test['found'][0]}" if test["found"] else "whole: nothing found"
        lines.append(f"{test['mutation']}: {test['outcome']}, {found}"[:160])
    told = {test["name"]: test for row in report["rows"] for test in row["tests"]}
    told |= {test["name"]: test for test in report["mutations"]}
    for outcome in ("failed", "skipped"):
        some = [test for test in told.values() if test["outcome"] == outcome]
        lines += [f"{outcome} {test['name']}: {test['why']}" for test in some]
    lines.append(
        f"{report['passed']} passed, {report['failed']} failed, {report['skipped']} skipped"
        f" in {report['seconds']} s; rows not run: {report['not_run'] or 'none'};"
        f" again by --seed {report['seed']}; report: {report['report']}"
    )
    return "\n".join(lines)
