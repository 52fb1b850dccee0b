"""What `manage.py faults` makes of what its tests said."""

from types import SimpleNamespace

import pytest

from jobly.management.commands.faults import as_table

from .reporting import Outcome, Report
from .rows import ROWS

pytestmark = [pytest.mark.faults, pytest.mark.quick]


def phase(name, outcome="passed", when="call", **told):
    """One phase of a test as pytest reports it."""
    return SimpleNamespace(
        nodeid=name,
        when=when,
        duration=1.5,
        failed=outcome == "failed",
        skipped=outcome == "skipped",
        user_properties=list(told.items()),
        longrepr="it broke\nbadly",
    )


def report_of(*tests):
    """A report of tests given as rows, outcome, and what they told."""
    report = Report()
    for number, (rows, outcome, told) in enumerate(tests):
        mutation = told.pop("mutation", "")
        report.tests[str(number)] = Outcome(f"test {number}", rows, mutation)
        report.take(phase(str(number), outcome, **told))
    return report


def test_each_row_shows_its_worst_outcome_and_all_that_was_checked():
    report = report_of(
        ((1,), "passed", {"checked": ["I1"], "seconds": 4.0}),
        ((1,), "failed", {"checked": ["I11", "I2"]}),
        ((5, 12), "passed", {"checked": ["I1"]}),
        ((9,), "skipped", {}),
    ).as_json([1, 5, 9, 12, 26])

    rows = {row["row"]: row for row in report["rows"]}
    outcomes = {number: row["outcome"] for number, row in rows.items()}
    assert outcomes == {1: "failed", 5: "passed", 9: "not run", 12: "passed", 26: "not run"}
    assert rows[1]["invariants"] == ["I1", "I2", "I11"]
    assert rows[1]["seconds"] == 5.5
    assert rows[1]["tests"][1]["why"] == "it broke badly"
    assert rows[26]["why"]
    assert (report["passed"], report["failed"], report["skipped"]) == (2, 1, 1)
    assert report["not_run"] == [9, 26]


def test_a_test_whose_teardown_breaks_has_failed():
    report = report_of(((2,), "passed", {}))
    report.take(phase("0", "failed", when="teardown"))
    assert report.as_json([2])["rows"][0]["outcome"] == "failed"


def test_a_row_nobody_told_of_was_not_run():
    report = Report().as_json(sorted(ROWS))
    assert report["not_run"] == sorted(ROWS)


def test_the_table_says_it_all_in_a_line_a_row():
    report = report_of(
        ((1,), "passed", {"checked": ["I1"]}),
        ((2,), "failed", {}),
        ((), "passed", {"mutation": "no fence clause", "found": ["i2: two effects"]}),
    ).as_json([1, 2, 26])
    table = as_table(report | {"report": "/somewhere.json", "seed": 7}).splitlines()
    assert [line.split()[:2] for line in table[1:4]] == [
        ["1", "passed"],
        ["2", "failed"],
        ["26", "not"],
    ]
    assert "no fence clause: passed, found: i2: two effects" in table
    assert "failed test 1: it broke badly" in table
    assert "--seed 7" in table[-1]
