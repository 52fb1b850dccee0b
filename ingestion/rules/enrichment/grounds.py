"""Which of a provider's claims have grounds in the posting, and which are safe to accept unread.

A claim without grounds is dropped, whoever made it. Safe is what our own rules read in the same
words and what replaces nothing that the posting's owner stated.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ingestion.rules import kinds, places, salaries
from ingestion.rules.enrichment import offline
from ingestion.rules.enrichment.prompts import MAX_SKILLS, SYSTEM
from ingestion.rules.enrichment.views import JobView, Shown, redact, visible
from ingestion.rules.gazetteer import Place
from ingestion.rules.salaries import Salary, Stated
from ingestion.rules.skills import MAX_SKILLS as MOST_OF_A_JOB
from ingestion.rules.skills import find_skills
from ingestion.rules.texts import comparable, words_of

MAX_TITLE: Final = 150
MAX_SKILL: Final = 60
MAX_SKILL_WORDS: Final = 5
MAX_EVIDENCE: Final = 300
LEAST_SURE: Final = 0.2
_LEAK: Final = 6  # words in a row of what a provider was told
_TAGS: Final = re.compile(r"<[^<>]{0,500}>")
_OUTWARD: Final = re.compile(r"https?:|www\.|\]\s?\(|!\[|data:|javascript:", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_MONEY: Final = re.compile(
    r"[$€£¥₹]|\b(?:usd|eur|gbp|chf|salary|per hour|per year)\b", re.IGNORECASE
)
Read = tuple[dict[str, Any], bool]  # new values of columns, and whether they are safe


@dataclass(frozen=True, slots=True)
class Proposal:
    """Hold a suggestion with grounds: columns with what they hold, and with what they would.

    Of `skills` the value holds those that are added.
    """

    field: str
    original: dict[str, Any]
    value: dict[str, Any]
    evidence: str
    confidence: float
    is_safe: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """Hold a value and the words of the posting that are said to support it, both cleaned."""

    value: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Looked:
    """Hold what is asked about a claim: the job, what was shown of it, and our own reading."""

    view: JobView
    shown: Shown
    ours: dict[str, Any]

    def says(self, words: str) -> bool:
        """Whether the posting has these words in a row."""
        asked = words_of(words)
        return bool(asked) and f" {asked} " in f" {words_of(self.shown.whole)} "


def proposals(
    view: JobView, shown: Shown, values: dict[str, Any], reference: str
) -> tuple[list[Proposal], int]:
    """Return the suggestions of an answer that have grounds, and how many claims had none.

    `values` has the agreed shape. An answer with another reference is about something else: none
    of it counts.
    """
    claims = list(_claims(values))
    if values["reference"] != reference:
        return [], len(claims)
    sure = min(max(float(values["confidence"]), 0.0), 1.0)
    if sure < LEAST_SURE:
        return [], len(claims)
    looked = Looked(view, shown, offline.answer(view))
    found: list[Proposal] = []
    dropped = 0
    for field, claim in claims:
        said = Claim(_clean(claim["value"]), _clean(claim["evidence"]))
        read = _read(looked, field, said, reference)
        if read is None:
            dropped += 1
        elif read[0]:
            columns, is_safe = read
            original = {name: _held(view, name) for name in columns}
            words = said.evidence[:MAX_EVIDENCE]
            found.append(Proposal(field, original, columns, words, sure, is_safe))
    skills, without = _skills(looked, values["skills"], sure, reference)
    return [*found, *skills], dropped + without


def _claims(values: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for field in READERS:
        if values[field] is not None:
            yield field, values[field]


def _clean(text: str) -> str:
    """Return a provider's words as one plain line."""
    return " ".join(_TAGS.sub(" ", visible(text, 600)).split())


def _read(looked: Looked, field: str, claim: Claim, reference: str) -> Read | None:
    """Return what a claim would change, {} for nothing new, None where it has no grounds."""
    told = f"{claim.value} {claim.evidence}"
    if not claim.value or leaks(told, reference) or _OUTWARD.search(claim.value):
        return None
    if not looked.says(claim.evidence):
        return None
    return READERS[field](looked, claim)


def leaks(text: str, reference: str) -> bool:
    """Whether words are of what the provider was told, not of the posting."""
    if reference and reference in text:
        return True
    words = comparable(text[:500]).split()
    told = f" {words_of(SYSTEM)} "
    runs = (" ".join(words[n : n + _LEAK]) for n in range(len(words) - _LEAK + 1))
    return any(f" {run} " in told for run in runs)


def _title(looked: Looked, claim: Claim) -> Read | None:
    value = claim.value
    known = set(words_of(looked.shown.whole).split())
    if len(value) > MAX_TITLE or not set(words_of(value).split()) <= known:
        return None
    if value == looked.view.title or redact(value) != value:
        return {}, False
    return {"title": value}, value == looked.ours["title"]["value"]


def _summary(looked: Looked, claim: Claim) -> Read | None:
    value, text = claim.value, looked.shown.whole
    numbers = set(_NUMBER.findall(value))
    invents = not numbers <= set(_NUMBER.findall(text))
    if invents or len(value) > offline.MAX_SUMMARY or redact(value) != value:
        return None
    if _MONEY.search(value) and not looked.says(value):
        return None
    if value == looked.view.summary:
        return {}, False
    literal = all(looked.says(one) and offline.is_telling(one) for one in offline.sentences(value))
    return {"summary": value}, literal and not looked.view.summary


