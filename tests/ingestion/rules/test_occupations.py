import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.occupation_matching import best_matches, occupation_list
from ingestion.rules.occupations import (
    MAX_OCCUPATION,
    Occupation,
    names_of,
    normal_form,
)


@pytest.mark.parametrize(
    ("title", "occupation"),
    [
        ("Senior Software Engineer (Remote)", "software developer"),
        ("Jr. Software Eng. - Oslo", "software developer"),
        ("Softwareentwickler*in (m/w/d)", "software developer"),
        ("Full Stack Developer, Payments", "software developer"),
        ("Lkw-Fahrer in Vollzeit", "truck driver"),
        ("Staff Nurse", "nurse"),
        ("Serveur / Serveuse", "serveur serveuse"),
        ("F&B Captain", "food beverage captain"),
        ("HR Executive", "human resources officer"),
        ("2nd Shift Welder II", "2nd welder"),
        ("Organ Tuner (part-time), Bergen", "organ tuner"),
        ("Senior", "senior"),
        ("", ""),
    ],
)
def test_a_title_has_a_normal_form(title, occupation):
    assert normal_form(title) == occupation


LISTED = (
    Occupation("1.1", "fish smoker", ("smokehouse worker", "fish curing operative")),
    Occupation("1.2", "boat builder", ("shipwright", "fish boat builder")),
    Occupation("1.3", "lighthouse keeper", ("light keeper", "boat builder")),
)


def test_an_imported_list_names_its_occupations():
    names = names_of(LISTED)

    assert normal_form("Senior Smokehouse Worker (m/f)", names) == "fish smoker"
    assert normal_form("Shipwright", names) == "boat builder"
    assert normal_form("Boat Builder", names) == "boat builder"
    assert normal_form("Programmer", names) == "software developer"


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Smokehouse workers wanted", "1.1"),
        ("Boatbuilder", "1.2"),
        ("Keeper of the lighthouse", "1.3"),
        ("Boat builders / fish", "1.2"),
        ("Smokehouse worker (light vehicles, boat access)", "1.1"),
    ],
)
def test_a_title_is_matched_by_its_words_and_letters(title, code):
    (best, _), *_ = best_matches(title, occupation_list(LISTED))

    assert best.code == code


def test_a_long_list_is_matched_by_topic_too():
    kinds = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("anker", "orter", "iller")]
    listed = [
        Occupation(f"{kind}-{n}", f"{kind} {kind}er {n}", (), f"tends the {kind} {field}")
        for kind, field in zip(kinds, ("sea", "wood", "iron") * 12, strict=True)
        for n in range(3)
    ]
    listed.append(Occupation("x", "quaymaster", ("quayside hand",), "keeps quays by the sea"))
    listed.append(Occupation("y", "sawyer", (), "saws wood and planks"))

    found = occupation_list(listed)

    assert found.topics is not None
    assert best_matches("Hand for quays", found)[0][0].code == "x"
    assert best_matches("Plank worker", found)[0][0].code == "y"


def test_a_title_of_no_known_word_fits_nothing():
    assert best_matches("∅", occupation_list(LISTED), most=1)[0][1] == 0


@settings(deadline=None)
@given(st.text(max_size=400))
def test_a_normal_form_is_stable_and_short(title):
    occupation = normal_form(title)

    assert len(occupation) <= MAX_OCCUPATION
    assert occupation == " ".join(occupation.lower().split())
