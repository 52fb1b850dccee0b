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


def audit(capsys, *arguments, name="extraction"):
    call_command("audit", name, *map(str, arguments), json=True)
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


def test_titles_are_ranked_by_occupation_and_texts_by_title(capsys, data):
    header = "ORIGINURI,PREFERREDLABEL,ALTLABELS,DESCRIPTION\n"
    occupations = "u/occupation/1,boat builder,shipwright,\nu/occupation/2,cook,galley hand,\n"
    vacancies = ("1,Boat builder,1", "2,Shipwright,1", "3,Galley hand,2", "4,Head cook,2")
    for folder, file, text in (
        ("esco-1.1.1-tabiya", "occupations.csv", header + occupations),
        (
            "jobbert-title-esco",
            "titles_dev_8000.csv",
            "n,vacancyTitle,conceptUri\n"
            + "".join(f"{row[:-1]}u/occupation/{row[-1]}\n" for row in vacancies),
        ),
    ):
        (data / folder).mkdir()
        (data / folder / file).write_text(text)

    found = audit(capsys, "--data", data, name="ranking")
    matched = audit(capsys, "--data", data, "--set", "title-occupation")["title-occupation"]

    alike = found["title-similarity-esco"]
    assert (alike["n"], alike["titles"], alike["map"], alike["first_wrong"]) == (1, 4, 1.0, 0)
    assert alike["bars"]["map"]["held"]
    assert "glassdoor_jobs.csv is not there" in found["title-to-text"]["skipped"]
    assert "Titles.xlsx is not there" in found["title-similarity-onet"]["skipped"]
    assert (matched["first"], matched["at_1"], matched["confusion"]) == (4, 1.0, {})


def test_a_title_is_ranked_against_the_texts_of_all(capsys, data):
    text = "Works on the {0} and with the {0}, the whole day, in every season, with others. " * 6
    for folder, file, titles in (
        ("glassdoor-ds-2020", "glassdoor_jobs.csv", ("Net mender", "Oar turner")),
        ("rct-job-feed-2026", "jobs.json", ("Lamp lighter",)),
        ("wwr-rss-2015", "jobs.rss", ("Sail maker",)),
        ("nyc-city-jobs-2019", "NYC_Jobs.csv", ("Ferry pilot",)),
        ("nlx-schemaorg-sample", "50_sample.json.gz", ("Crane driver", "Welder")),
    ):
        rows = [
            {"title": title, "company": "Quay", "description": text.format(title.split()[0])}
            for title in titles
        ]
        (data / folder).mkdir()
        (data / folder / file).write_text(json.dumps(rows))

    found = audit(capsys, "--data", data, "--set", "title-to-text", name="ranking")

    assert found["title-to-text"]["n"] == 7
    assert found["title-to-text"]["mrr"] == 1


def test_wrong_spans_of_skills_are_counted_by_why(capsys, data):
    sentences = (
        ("Experience with Python and Docker .", "O O B O O O"),
        ("We use the AWS environment", "O O O B I"),
        ("Senior Java engineer", "O O O"),
    )
    rows = [
        {"source": "tech", "tokens": text.split(), "tags_knowledge": tags.split()}
        for text, tags in sentences
    ]
    (data / "skillspan").mkdir()
    (data / "skillspan" / "dev.json").write_text("\n".join(map(json.dumps, rows)))

    found = audit(capsys, "--data", data, "--set", "skillspan")["skillspan"]

    assert (found["right"], found["wanted"], found["found"]) == (1, 1, 4)
    assert (found["wrong_inside_marked"], found["wrong_in_unmarked_text"]) == (1, 1)
    assert found["bars"]["f1"]["least"] == pytest.approx(found["dictionary_f1"] + 0.1)
