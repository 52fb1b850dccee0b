"""The occupation of a list that fits a title best: by words, runs of letters and topics."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingestion.rules.bags import (
    Bag,
    Bags,
    Floats,
    Ints,
    Topics,
    bags_of,
    gram_bag,
    topics_of,
    word_bag,
)
from ingestion.rules.occupations import FEMALE, MAX_TITLE, SEEDS, Occupation, name_key
from ingestion.rules.skills import SEED
from ingestion.rules.texts import singular

_TOPICS: Final = 200
_FEWEST_FOR_TOPICS: Final = 100  # a short list has no topics, only names
# Seen from far the same: where titles call a plain post "executive", lists call it "officer".
_ALIKE: Final = {"executive": "officer", "executives": "officer", "purchaser": "buyer"}
# What is done with a technology that a title names, by the group of our list it is in.
_WORK_ON: Final = {
    "programming": "software",
    "web": "software",
    "mobile": "software",
    "data": "database",
}
# A title's work stands before the first of these; what follows is where, for whom, with what.
_PARTED = re.compile(
    r"\s[-–—|@/,]\s|[(\[{,/|–&@]|\s-|-\s|\b(?:at|for|in|with|cum|and|or|based)\b", re.IGNORECASE
)
# How much each row of `likenesses` counts: fitted to either half of a labelled set, checked on the
# other (each half lost less than half a point), and rounded.
_SHARES: Final = np.array([1.0, 0.4, 0.12, 0.2, 0.15, 0.23, 0.55, 0.12, 0.5, 0.85, 0.3], np.float32)


@dataclass(frozen=True, slots=True)
class OccupationList:
    """Hold a list of occupations ready to be matched; make one by `occupation_list`."""

    occupations: tuple[Occupation, ...]
    names: Bags
    grams: Bags
    wholes: Bags
    labels: Bags
    abouts: Bags
    all_grams: Bags
    topics: Topics | None
    first_names: Ints
    common: Floats


def seen_words(name: str) -> list[str]:
    """Return the words of a title or a name as they are compared."""
    return [singular(_ALIKE.get(word, word)) for word in name_key(name).split()]


def _work_of(title: str) -> list[str]:
    """Return the words of a title; one that names a technology says the work on it too."""
    words = seen_words(title)
    groups = {SEED.by_key[word].group for word in words if word in SEED.by_key}
    return words + [word for group, word in _WORK_ON.items() if group in groups]


def occupation_list(occupations: Iterable[Occupation]) -> OccupationList:
    """Build what matches titles to these occupations; none may be without a name."""
    listed = tuple(occupations)
    seeds = {name_key(name): seed for seed in reversed(SEEDS) for name in seed[1]}
    names: list[list[str]] = []
    first_names, alls, common = [], [], []
    for one in listed:
        is_common, also = seeds.get(name_key(one.label), (False, ()))
        own = dict.fromkeys(" ".join(seen_words(name)) for name in (one.label, *one.others, *also))
        first_names.append(len(names))
        names += [name.split() for name in own]
        alls.append(" ".join(own).split())
        common.append((1 if also else 0) + is_common)
    labels, abouts = (
        [seen_words(one.label) for one in listed],
        [seen_words(one.about) for one in listed],
    )
    wholes = bags_of([word_bag(a) + word_bag(b) for a, b in zip(alls, abouts, strict=True)])
    return OccupationList(
        listed,
        bags_of([word_bag(name) for name in names]),
        bags_of([gram_bag(name) for name in names]),
        wholes,
        bags_of([gram_bag(label) for label in labels]),
        bags_of([word_bag(about) for about in abouts]),
        bags_of([gram_bag(words) for words in alls]),
        topics_of(wholes, most=_TOPICS) if len(listed) >= _FEWEST_FOR_TOPICS else None,
        np.array(first_names),
        np.array(common, np.float32),
    )


def _head(title: str) -> list[str]:
    """Return the words before what parts a title, those of the whole where there are none."""
    for part in _PARTED.split(FEMALE.sub("", title)):
        if part and (words := seen_words(part)):
            return words
    return seen_words(title)


def likenesses(title: str, among: OccupationList) -> Floats:
    """Return each likeness of a title with each occupation: a row a likeness, 0 to 1."""
    words, head = _work_of(title[:MAX_TITLE]), _head(title[:MAX_TITLE])
    bag, grams = word_bag(words), gram_bag(words)
    whole = _by_name(bag, grams, among)
    first = whole if head == words else _by_name(word_bag(head), gram_bag(head), among)
    return np.stack(
        [
            *whole,
            *first,
            among.abouts.cosines(bag),
            among.labels.cosines(grams),
            among.all_grams.cosines(grams),
            among.topics.cosines(bag) if among.topics else np.zeros_like(among.common),
            among.common,
        ]
    )


def _by_name(bag: Bag, grams: Bag, among: OccupationList) -> tuple[Floats, Floats, Floats]:
    """Return the likeness with the best name by words and by letters, and with all names."""
    words, letters = among.names.cosines(bag), among.grams.cosines(grams)
    best = among.first_names
    return (
        np.maximum.reduceat(words, best),
        np.maximum.reduceat(letters, best),
        among.wholes.cosines(bag),
    )


def match_scores(title: str, among: OccupationList) -> Floats:
    """Return how well each occupation of the list fits a title; what is common starts above 0."""
    found: Floats = _SHARES @ likenesses(title, among)
    return found


def best_matches(
    title: str, among: OccupationList, *, most: int = 5
) -> list[tuple[Occupation, float]]:
    """Return the occupations that fit best, best first, each with its score."""
    scores = match_scores(title, among)
    order = np.argsort(-scores, kind="stable")[:most]
    return [(among.occupations[n], float(scores[n])) for n in order]