def _word(column: str, read: Callable[[str], str]) -> "Reader":
    """Return the reader of a field that holds one of a few words, which `read` finds in words."""

    def reader(looked: Looked, claim: Claim) -> Read | None:
        value, held = claim.value, getattr(looked.view, column)
        ours = looked.ours[column]
        if value == held or read(claim.evidence) not in ("", value):
            return ({}, False) if value == held else None
        agreed = ours is not None and ours["value"] == value
        return {column: value}, agreed and not held

    return reader


def _location(looked: Looked, claim: Claim) -> Read | None:
    view = looked.view
    said = places.read_place(claim.evidence, view.country)
    meant = places.read_place(claim.value, view.country)
    same = (said.city, said.country) == (meant.city, meant.country)
    if not meant.city or not (same or (said.city == meant.city and not view.country)):
        return None
    if (meant.city, meant.country) == (view.city, view.country):
        return {}, False
    fills = not view.city and view.country in ("", meant.country)
    return _columns_of(meant), fills and same


def _columns_of(place: Place) -> dict[str, Any]:
    return {name: getattr(place, name) for name in ("city", "region", "country", "lat", "lon")}


def _salary(looked: Looked, claim: Claim) -> Read | None:
    """Return the pay that the quoted words say; what a provider makes of them does not count."""
    view, evidence = looked.view, claim.evidence
    if view.has_salary:
        return {}, False
    if not any(c.isdigit() for c in evidence) or not _literally(evidence, looked.shown.whole):
        return None
    pay, problem = salaries.read_salary(Stated(text=evidence, local=view.currency))
    if pay is None or problem or not pay.currency or not pay.period:
        return None
    found = salaries.find_salary(view.text[: offline.MAX_READ], local=view.currency)
    pay = _from_text(pay, evidence)
    agreed = found is not None and _amounts(found) == _amounts(pay)
    return salary_columns(pay), agreed


def _literally(words: str, text: str) -> bool:
    return " ".join(words.split()) in " ".join(text.split())


def _amounts(pay: Salary) -> tuple[Any, ...]:
    return pay.min_minor, pay.max_minor, pay.currency, pay.period


def _from_text(pay: Salary, words: str) -> Salary:
    return Salary.from_dict(pay.to_dict() | {"source": "text", "text": words})


def salary_columns(pay: Salary) -> dict[str, Any]:
    """Return the columns of a job that hold this pay."""
    return {
        "salary_min": pay.min_minor,
        "salary_max": pay.max_minor,
        "salary_currency": pay.currency,
        "salary_period": pay.period,
        "salary_annual_min": pay.annual_min_minor,
        "salary_annual_max": pay.annual_max_minor,
        "salary_source": pay.source,
        "salary_text": pay.text,
        "salary_confidence": pay.confidence,
    }


def _skills(
    looked: Looked, claims: list[dict[str, str]], sure: float, reference: str
) -> tuple[list[Proposal], int]:
    """Return what is added to the skills, the known and the new apart, and what has no grounds."""
    held = {comparable(name) for name in looked.view.skills}
    added: dict[bool, dict[str, str]] = {True: {}, False: {}}
    dropped = 0
    for claim in claims[: MOST_OF_A_JOB if looked.ours["skills"] == claims else MAX_SKILLS]:
        value = _clean(claim["value"])
        name, is_known = _known_skill(value)
        if not _is_skill(looked, value, name, reference):
            dropped += 1
        elif comparable(name) not in held:
            held.add(comparable(name))
            added[is_known][name] = _clean(claim["evidence"])[:MAX_SKILL]
    found = []
    room = MOST_OF_A_JOB - len(looked.view.skills)
    for is_known, field in ((True, "skills"), (False, "more_skills")):
        names = list(added[is_known])[: max(room, 0)]
        if names:
            words = ", ".join(added[is_known][name] for name in names)[:MAX_EVIDENCE]
            original = {"skills": list(looked.view.skills)}
            found.append(Proposal(field, original, {"skills": names}, words, sure, is_known))
    return found, dropped


def _known_skill(value: str) -> tuple[str, bool]:
    """Return our name of a skill and whether we know it: the whole value has to be its name."""
    hits = find_skills(f"Skills: {value}")
    whole = hits and hits[0].end - hits[0].start == len(value)
    return (hits[0].name, True) if whole else (value, False)


def _is_skill(looked: Looked, value: str, name: str, reference: str) -> bool:
    """Whether a text is the name of something that the posting names, as words of their own."""
    if not value or len(value) > MAX_SKILL or len(value.split()) > MAX_SKILL_WORDS:
        return False
    if leaks(value, reference) or _OUTWARD.search(value) or redact(value) != value:
        return False
    named = {comparable(one["value"]) for one in looked.ours["skills"]}
    return comparable(name) in named or _stands(value, looked.shown.whole)


def _stands(value: str, text: str) -> bool:
    """Whether the words stand in the text, with no letter or digit right beside them."""
    pattern = rf"(?<![^\W_]){re.escape(value)}(?![^\W_])"
    return re.search(pattern, text, re.IGNORECASE) is not None


def _held(view: JobView, column: str) -> Any:
    """Return what a column of the job holds; what a view does not know is empty."""
    if column in ("lat", "lon") or column.startswith("salary_"):
        return "" if column in _SALARY_WORDS else None
    return getattr(view, column)


_SALARY_WORDS: Final = frozenset(
    {"salary_currency", "salary_period", "salary_source", "salary_text"}
)
Reader = Callable[[Looked, Claim], Read | None]
READERS: Final[dict[str, Reader]] = {
    "title": _title,
    "summary": _summary,
    "seniority": _word("seniority", kinds.seniority_of_title),
    "employment_type": _word("employment_type", kinds.employment_type_of_title),
    "remote": _word("remote", kinds.remote_of_description),
    "location": _location,
    "salary": _salary,
}
