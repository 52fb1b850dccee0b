import json

import pytest
from django.core.management import call_command

LEVELS = """Position\tClassification
Chief Ferry Officer\tC-Suite
Wizard\tOther
Head of Nets\tVP
"""


@pytest.fixture
def data(tmp_path):
    (tmp_path / "title-level-rootstrap").mkdir()
    (tmp_path / "title-level-rootstrap" / "classified_titles.tsv").write_text(LEVELS)
    return tmp_path


def audit(capsys, *arguments):
    call_command("audit", "extraction", *map(str, arguments), json=True)
    return {one["set"]: one for one in json.loads(capsys.readouterr().out)["sets"]}


def test_a_set_is_measured_and_its_errors_are_listed(capsys, data, tmp_path):
    errors = tmp_path / "errors.jsonl"

    found = audit(capsys, "--data", data, "--set", "title-level", "--errors", errors)

    level = found["title-level"]
    assert (level["n"], level["right"], level["unranked"]) == (3, 2, 1)
    assert level["accuracy"] == 0.6667
    assert level["confusion"] == {"VP > Director": 1}
    assert json.loads(errors.read_text()) == {
        "set": "title-level",
        "item": "Head of Nets",
        "expected": "VP",
        "got": "Director",
    }


def test_a_bar_is_told_held_or_missed(capsys, data):
    found = audit(capsys, "--data", data, "--set", "title-level", "--set", "skills-traps")
    call_command("audit", "extraction", "--data", str(data), "--set", "title-level")

    assert found["title-level"]["bars"] == {"accuracy": {"least": 0.92, "held": False}}
    assert found["skills-traps"]["bars"]["accuracy"]["held"]
    assert "accuracy ≥ 0.92: MISSED, 0.6667" in capsys.readouterr().out


def test_a_set_whose_files_are_not_there_is_skipped_loudly(capsys, data):
    found = audit(capsys, "--data", data, "--set", "title-seniority")

    assert found["title-seniority"]["n"] == 0
    assert "seniority-v2.csv is not there" in found["title-seniority"]["skipped"]


def test_tricky_names_and_traps_need_no_files(capsys, data):
    found = audit(capsys, "--data", data, "--set", "skills-tricky", "--set", "skills-traps")

    assert (found["skills-tricky"]["precision"], found["skills-tricky"]["recall"]) == (1, 1)
    assert found["skills-traps"]["accuracy"] >= 0.95


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("--data", "/nowhere"), "no folder"), (("--set", "sagas"), "no set sagas")],
)
def test_what_is_not_there_is_refused(capsys, data, arguments, message):
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "extraction", "--data", str(data), *arguments)

    assert ended.value.code == 1
    assert message in capsys.readouterr().err
