"""Sets of skills: the tricky and the traps of our own, and spans that people marked."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from ingestion.rules.skills import SEED, find_skills, mentions
from ingestion.rules.skills_context import TECHNOLOGY
from ingestion.rules.skills_reading import BEYOND, matches_in, term_key

from .measuring import Measured, Miss, labels_scored, spans_scored

# How much better than the plain search ours has to be: ten points of F1.
_BEYOND_PLAIN: Final = 0.1
#: Start and end of each span found in a text.
Spans = set[tuple[int, int]]
#: A text with the spans that people marked in it.
Marked = tuple[str, Spans]


TRICKY: Final = (
    ("C, C++, C#, R, .NET, F# and Go", "C|C++|C#|R|.NET|F#|Go"),
    ("Languages: C, D, R", "C|D|R"),
    ("C/C++ firmware", "C|C++|Firmware"),
    ("ASP.NET, Node.js/.NET", "ASP.NET|Node.js|.NET"),
    ("C#/.NET/SQL", "C#|.NET|SQL"),
    ("(C++)", "C++"),
    ("Java/JavaScript", "Java|JavaScript"),
    ("You write C++.", "C++"),
    ("Objective-C and Swift for iOS", "Objective-C|Swift|iOS"),
    ("python, go, rust", "Python|Go|Rust"),
    ("Experience with R and SAS", "R|SAS"),
    ("We write our services in Go.", "Go"),
    ("Python (primary), SQL", "Python|SQL"),
    ("T-SQL, PL/SQL; SQL", "T-SQL|PL/SQL|SQL"),
    ("Vue.js|React.js|Next.js", "Vue.js|React|Next.js"),
    ("Proficient in Word, Excel and Outlook", "Microsoft Word|Excel|Microsoft Outlook"),
    ("Spring Boot, Hibernate", "Spring|Hibernate"),
    ("java spring hibernate sql", "Java|Spring|Hibernate|SQL"),
    ("sql, json, python", "SQL|JSON|Python"),
    ("psql", "PostgreSQL"),
    ("k8s & Docker", "Kubernetes|Docker"),
)
_TRAPS: Final = (
    "Go the extra mile|You go above and beyond|on the go|Go-to-market plan|Ready, set, go!|"
    "We excel at service|Excel at your craft|Excel in a busy kitchen|a plan D for rainy days|"
    "plan C or plan D|vitamin C|Vitamin D and vitamin C|Hepatitis C vaccine|C-level talks|C-suite|"
    "Series C funding|Category C licence|grade R pupils|R&D team|a swift answer|"
    "Swift action counts|"
    "Spring cleaning|next spring we move|Access to the building|word of mouth|a word with you|"
    "our teams zoom ahead|React to change|react quickly|a node in our network of friends|"
    "a rusty gate|rust on old ships|the ruby ring|a bootstrap budget|angular momentum of a wheel|"
    "a flask of tea|postman in the village|jest with guests|a cypress by the door|"
    "the oracle of Delphi|"
    "sparks fly|a hive of bees|slack in the rope|a maya temple|unity among crews|a lean horse|"
    "agile as a cat|waterfall hike on Sundays|a sketch of the garden|outlook over the fjord|"
    "platform of the train|scalable javanese|forgo the bonus|team R won|exhibit C"
)
_FORBIDDEN: Final = frozenset(
    "Go|Excel|C|D|R|Swift|Spring|Microsoft Access|Microsoft Word|Microsoft Teams|Zoom|React|"
    "Node.js|"
    "Rust|Ruby|Bootstrap|Angular|Flask|Postman|Jest|Cypress|Oracle|Oracle Database|Delphi|Spark|"
    "Apache Spark|Hive|Apache Hive|Slack|Maya|Unity|Lean|Agile|Waterfall|Sketch|Microsoft Outlook|"
    "Terraform|Scala|Java|Express.js".split("|")
)


def tricky(_data: Path) -> Measured:
    """Names that a plain search misreads, each text with all that it says."""
    right = found = wanted = 0
    misses = []
    for text, names in TRICKY:
        said = {one.name for one in find_skills(text)}
        told = set(names.split("|"))
        right, found, wanted = right + len(said & told), found + len(said), wanted + len(told)
        if said != told:
            misses.append(Miss(text, names, "|".join(sorted(said))))
    return Measured(len(TRICKY), spans_scored(right, found, wanted), misses)


def traps(_data: Path) -> Measured:
    """Everyday sentences in which a skill's name is none."""
    texts = _TRAPS.split("|")
    said = {text: _FORBIDDEN & {one.name for one in find_skills(text)} for text in texts}
    return labels_scored((text, "none", "|".join(sorted(said[text])) or "none") for text in texts)


