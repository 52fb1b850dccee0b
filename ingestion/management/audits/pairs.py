"""Pairs of postings that were labelled by hand, as one job or not."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ingestion.rules.likeness.judging import Answer, Evidence, Rule, judge, measure
from ingestion.rules.likeness.scoring import score
from ingestion.rules.likeness.signs import overlap, wording_of
from ingestion.rules.likeness.traits import traits_of
from ingestion.rules.normalise import Posting, normalise
from ingestion.rules.posting import RawPosting

from .measuring import Measured, Miss

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


def by_likeness(data: Path) -> Measured:
    """Measure the rule the product starts with."""
    return _measured(data, Rule())


def by_cosine(data: Path) -> Measured:
    """Measure the documents' rule beside it: alike counts of words are enough."""
    return _measured(data, Rule(name="cosine"))


def _measured(data: Path, rule: Rule) -> Measured:
    """Score a rule on the pairs that are sure; count what it does with the unsure ones."""
    said: dict[tuple[int, int], bool] = {}
    truth: dict[tuple[int, int], bool] = {}
    unsure: Counter[str] = Counter()
    asked, misses = 0, []
    for pair in _pairs(data):
        evidence = _evidence(pair)
        answer, label = judge(evidence, rule).answer, pair["label"]
        if label == "unsure":
            unsure[answer] += 1
            continue
        key = (pair["n"], 0)
        truth[key], said[key] = label == "duplicate", answer is Answer.SAME
        asked += answer is Answer.UNSURE
        if truth[key] != said[key]:
            title, told = f"{pair['n']} {pair['a_title']}", f"{answer} {evidence}"
            misses.append(Miss(title, label, told))
    found = score(said, truth)
    metrics = {
        "precision": _rounded(found.precision.value),
        "recall": _rounded(found.recall.value),
        "right_same": found.right_same,
        "wrong_same": found.wrong_same,
        "missed": found.missed,
        "right_apart": found.right_apart,
        "asked_a_person": asked,
        "unsure_merged": unsure[Answer.SAME],
        "unsure_asked": unsure[Answer.UNSURE],
        "unsure_apart": unsure[Answer.DIFFERENT],
    }
    return Measured(len(truth), metrics, misses)


def _pairs(data: Path) -> list[dict[str, Any]]:
    text = (data / "neardup-pairs" / "pairs.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _evidence(pair: dict[str, Any]) -> Evidence:
    a, b = _posting(pair, "a"), _posting(pair, "b")
    words = overlap(wording_of(a.description_text), wording_of(b.description_text))
    return measure(traits_of(a, day=0.0), traits_of(b, day=0.0), words)


def _posting(pair: dict[str, Any], side: str) -> Posting:
    """Read one side as the product reads any item."""
    item = RawPosting(
        row=pair["n"],
        raw={},
        title=pair[f"{side}_title"],
        employer=pair[f"{side}_company"],
        location=pair[f"{side}_loc"],
        description=pair[f"{side}_desc"],
    )
    return normalise(item, now=_NOW)[0]


def _rounded(value: float | None) -> float:
    return round(value or 0.0, 4)
