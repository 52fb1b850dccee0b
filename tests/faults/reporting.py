"""A pytest plugin (`-p tests.faults.reporting`) that writes what came of each row as JSON."""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .rows import ELSEWHERE, ROWS, rows_of
from .stage import seed_of

REPORT = pytest.StashKey["Report"]()
MOST_WORDS = 2_000  # characters of what is said about a failure


@dataclass
class Outcome:
    """What came of one test."""

    name: str
    rows: tuple[int, ...]
    mutation: str = ""
    outcome: str = "not run"
    seconds: float = 0.0
    invariants: list[str] = field(default_factory=list)
    why: str = ""
    found: list[str] = field(default_factory=list)


class Report:
    """Every test of a session, by its node id."""

    def __init__(self) -> None:
        self.tests: dict[str, Outcome] = {}
        self.began = time.monotonic()
        self.seed = 0

    def take(self, came: pytest.TestReport) -> None:
        """Note one phase of a test."""
        test = self.tests[came.nodeid]
        told: dict[str, Any] = dict(came.user_properties)
        if came.when == "call":
            test.seconds += told.get("seconds", came.duration)
        elif not told.get("seconds"):
            test.seconds += came.duration
        test.invariants = told.get("checked", test.invariants)
        test.found = told.get("found", test.found)
        if came.failed:
            test.outcome, test.why = "failed", _why(came)
        elif came.skipped:
            test.outcome, test.why = "skipped", _why(came)
        elif came.when == "call" and test.outcome == "not run":
            test.outcome = "passed"

    def as_json(self, chosen: list[int]) -> dict[str, Any]:
        """Lay it out row by row."""
        rows = [self._row(number) for number in chosen]
        outcomes = [test.outcome for test in self.tests.values()]
        return {
            "seed": self.seed,
            "seconds": round(time.monotonic() - self.began, 1),
            **{name: outcomes.count(name) for name in ("passed", "failed", "skipped")},
            "rows": rows,
            "not_run": [row["row"] for row in rows if row["outcome"] == "not run"],
            "mutations": [_told(test) for test in self.tests.values() if test.mutation],
        }

    def _row(self, number: int) -> dict[str, Any]:
        row = ROWS[number]
        tests = [test for test in self.tests.values() if number in test.rows]
        outcomes = [test.outcome for test in tests]
        counts = {name: outcomes.count(name) for name in ("passed", "failed", "skipped")}
        best = "passed" if counts["passed"] else "not run"
        return {
            "row": number,
            "fault": row.fault,
            "injected": row.injected,
            "outcome": "failed" if counts["failed"] else best,
            "why": row.unbuilt if not tests else "",
            **counts,
            "seconds": round(sum(test.seconds for test in tests), 1),
            "invariants": sorted({i for test in tests for i in test.invariants}, key=_number),
            "tests": [_told(test) for test in tests],
        }


def _told(test: Outcome) -> dict[str, Any]:
    return {**asdict(test), "seconds": round(test.seconds, 1)}


def _number(invariant: str) -> int:
    return int(invariant.removeprefix("I"))


def _why(came: pytest.TestReport) -> str:
    """Say in a line why a test failed or was skipped, with all that a check found."""
    if isinstance(came.longrepr, tuple):
        return str(came.longrepr[2])
    crash = getattr(came.longrepr, "reprcrash", None)
    lines = str(crash.message if crash else came.longrepr).strip().splitlines()
    return " ".join(line.strip() for line in lines if line.strip())[:MOST_WORDS]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--rows", default="", help="rows of the matrix, by comma; default all")
    group.addoption("--only", choices=["quick", "mutation"], help="only those with this marker")
    group.addoption("--report-to", required=True, help="file for the report")


def pytest_configure(config: pytest.Config) -> None:
    config.args += ELSEWHERE


def chosen_rows(config: pytest.Config) -> list[int]:
    """Return the rows that were asked for."""
    return [int(word) for word in config.getoption("rows").split(",") if word] or sorted(ROWS)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the rows asked for, and note them."""
    only, named = config.getoption("only"), bool(config.getoption("rows"))
    wanted, report = set(chosen_rows(config)), Report()
    kept, rest = [], []
    for item in items:
        rows, mutation = rows_of(item), item.get_closest_marker("mutation")
        asked = bool(wanted & set(rows)) or (mutation is not None and not named)
        of_kind = only is None or item.get_closest_marker(only) is not None
        (kept if asked and of_kind else rest).append(item)
        if asked and of_kind:
            report.tests[item.nodeid] = Outcome(
                item.name, rows, mutation.args[0] if mutation else ""
            )
    config.hook.pytest_deselected(items=rest)
    items[:] = kept
    report.seed = seed_of(items[0]) if items else 0
    config.stash[REPORT] = report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Take each phase as it ends."""
    came = yield
    item.config.stash[REPORT].take(came)
    return came


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report, however the session ended."""
    if REPORT in session.config.stash:
        report = session.config.stash[REPORT].as_json(chosen_rows(session.config))
        Path(session.config.getoption("report_to")).write_text(json.dumps(report, indent=1))