def skillspan(data: Path) -> Measured:
    """Technology terms of SkillSpan's development sentences from technical postings."""
    return _technology(_skillspan(data / "skillspan" / "dev.json"))


def green(data: Path) -> Measured:
    """Technology terms among the entities that GREEN marks as skills."""
    return _technology(_green(data / "green-job-entities" / "df_testset.csv"))


def esco_benchmark(data: Path) -> Measured:
    """Technology terms of the sentences of the ESCO skill benchmark, technical half."""
    file = data / "esco-skill-extraction-benchmark" / "tech_validation_annotations.csv"
    return _technology(_annotations(file))


def _technology(marked: Iterable[Marked]) -> Measured:
    """Score exact spans of technology terms, ours and those of a plain dictionary search.

    Wanted are the marked spans that some spelling of a technology in our list is, so that all
    ways are asked the same; what nobody lists counts in `marked`.
    """
    texts = list(marked)
    ours = _scored(texts, _ours)
    plain = _scored(texts, _dictionary)
    metrics = ours.metrics | {f"dictionary_{k}": v for k, v in plain.metrics.items()}
    metrics["marked"] = sum(len(spans) for _, spans in texts)
    metrics |= _astray(texts)
    bars = {"f1": round(plain.metrics["f1"] + _BEYOND_PLAIN, 4)}
    return Measured(len(texts), metrics, ours.misses, bars)


def _scored(texts: list[Marked], find: Callable[[str], Spans]) -> Measured:
    right = found = wanted = 0
    misses = []
    for text, marked in texts:
        listed = {span for span in marked if _is_technology(text[slice(*span)])}
        said = find(text)
        right, found, wanted = right + len(said & listed), found + len(said), wanted + len(listed)
        misses += [Miss(text, "skill", text[slice(*span)]) for span in listed - said]
        misses += [Miss(text, "none", text[slice(*span)]) for span in said - marked]
    return Measured(len(texts), spans_scored(right, found, wanted), misses)


def _astray(texts: list[Marked]) -> dict[str, int]:
    """Count our wrong spans by why: part of a longer marked one, or of a text without any mark."""
    inside = unmarked = 0
    for text, marked in texts:
        for start, end in _ours(text) - marked:
            inside += any(first <= start and end <= last for first, last in marked)
            unmarked += not marked
    return {"wrong_inside_marked": inside, "wrong_in_unmarked_text": unmarked}


def _is_technology(words: str) -> bool:
    term = SEED.by_key.get(term_key(words))
    return term is not None and term.group in TECHNOLOGY


def _ours(text: str) -> Spans:
    return {(start, end) for term, start, end in mentions(text) if term.group in TECHNOLOGY}


def _dictionary(text: str) -> Spans:
    """Find the same spellings between word ends without a second look, as a plain matcher does."""
    ways = SEED.ways
    return {
        (start, after - BEYOND)
        for n, start, after in matches_in(text, SEED)
        if ways[n].group in TECHNOLOGY
    }


def _skillspan(file: Path) -> Iterator[Marked]:
    for line in file.read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["source"] == "tech":
            yield _joined(row["tokens"], row["tags_knowledge"])


def _green(file: Path) -> Iterator[Marked]:
    with file.open(encoding="utf-8", newline="") as lines:
        for _, rows in groupby(csv.DictReader(lines), key=lambda row: row["sentence_id"]):
            words = list(rows)
            tags = [row["tag"] if row["tag"].endswith("Skill") else "O" for row in words]
            yield _joined([row["word"] for row in words], tags)


def _joined(tokens: list[str], tags: list[str]) -> Marked:
    """Return the tokens as one text, and the marked runs as spans of it."""
    spans: list[tuple[int, int]] = []
    at = 0
    for token, tag in zip(tokens, tags, strict=True):
        end = at + len(token)
        if tag[0] == "B":
            spans.append((at, end))
        elif tag[0] == "I" and spans:
            spans[-1] = (spans[-1][0], end)
        at = end + 1
    text = " ".join(tokens)
    return text, {_trimmed(text, *span) for span in spans}


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out the brackets and stops that a set marks with a word."""
    words = text[start:end]
    left = len(words) - len(words.lstrip(" (,;:"))
    return start + left, end - (len(words) - len(words.rstrip(" ).,;:!?")))


def _annotations(file: Path) -> Iterator[Marked]:
    with file.open(encoding="utf-8", newline="") as lines:
        for text, rows in groupby(csv.DictReader(lines), key=lambda row: row["sentence"]):
            words = {row["sub_span"] or row["span"] for row in rows}
            spans = {
                found.span()
                for word in words
                if word
                for found in re.finditer(re.escape(word), text)
            }
            yield text, spans
