"""What `manage.py faults` makes of what its tests said."""

from jobly.management.commands.faults import ROWS, summed_up


def said(rows, outcome="passed", **more):
    test = {"test": f"t{rows}", "rows": rows, "outcome": outcome, "seconds": 1.5, "checked": ["i1"]}
    return test | {"mutation": False, "seed": 7} | more


def test_each_row_shows_its_worst_outcome_and_all_that_was_checked():
    tests = [said([1]), said([1], "failed", checked=["i2"]), said([5, 12]), said([9], "skipped")]
    report = summed_up(tests, [1, 5, 9, 12])
    found = {row["row"]: (row["outcome"], row["tests"], row["checked"]) for row in report["rows"]}
    assert found == {
        1: ("failed", 2, ["i1", "i2"]),
        5: ("passed", 1, ["i1"]),
        9: ("skipped", 1, ["i1"]),
        12: ("passed", 1, ["i1"]),
    }
    assert (report["passed"], report["failed"], report["seed"]) == (2, 1, 7)
    assert [test["test"] for test in report["red"]] == ["t[1]"]


def test_a_row_nobody_told_of_was_not_run():
    report = summed_up([], sorted(ROWS))
    assert {row["outcome"] for row in report["rows"]} == {"not run"}
    assert report["seed"] is None


def test_caught_mutations_are_counted():
    tests = [said([], mutation=True), said([], "failed", mutation=True), said([2])]
    assert summed_up(tests, [2])["mutations"] == 1
