"""How alike two titles are: by words and letters, by what they mean, and by likely occupations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingestion.rules import minilm
from ingestion.rules.bags import Bags, Floats, bags_of, gram_bag, word_bag
from ingestion.rules.occupation_matching import OccupationList, match_scores, seen_words

_MOST: Final = 50  # occupations that a title may name; what fits worse says nothing of it
_BY_SPELLING: Final = 0.25
_BY_MEANING: Final = 3.0


@dataclass(frozen=True, slots=True)
class Titles:
    """Hold titles ready to be compared; make it by `titles_of`."""

    words: Bags
    grams: Bags
    profiles: Floats
    meanings: Floats
    among: OccupationList


def titles_of(titles: Sequence[str], among: OccupationList) -> Titles:
    """Index titles, seen by a list of occupations."""
    seen = [seen_words(title) for title in titles]
    return Titles(
        bags_of([word_bag(words) for words in seen]),
        bags_of([gram_bag(words) for words in seen]),
        np.stack([_profile(title, among) for title in titles]),
        minilm.embed(titles),
        among,
    )


def title_likeness(title: str, titles: Titles) -> Floats:
    """Return how alike each of the titles is to one: to 4.5 for the same, the greater the more."""
    words = seen_words(title)
    spelling = titles.words.cosines(word_bag(words)) + titles.grams.cosines(gram_bag(words))
    occupation = titles.profiles @ _profile(title, titles.among)
    meaning = titles.meanings @ minilm.embed([title])[0]
    found: Floats = _BY_SPELLING * spelling + occupation + _BY_MEANING * meaning
    return found


def _profile(title: str, among: OccupationList) -> Floats:
    """Return how much a title is each occupation, by how far it stands above the fiftieth."""
    scores = match_scores(title, among)
    rank = min(_MOST, len(scores))
    above = np.maximum(scores - np.partition(scores, -rank)[-rank], 0) ** 2
    found: Floats = (above / max(float(np.linalg.norm(above)), 1e-9)).astype(np.float32)
    return found
