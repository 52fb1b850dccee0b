"""Bench `skills`: terms found in texts, against flashtext, spaCy's matcher and no search at all."""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ingestion.rules.skills import find_skills
from ingestion.rules.skills_reading import TermList, read, term_list
from ingestion.rules.skills_seed import Term
from jobly.errors import Unavailable

from .measuring import Report, Side, compare, in_turns, summary
from .skilltexts import MadeText, make, vocabulary

SKILLS = 3_000
MANY_SKILLS = 30_000
TIMES_LONGER = 8
PEERS = ("flashtext", "spacy")
_LEAST_PRECISION = 0.99
_LEAST_RECALL = 0.999

#: The skills found in each text: name, start and end.
Answers = list[Sequence[tuple[str, int, int]]]


def bench(rows: int, repeats: int) -> Report:
    """Search `rows` texts of 1.4 KB for 3,000 skills by each way; memory is the whole process."""
    if missing := [name for name in PEERS if importlib.util.find_spec(name) is None]:
        raise Unavailable(f"{' and '.join(missing)} is not installed; install the bench group.")
    chosen = vocabulary(SKILLS)
    made = make(rows, chosen)
    texts = [one.text for one in made]
    listed = term_list(chosen)
    ours = Side("ours", rows, lambda: _ours(texts, listed))
    sides = [
        ours,
        Side("flashtext", rows, _flashtext(texts, chosen)),
        Side("spaCy PhraseMatcher", rows, _spacy(texts, chosen)),
        Side("floor: normalise only", rows, lambda: [read(text) for text in texts]),
    ]
    in_turns(sides, repeats)
    against = [compare(ours, side) for side in sides[1:]]
    for line, side in zip(against[:-1], sides[1:-1], strict=True):
        line.update(_quality(made, side.answer))
    quality = _quality(made, ours.answer)
    return Report(
        name="skills",
        rows=rows,
        repeats=repeats,
        ours=summary(ours) | quality,
        against=against,
        growth=[*_by_length(texts, listed, repeats), _by_skills(made, ours, repeats)],
        answers_equal=quality["precision"] >= _LEAST_PRECISION
        and quality["recall"] >= _LEAST_RECALL,
    )


def _ours(texts: list[str], listed: TermList) -> Answers:
    return [find_skills(text, listed) for text in texts]


def _flashtext(texts: list[str], chosen: list[Term]) -> Callable[[], Answers]:
    """Prepare flashtext as its README says."""
    processor = importlib.import_module("flashtext").KeywordProcessor()
    for term in chosen:
        processor.add_keyword(term.surface, term.name)
    return lambda: [processor.extract_keywords(text, span_info=True) for text in texts]


def _spacy(texts: list[str], chosen: list[Term]) -> Callable[[], Answers]:
    """Prepare spaCy's matcher on lower-cased tokens of a blank pipeline, as its guide says."""
    nlp = importlib.import_module("spacy").blank("en")
    matcher = importlib.import_module("spacy.matcher").PhraseMatcher(nlp.vocab, attr="LOWER")
    names = {}
    for number, term in enumerate(chosen):
        key = str(number)
        names[nlp.vocab.strings.add(key)] = term.name
        matcher.add(key, [nlp.make_doc(term.surface)])

    def found(doc: Any) -> list[tuple[str, int, int]]:
        return [
            (names[key], doc[start].idx, doc[end - 1].idx + len(doc[end - 1]))
            for key, start, end in matcher(doc)
        ]

    return lambda: [found(doc) for doc in nlp.tokenizer.pipe(texts)]


def _quality(made: list[MadeText], answers: Answers) -> dict[str, float]:
    """Return precision and recall against what was planted."""
    names = [{name for name, _, _ in answer} for answer in answers]
    found = sum(map(len, names))
    planted = sum(len(one.planted) for one in made)
    right = sum(len(one.planted & said) for one, said in zip(made, names, strict=True))
    return {"precision": round(right / found, 4), "recall": round(right / planted, 4)}


def _by_length(texts: list[str], listed: TermList, repeats: int) -> list[dict[str, Any]]:
    """Time the same characters as short texts and as long ones."""
    long = ["\n".join(texts[n : n + TIMES_LONGER]) for n in range(0, len(texts), TIMES_LONGER)]
    sides = [Side("growth", len(some), partial(_ours, some, listed)) for some in (texts, long)]
    in_turns(sides, repeats)
    return [
        {"rows": side.rows, "seconds": round(side.median, 3), "characters": sum(map(len, some))}
        for side, some in zip(sides, (texts, long), strict=True)
    ]


def _by_skills(made: list[MadeText], ours: Side, repeats: int) -> dict[str, Any]:
    """Time the same texts against ten times as many skills."""
    listed = term_list(vocabulary(MANY_SKILLS))
    texts = [one.text for one in made]
    few = Side("few", ours.rows, ours.work)
    many = Side("many", ours.rows, lambda: _ours(texts, listed))
    in_turns([few, many], repeats)
    return {
        "rows": ours.rows,
        "seconds": round(many.median, 3),
        "skills": MANY_SKILLS,
        "times": round(many.median / few.median, 2),
    }
