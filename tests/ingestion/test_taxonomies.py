import json

import pytest
from django.core.management import call_command

from ingestion.models import Occupation, SkillTerm, Taxonomy
from ingestion.reports.vocabulary import vocabulary
from ingestion.rules.occupations import normal_form
from ingestion.rules.skills_facts import skill_facts
from ingestion.rules.vocabulary import OURS

pytestmark = pytest.mark.django_db

OCCUPATIONS = """conceptUri,preferredLabel,altLabels
o:1,fish smoker,"smokehouse worker
fish curing operative"
o:2,,nameless
"""
TOPICS = [
    {"topic": "kippering-kit", "display_name": "Kippering Kit", "aliases": "kipperkit, kk-oven"},
    {"topic": "postgresql", "display_name": "PostgreSQL", "aliases": "postgres-db-engine"},
    {"topic": "salt", "display_name": "Salt", "aliases": None},
]


def taxonomy(capsys, *arguments):
    call_command("taxonomy", *map(str, arguments), json=True)
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def occupations(tmp_path):
    file = tmp_path / "occupations.csv"
    file.write_text(OCCUPATIONS)
    return file


@pytest.fixture
def topics(tmp_path):
    file = tmp_path / "topics.json"
    file.write_text(json.dumps(TOPICS))
    return file


def test_imported_occupations_name_the_work_of_titles(capsys, occupations):
    found = taxonomy(capsys, "import", "esco-occupations", occupations, "--release", "9.9")

    assert (found["occupations"], found["version"]) == (1, "9.9")
    (row,) = Occupation.objects.all()
    assert (row.code, row.name) == ("o:1", "fish smoker")
    assert row.others == ["smokehouse worker", "fish curing operative"]
    words = vocabulary()
    assert normal_form("Senior Smokehouse Worker (m/f)", words.occupations) == "fish smoker"
    assert "ESCO" in row.taxonomy.attribution


def test_imported_skills_are_found_and_ours_keep_their_names(capsys, topics):
    taxonomy(capsys, "import", "github-topics", topics)

    facts = skill_facts(
        (), "", "KipperKit and postgres db engine. Salt to taste.", vocabulary().skills
    )

    assert [fact.name for fact in facts] == ["PostgreSQL"]
    facts = skill_facts((), "", "We need a kippering kit and Salt skills", vocabulary().skills)
    assert [fact.name for fact in facts] == ["Kippering Kit", "Salt"]


def test_a_second_import_takes_the_place_of_the_first(capsys, topics):
    taxonomy(capsys, "import", "github-topics", topics)
    topics.write_text(json.dumps(TOPICS[:1]))
    taxonomy(capsys, "import", "github-topics", topics)

    assert [term.name for term in SkillTerm.objects.all()] == ["Kippering Kit"]
    assert [one["rows"] for one in taxonomy(capsys, "list")["taxonomies"]] == [1]


def test_a_taxonomy_is_removed_with_its_rows(capsys, topics):
    taxonomy(capsys, "import", "github-topics", topics)

    assert taxonomy(capsys, "remove", "github-topics", "--dry-run")["removed"] is False
    assert SkillTerm.objects.count() == 3
    assert taxonomy(capsys, "remove", "github-topics") == {
        "taxonomy": "github-topics",
        "skills": 3,
        "removed": True,
    }
    assert not SkillTerm.objects.exists()
    assert vocabulary() is OURS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wrong.csv", "a,b\n1,2\n"),
        ("empty.csv", ""),
        ("broken.json", "{"),
        ("other.json", '{"topic": "x"}'),
        ("binary.xlsx", "no workbook"),
        ("bytes.csv", "conceptUri,preferredLabel,altLabels\n\x00,\x00,\n"),
    ],
)
def test_a_file_that_is_none_changes_nothing_and_says_why(
    capsys, occupations, tmp_path, name, text
):
    taxonomy(capsys, "import", "esco-occupations", occupations)
    file = tmp_path / name
    file.write_text(text)

    with pytest.raises(SystemExit) as ended:
        call_command("taxonomy", "import", "esco-occupations", str(file))

    assert ended.value.code == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert Occupation.objects.count() == 1
    assert Taxonomy.objects.count() == 1
