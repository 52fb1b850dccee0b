"""Fields and their values in the words a person reads."""

import pytest

from ingestion.rules.versions import label_of, value_of


@pytest.mark.parametrize(
    ("name", "value", "label", "words"),
    [
        ("remote", "hybrid", "Workplace", "Hybrid"),
        ("employment_type", "FULL_TIME", "Employment", "Full time"),
        ("experience_months", 24, "Experience months", "24"),
        ("employer_id", 7, "Employer", "7"),
        ("is_agency", False, "Is agency", "no"),
        ("skills", ["Go", "SQL"], "Skills", "Go, SQL"),
        ("skill_facts", [{"name": "Go", "need": "must"}], "Skill facts", "Go"),
        ("city", None, "City", ""),
        ("skills", [], "Skills", ""),
    ],
)
def test_a_column_is_told_in_words(name, value, label, words):
    assert label_of(name) == label
    assert value_of(name, value) == words
