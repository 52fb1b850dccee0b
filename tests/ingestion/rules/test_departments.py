import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.departments import DEPARTMENTS, department_of_title


@pytest.mark.parametrize(
    ("title", "department"),
    [
        ("Brand Communications Lead", "marketing"),
        ("Vertriebsleiterin Süd", "sales"),
        ("Head of Sales & Marketing", "marketing"),
        ("Regional Vice President of Sales", "sales"),
        ("Strategische Einkäuferin", "purchasing"),
        ("IT Recruiter", "hr"),
        ("Personalreferentin", "hr"),
        ("Helpdesk Technician", "support"),
        ("New Business Scout", "business_development"),
        ("Backend Developer (Python)", "it"),
        ("Systemadministratorin", "it"),
        ("IT-Support", "support"),
        ("Project Coordinator, Dikes", "project_management"),
        ("Chef de projet", "project_management"),
        ("Unternehmensberater", "consulting"),
        ("Team Assistant", "administration"),
        ("Assistenz der Geschäftsführung", "administration"),
        ("Buchhalterin", "finance"),
        ("Tax Associate", "finance"),
        ("Registered Nurse - ICU", "healthcare"),
        ("Lehrkraft Physik", "education"),
        ("Chef de partie", "hospitality"),
        ("Pastry Chef", "hospitality"),
        ("Forklift Driver", "logistics"),
        ("Elektriker (m/w/d)", "construction"),
        ("Solution Architect", "it"),
        ("Architect", "construction"),
        ("Mechanical Engineer", "engineering"),
        ("Patent Attorney", "legal"),
        ("Geschäftsführer", "management"),
        ("Director of Operations", "operations"),
        ("Wizard", ""),
        ("", ""),
    ],
)
def test_the_words_of_a_title_tell_its_department(title, department):
    assert department_of_title(title) == department


@settings(deadline=None)
@given(st.text(max_size=500))
def test_every_text_has_a_department_or_none(text):
    assert department_of_title(text) in {"", *DEPARTMENTS}
