import pytest

from ingestion.rules.languages import language_of_tag, language_of_text


@pytest.mark.parametrize(
    ("tag", "language"),
    [("en-US", "en"), ("nb_NO", "nb"), (" DE ", "de"), ("English", ""), ("", ""), ("x1", "")],
)
def test_a_tag_gives_its_primary_language(tag, language):
    assert language_of_tag(tag) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (
            "We are a small bakery in the old town and you will bake our bread.",
            "en",
        ),
        (
            "Wir sind eine Bäckerei in der Stadt und du backst mit uns das Brot.",
            "de",
        ),
        (
            "Nous sommes dans la vieille ville et vous faites le pain avec nous.",
            "fr",
        ),
        (
            "Somos una casa en el centro de la ciudad y buscamos a un panadero.",
            "es",
        ),
        (
            "Wij zijn een bakkerij in de oude stad en jij bakt met ons het brood.",
            "nl",
        ),
        (
            "Vi er et bakeri i byen og du vil bake med oss, det er en fin jobb.",
            "no",
        ),
        (
            "Praca w piekarni: szukamy osoby do pracy na noc oraz do pomocy za dnia.",
            "pl",
        ),
        ("Short text", ""),
        ("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", ""),
        ("Python Java Go Rust SQL Kafka Spark Docker Linux Bash Perl Ruby Scala", ""),
    ],
)
def test_a_text_gives_away_its_language(text, language):
    assert language_of_text(text) == language
