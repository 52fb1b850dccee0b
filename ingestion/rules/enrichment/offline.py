"""The provider without a model: our own rules, answering in the same shape as a model does.

It reads what the fields leave out but the posting's words say, and quotes the words.
"""

import re
from typing import Any, Final

from ingestion.rules import kinds, places, salaries
from ingestion.rules.enrichment.prompts import nothing
from ingestion.rules.enrichment.views import JobView
from ingestion.rules.skills import find_skills
from ingestion.rules.texts import comparable
from ingestion.rules.titles import clean_title

MODEL: Final = "rules"
VERSION: Final = "1"
MAX_SUMMARY: Final = 400
MAX_READ: Final = 20_000  # characters of a description
_SHORTEST: Final = 40  # characters of a sentence that says something
_MOST_SENTENCES: Final = 400
_DECORATION: Final = re.compile(
    r"[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff★☆✔✨•►»«|~_]+|[!?]{1,}|\*+|(?<!\w)#+(?=\s|$)|={2,}|-{2,}"
)
_HYPE: Final = re.compile(
    r"(?:^|(?<=[\s\-–—:,(\[]))(?:urgent(?:ly)?(?: (?:hiring|required|need(?:ed)?|requirement))?|"
    r"hiring now|now hiring|we(?:'|’)?re hiring|we are hiring|immediate(?:ly)? (?:start|joiners?|"
    r"hiring|opening|requirement)|apply (?:now|today)|join (?:us|our team)(?: now| today)?|"
    r"great (?:pay|benefits|opportunity)|sign[- ]on bonus|hot job|job alert|new (?:job|opening)|"
    r"(?:required|wanted|needed) (?:asap|urgently|immediately)|asap)(?=$|[\s\-–—:,.)\]])",
    re.IGNORECASE,
)
_WANTED: Final = re.compile(r"\s+(?:wanted|needed|required|gesucht)$", re.IGNORECASE)
_EMPTY: Final = re.compile(r"\(\s*\)|\[\s*\]")
_EDGES: Final = " \t-–—|,:;/*•·_."
_LEVEL: Final = re.compile(
    r"\b(?:looking for|seeking|hiring|searching for|search of|recruiting|join us as|position of|"
    r"role of|opening for|opportunity for|wanted:|suchen)\s+"
    r"(?:an?\s+|our\s+|the\s+|eine?n?\s+|talented\s+|experienced\s+|motivated\s+|new\s+){0,3}"
    r"((?:[\w+#./-]+[ \t]+){0,4}[\w+#./-]+)"
    r"|\b((?:entry|junior|mid|intermediate|senior|graduate|principal|executive)[- ]level)\b"
    r"(?=\s+(?:role|position|opportunity|job|hire|opening))",
    re.IGNORECASE,
)
_KIND: Final = re.compile(
    r"\b(full[- ]?time|part[- ]?time|temporary|seasonal|fixed[- ]term|contract|freelance|"
    r"internship|volunteer|per diem|vollzeit|teilzeit|temps plein|temps partiel)\b"
    r"(?=[, ]+(?:\w+[, ]+){0,2}(?:position|role|job|employment|basis|opportunity|stelle|"
    r"anstellung))"
    r"|\b(?:job|employment|contract|position) type\s*[:\-–]\s*([\w -]{3,30})",
    re.IGNORECASE,
)
_WHERE: Final = re.compile(
    r"^(?:[-•*]\s*)?(?:job |work |office )?(?:location|place of work|based in|standort|arbeitsort)"
    r"\s*[:\-–]\s*([^\n]{3,80})$",
    re.IGNORECASE | re.MULTILINE,
)
_SENTENCE: Final = re.compile(r"[^\n.!?]+(?:[.!?](?!\s|$)[^\n.!?]*)*[.!?]?")
_TELLING: Final = re.compile(
    r"\b(?:looking for|seeking|you will|you(?:'|’)ll|we need|responsib\w+|join|role|position|"
    r"work(?:ing)? (?:with|on|as)|design\w*|develop\w*|build\w*|manag\w+|lead\w*|support\w*|"
    r"maintain\w*|deliver\w*|suchen|aufgaben|verantwort\w+)\b",
    re.IGNORECASE,
)
_ABOUT_OTHERS: Final = re.compile(
    r"equal opportunit|regardless of|benefits|salary|compensation|401|insurance|apply|e-mail|"
    r"\bclick\b|http|@|founded in|our mission|\bwe offer\b|cookies?|privacy|ignore|instruction",
    re.IGNORECASE,
)


