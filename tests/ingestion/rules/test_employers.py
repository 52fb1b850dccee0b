import pytest

from ingestion.rules.employers import clean_employer, employer_key


@pytest.mark.parametrize(
    ("given_name", "cleaned"),
    [
        ("Harbour Bakery\n3.8", "Harbour Bakery"),
        ("Harbour Bakery\r\n4,1 ★", "Harbour Bakery"),
        ("  Fjord   Works  ", "Fjord Works"),
        ("Smith &amp; Sons", "Smith & Sons"),
        ("Studio 54", "Studio 54"),
        ("3.8", "3.8"),
        ("n/a", ""),
        ("Confidential", ""),
        ("", ""),
    ],
)
def test_a_name_loses_the_rating_under_it(given_name, cleaned):
    assert clean_employer(given_name) == cleaned


@pytest.mark.parametrize(
    "names",
    [
        ("Fjord Works AS", "FJORD WORKS", "Fjord-Works A/S", "The Fjord Works"),
        ("Blå Bølge GmbH & Co. KG", "Bla Bolge", "BLÅ BØLGE GmbH"),
        ("Acme, Inc.", "Acme Incorporated", "ACME"),
        ("Lund & Berg Ltd", "Lund and Berg Limited"),
        ("Koala S.A.", "KOALA SA", "Koala"),
    ],
)
def test_one_employer_in_several_writings_has_one_key(names):
    assert len({employer_key(name) for name in names}) == 1


def test_different_employers_keep_different_keys():
    names = ["North Bank", "North Bakery", "AS", "Co", "Inc Research", "Research"]

    assert len({employer_key(name) for name in names}) == len(names)


def test_a_name_of_legal_words_only_is_still_a_key():
    assert employer_key("Limited") == "limited"
