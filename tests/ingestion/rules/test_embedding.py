"""Vectors without a model: the same everywhere, of unit length, near for texts that are alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.rules.embedding import DIMENSIONS, Text, embed


def cosine(one, other):
    first, second = embed([Text(one, (), ""), Text(other, (), "")])
    return float(first @ second)


@pytest.mark.parametrize(
    ("one", "near", "far"),
    [
        ("Senior Python Developer", "Python Developer (Senior)", "Night Nurse"),
        ("C++ engineer", "C++ developer", "C# developer"),
        ("Développeur Python", "DEVELOPPEUR PYTHON", "Boulanger"),
        ("Software engineers", "Software engineering", "Truck driver"),
    ],
)
def test_alike_is_near_and_other_is_far(one, near, far):
    assert cosine(one, near) > cosine(one, far) + 0.1


def test_small_words_say_little():
    assert cosine("the and of with a for you", "welder") < 0.2
    assert cosine("a welder for the yard", "welder yard") > 0.5


def test_a_text_has_the_same_vector_alone_and_among_others():
    texts = [Text("Welder", ("TIG",), "Joins pipes."), Text("", (), ""), Text("Ökonom", (), "ß")]
    together = embed(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(embed([text])[0], vector, atol=1e-6)
    # a vector that changes makes all stored ones worthless: then the model needs another name
    assert np.flatnonzero(np.abs(together[0]) > 0.3).tolist() == [124, 148]


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_texts_give_finite_vectors_of_unit_length(titles):
    vectors = embed([Text(title, (title,), title) for title in titles])
    assert vectors.shape == (len(titles), DIMENSIONS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)