def answer(view: JobView, reference: str = "") -> dict[str, Any]:
    """Return what our rules suggest, each with the words that say it; sure of all of it."""
    text = view.text[:MAX_READ]
    found = nothing(reference)
    found["title"] = _claim(tidy_title(view.title), view.title)
    found["seniority"] = _level(view.title, text)
    found["employment_type"] = _employment(view.title, text)
    found["remote"] = _remote(view, text)
    found["location"] = _location(view, text)
    found["salary"] = _salary(view, text)
    found["summary"] = _summary(text)
    found["skills"] = [
        {"value": skill.name, "evidence": both[skill.start : skill.end]}
        for both in (f"{view.title}\n{text}",)
        for skill in find_skills(both)
    ]
    return found


def tidy_title(title: str) -> str:
    """Return a title without decoration and without words that call rather than name."""
    plain = _HYPE.sub(" ", _DECORATION.sub(" ", title))
    plain = _WANTED.sub("", " ".join(_EMPTY.sub(" ", plain).split()).strip(_EDGES))
    return clean_title(plain) if any(c.isalpha() for c in plain) else title


def _claim(value: str, evidence: str) -> dict[str, str] | None:
    return {"value": value, "evidence": evidence} if value else None


def _level(title: str, text: str) -> dict[str, str] | None:
    if level := kinds.seniority_of_title(title):
        return _claim(level, title)
    for found in _LEVEL.finditer(text):
        words = found[1] or found[2]
        if level := kinds.seniority("", words.replace("-level", "")):
            return _claim(level, found[0])
    return None


def _employment(title: str, text: str) -> dict[str, str] | None:
    if kind := kinds.employment_type_of_title(title):
        return _claim(kind, title)
    for found in _KIND.finditer(text):
        kind = kinds.employment_type(found[1] or found[2])
        if kind not in ("", "OTHER"):
            return _claim(kind, found[0])
    return None


def _remote(view: JobView, text: str) -> dict[str, str] | None:
    for line in (view.title, view.place):
        if word := kinds.remote_of_title(line):
            return _claim(word, line)
    word = kinds.remote_of_description(text)
    if not word:
        return None
    said = (s for s in sentences(text) if kinds.remote_of_description(s) == word)
    return _claim(word, next(said, ""))


def _location(view: JobView, text: str) -> dict[str, str] | None:
    """Return the place that a line of the description names, where the posting has no city."""
    if view.city:
        return None
    for words in (view.place, *(found[1] for found in _WHERE.finditer(text))):
        place = places.read_place(words, view.country)
        if place.city:
            parts = (place.city, place.region, place.country)
            return _claim(", ".join(part for part in parts if part), words.strip())
    return None


def _salary(view: JobView, text: str) -> dict[str, str] | None:
    if view.has_salary:
        return None
    pay = salaries.find_salary(text, local=view.currency)
    return _claim(pay.text, pay.text) if pay else None


def _summary(text: str) -> dict[str, str] | None:
    """Return the first sentences that say what the work is, as they stand."""
    chosen: list[str] = []
    for sentence in sentences(text):
        fits = len(" ".join([*chosen, sentence])) <= MAX_SUMMARY
        if fits and len(sentence) >= _SHORTEST and is_telling(sentence):
            chosen.append(sentence)
        if len(chosen) == 2:  # noqa: PLR2004 # a summary is short
            break
    return _claim(" ".join(chosen), " ".join(chosen))


def is_telling(sentence: str) -> bool:
    """Whether a sentence speaks of the work, not of the employer, the pay or the reader."""
    return bool(_TELLING.search(sentence)) and not _ABOUT_OTHERS.search(sentence)


def sentences(text: str) -> list[str]:
    """Return the sentences of the beginning of a text, each as it stands."""
    found = (match[0].strip(" \t-•*") for match in _SENTENCE.finditer(text))
    return [one for one, _ in zip(found, range(_MOST_SENTENCES), strict=False) if comparable(one)]
