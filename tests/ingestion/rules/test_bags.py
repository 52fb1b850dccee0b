import numpy as np
import pytest

from ingestion.rules.bags import bags_of, gram_bag, topics_of, word_bag

TEXTS = ("oil paint brush", "paint wall", "bread oven", "oven flour dough", "dough bread")


def indexed():
    return bags_of([word_bag(text.split()) for text in TEXTS])


def test_a_text_is_as_alike_to_itself_as_can_be_and_no_more_to_another():
    bags = indexed()

    for row, text in enumerate(TEXTS):
        found = bags.cosines(word_bag(text.split()))
        assert found[row] == pytest.approx(1, abs=1e-5)
        assert int(found.argmax()) == row
    assert bags.cosines(word_bag(["harp"])).tolist() == [0] * len(TEXTS)


def test_a_rare_word_tells_more_than_a_common_one():
    bags = bags_of([word_bag(["boat", "keel"]), word_bag(["boat"]), word_bag(["boat", "oar"])])

    found = bags.cosines(word_bag(["boat", "keel"]))
    assert found[0] > found[1] > found[2]


def test_runs_of_letters_know_the_ends_of_words():
    assert gram_bag(["oar"]) == {" oa": 1, "oar": 1, "ar ": 1, " oar": 1, "oar ": 1, " oar ": 1}
    assert gram_bag([]) == {}


def test_texts_without_a_common_word_meet_in_a_topic():
    topics = topics_of(indexed(), most=2)

    found = topics.cosines(word_bag(["flour"]))
    assert found[4] > 0.9  # dough and bread, by way of oven
    assert max(found[0], found[1]) < 0.1
    assert np.allclose(np.linalg.norm(topics.places, axis=1), 1, atol=1e-4)
    assert topics.cosines(word_bag(["harp"])).tolist() == [0] * len(TEXTS)


def test_topics_are_the_same_each_time():
    assert np.array_equal(topics_of(indexed(), most=2).places, topics_of(indexed(), most=2).places)
