import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.skills import MAX_SKILLS
from ingestion.rules.skills_facts import SkillFact, skill_facts

POSTING = """About us
We love Python.
Requirements:
- Java and SQL
- Docker is a plus
- Ideally you know Kubernetes; Terraform required
Nice to have
- Rust programming
- Kafka
What we offer
- Trainings on Jenkins
Knowledge of Linux is required, Ansible is a plus. Must have: Git."""


def needs(text, title="Clerk", given=()):
    return {fact.name: fact.need for fact in skill_facts(given, title, text)}


def test_sections_and_words_of_need_tell_how_much_a_skill_is_asked_for():
    assert needs(POSTING) == {
        "Python": "",
        "Java": "required",
        "SQL": "required",
        "Docker": "nice",
        "Kubernetes": "nice",
        "Terraform": "required",
        "Rust": "nice",
        "Kafka": "nice",
        "Jenkins": "",
        "Linux": "required",
        "Ansible": "nice",
        "Git": "required",
    }


@pytest.mark.parametrize(
    ("text", "need"),
    [
        ("Dein Profil:\n- Kubernetes", "required"),
        ("Das bringst du mit\nKubernetes", "required"),
        ("Kubernetes ist von Vorteil.", "nice"),
        ("Wünschenswert:\n• Kubernetes", "nice"),
        ("Wir bieten\n- Kubernetes", ""),
        ("Profil recherché :\n- Kubernetes", "required"),
        ("La connaissance de Kubernetes serait un plus.", "nice"),
        ("Requisitos\nKubernetes", "required"),
        ("Se valorará\n- Kubernetes", "nice"),
        ("Functie-eisen:\n- Kubernetes", "required"),
        ("Kubernetes is een pre", "nice"),
        ("Kvalifikationer\n- Kubernetes", "required"),
        ("Det är meriterande\n- Kubernetes", "nice"),
        ("**Preferred Qualifications:**\n1. Kubernetes", "nice"),
        ("Bonus points if you know Kubernetes", "nice"),
        ("Kubernetes is not required.", "nice"),
        ("Kubernetes is a must. Everything else is a plus.", "required"),
        ("Our requirements engineering uses Kubernetes", ""),
        ("Kubernetes", ""),
    ],
)
def test_needs_are_told_in_many_languages(text, need):
    assert needs(text) == {"Kubernetes": need}


def test_a_skill_keeps_the_mention_that_asks_most():
    text = "We use Kafka.\nRequirements:\n- Kafka"

    (fact,) = skill_facts((), "Clerk", text)

    assert fact == SkillFact("Kafka", "required", "description", 30, 35)
    assert text[fact.start : fact.end] == "Kafka"


def test_a_skill_of_the_title_is_required():
    title = "Senior Go Developer"

    (fact,) = skill_facts((), title, "Golang is a plus")

    assert (fact.name, fact.need, fact.field) == ("Go", "required", "title")
    assert title[fact.start : fact.end] == "Go Developer"


def test_the_skills_of_the_source_come_first_with_what_proves_them():
    facts = skill_facts(
        ("golang", "Basket weaving", "PYTHON", ""), "Clerk", "We use Python and k8s"
    )

    assert [(fact.name, fact.field) for fact in facts] == [
        ("Go", "skills"),
        ("Basket weaving", "skills"),
        ("Python", "description"),
        ("Kubernetes", "description"),
    ]
    assert len(skill_facts(tuple(f"skill {n}" for n in range(99)), "", "")) == MAX_SKILLS


@settings(deadline=None)
@given(st.text(max_size=200), st.lists(st.sampled_from(POSTING.split("\n")), max_size=12))
def test_spans_lie_in_the_field_they_name(title, lines):
    text = "\n".join(lines)

    for fact in skill_facts((), title, text):
        where = title if fact.field == "title" else text
        assert 0 <= fact.start < fact.end <= len(where)
        assert where[fact.start : fact.end].strip() == where[fact.start : fact.end]
