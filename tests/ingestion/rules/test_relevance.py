import numpy as np

from ingestion.rules.occupation_matching import occupation_list
from ingestion.rules.occupations import Occupation
from ingestion.rules.relevance import relevances, texts_of
from ingestion.rules.title_likeness import title_likeness, titles_of

TEXTS = (
    "You keep the lighthouse and its lamps. Lamps are lit at dusk.",
    "You build boats by the lighthouse: keels, planks, oars. Boats of all sizes.",
    "You mend nets on the quay, near the boats that keep coming in.",
)


def ranked(title, texts=TEXTS):
    return np.argsort(-relevances(title, texts_of(texts)), kind="stable").tolist()


def test_a_title_finds_the_text_with_its_words():
    assert ranked("Lamp lighter")[0] == 0
    assert ranked("Boat builder (planks)")[0] == 1
    assert ranked("Mender of nets")[0] == 2


def test_two_words_together_tell_more_than_apart():
    texts = ("the data team and an engineer", "an engineer, data team", "a data engineer of ours")

    assert ranked("Data engineer", texts)[0] == 2


def test_what_is_said_first_tells_more():
    late = "about us and our town. " * 40
    texts = (f"{late} a glazier", f"a glazier {late}", late)

    assert ranked("Glazier", texts) == [1, 0, 2]


def test_texts_that_share_no_word_fit_nothing():
    assert relevances("∅ harpist", texts_of(TEXTS)).tolist() == [0, 0, 0]
    assert relevances("", texts_of(("", "word"))).tolist() == [0, 0]


def test_titles_are_alike_by_their_words_and_by_what_they_may_name():
    among = occupation_list(
        (
            Occupation("1", "ship carpenter", ("boat builder", "shipwright")),
            Occupation("2", "cook", ("galley hand",)),
            Occupation("3", "painter", ("varnisher",)),
        )
    )
    titles = ("Boat builder", "Shipwrights (m/f)", "Galley hand", "Senior boat builder")

    found = title_likeness("Boat builder", titles_of(titles, among))

    assert np.argsort(-found, kind="stable").tolist() == [0, 3, 1, 2]
    assert found[1] > 1  # no word in common, one occupation
