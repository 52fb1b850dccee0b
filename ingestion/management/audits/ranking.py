"""Sets of rankings: the text a title belongs to, and the titles that name the same work."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from openpyxl import load_workbook

from ingestion.rules import embedding, minilm
from ingestion.rules.bags import Floats
from ingestion.rules.html import read_description
from ingestion.rules.posting import RawPosting
from ingestion.rules.readers import HEAD_BYTES, read, recognise
from ingestion.rules.relevance import relevances, texts_of
from ingestion.rules.title_likeness import title_likeness, titles_of
from ingestion.rules.titles import title_key

from .measuring import Measured, Miss
from .occupations import esco

_POSTINGS: Final = (
    "glassdoor-ds-2020/glassdoor_jobs.csv",
    "rct-job-feed-2026/jobs.json",
    "wwr-rss-2015/jobs.rss",
    "nyc-city-jobs-2019/NYC_Jobs.csv",
    "nlx-schemaorg-sample/50_sample.json.gz",
)
_REPORTED: Final = "onet-29.3/Sample of Reported Titles.xlsx"
_LABELLED: Final = "jobbert-title-esco/titles_dev_8000.csv"
_OCCUPATIONS: Final = "esco-1.1.1-tabiya/occupations.csv"
_SHORTEST: Final = 400  # characters; less is a summary
_EVERY: Final = 14  # of the titles asks; all are answers
_AMONG: Final = 10

#: Scores every candidate for one title.
Scorer = Callable[[str], Floats]


def titles_to_texts(data: Path) -> Measured:
    """Whether a title finds its own posting's text among those of one posting a title."""
    postings = _postings(data)
    texts = texts_of([text for _, text in postings])
    return _own_text(postings, lambda title: relevances(title, texts))


def titles_to_texts_by_vector(data: Path) -> Measured:
    """Measure the vectors that jobs are stored with in the same way."""
    return _by_vector(data, embedding.embed)


def titles_to_texts_by_minilm(data: Path) -> Measured:
    """Measure the vectors that they are stored with where EMBEDDING_MODEL is minilm."""
    return _by_vector(data, lambda texts: minilm.embed([text.plain() for text in texts]))


def _by_vector(data: Path, embed: Callable[[list[embedding.Text]], Floats]) -> Measured:
    postings = _postings(data)
    vectors = embed([embedding.Text("", (), text) for _, text in postings])

    def scores(title: str) -> Floats:
        found: Floats = vectors @ embed([embedding.Text(title, (), "")])[0]
        return found

    return _own_text(postings, scores)


def titles_alike_by_onet(data: Path) -> Measured:
    """Measure reported titles of O*NET: those of one occupation are alike; ESCO's names help."""
    sheet = load_workbook(data / _REPORTED, read_only=True).active
    codes: dict[str, set[str]] = {}
    for code, _, title, *_ in sheet.iter_rows(min_row=2, values_only=True) if sheet else ():
        codes.setdefault(str(title).strip(), set()).add(str(code))
    return _alike(data, codes)


def titles_alike_by_esco(data: Path) -> Measured:
    """Measure titles of vacancies labelled with ESCO's occupations: those of one are alike."""
    codes: dict[str, set[str]] = {}
    with (data / _LABELLED).open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            codes.setdefault(row["vacancyTitle"].strip().lower(), set()).add(row["conceptUri"])
    return _alike(data, codes)


def _postings(data: Path) -> list[tuple[str, str]]:
    """Return title and text of the postings with a whole text, the first of each title."""
    found: dict[str, tuple[str, str]] = {}
    for name in _POSTINGS:
        for item in _items(data / name):
            text = read_description(item.description, shape=item.description_format)[1]
            if item.title and len(text) >= _SHORTEST:
                found.setdefault(title_key(item.title), (item.title, text))
    return list(found.values())


def _items(file: Path) -> Iterator[RawPosting]:
    with file.open("rb") as stream:
        shape = recognise(stream.read(HEAD_BYTES), size=file.stat().st_size, file_name=file.name)
        stream.seek(0)
        for item in read(stream, shape):
            if isinstance(item, RawPosting):
                yield item


def _own_text(postings: list[tuple[str, str]], score: Scorer) -> Measured:
    """Score by the rank of the one text that is right (mean reciprocal rank)."""
    ranks, misses = [], []
    for number, (title, _) in enumerate(postings):
        scores = score(title)
        better = int((scores > scores[number]).sum())
        ranks.append(better + int((scores[:number] == scores[number]).sum()))
        if ranks[-1]:
            misses.append(Miss(title, "its own text", postings[int(scores.argmax())][0]))
    places = np.array(ranks)
    metrics = {
        "mrr": _share(1 / (places + 1)),
        "at_1": _share(places == 0),
        "at_10": _share(places < _AMONG),
        "first": int((places == 0).sum()),
    }
    return Measured(len(postings), metrics, misses)


def _alike(data: Path, codes: dict[str, set[str]]) -> Measured:
    """Score by the mean of the average precision of one title in fourteen."""
    titles = list(codes)
    numbers: dict[str, int] = {}
    for code in (code for some in codes.values() for code in some):
        numbers.setdefault(code, len(numbers))
    has = np.zeros((len(titles), len(numbers)), bool)
    for row, title in enumerate(titles):
        has[row, [numbers[code] for code in codes[title]]] = True
    held = titles_of(titles, esco(data / _OCCUPATIONS))
    found, misses = [], []
    for row in range(0, len(titles), _EVERY):
        right = np.any(has[:, has[row]], axis=1)
        others = np.argsort(-title_likeness(titles[row], held), kind="stable")
        others = others[others != row]
        if right.sum() > 1:
            hits = right[others]
            found.append(_average_precision(hits))
            if not hits[0]:
                misses.append(Miss(titles[row], "same occupation", titles[int(others[0])]))
    metrics = {"map": _share(np.array(found)), "titles": len(titles), "first_wrong": len(misses)}
    return Measured(len(found), metrics, misses)


def _average_precision(hits: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    places = np.flatnonzero(hits) + 1
    return float((np.arange(1, len(places) + 1) / places).mean())


def _share(values: np.ndarray[tuple[int], np.dtype[np.floating | np.bool_]]) -> float:
    return round(float(values.mean()), 4) if len(values) else 0.0
