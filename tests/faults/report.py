"""A pytest plugin for `manage.py faults`: keep the chosen rows, write a line for each test."""

import json
import os
from pathlib import Path

import pytest

LINES, ROWS = os.environ["JOBLY_FAULTS_LINES"], os.environ.get("JOBLY_FAULTS_ROWS", "")


def rows_of(item: pytest.Item) -> list[int]:
    return sorted({mark.args[0] for mark in item.iter_markers("row")})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests of other rows, where rows were chosen."""
    wanted = {int(row) for row in ROWS.split(",") if row}
    if wanted:
        left_out = [item for item in items if not wanted & set(rows_of(item))]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Write how a test ended; a failure around it counts as its own."""
    report = yield
    if report.when == "call" or report.outcome != "passed":
        said = dict(item.user_properties)
        line = {
            "test": item.nodeid,
            "rows": rows_of(item),
            "mutation": item.get_closest_marker("mutation") is not None
            or item.path.name == "test_mutants.py",
            "outcome": report.outcome,
            "seconds": round(said.get("seconds", report.duration), 2),
            "checked": said.get("checked", []),
            "seed": int(item.config.getoption("randomly_seed")),
            "why": "" if report.outcome == "passed" else str(report.longrepr)[-500:],
        }
        with Path(LINES).open("a") as out:
            out.write(json.dumps(line) + "\n")
    return report
