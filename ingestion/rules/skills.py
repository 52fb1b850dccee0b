"""Skills: the terms of our list found in a text, each with the span that proves it."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation

from ingestion.rules.skills_seed import Term, terms
from ingestion.rules.texts import FOLDING, clean_line

MAX_SKILLS: Final = 40
MAX_SKILL_NAME: Final = 80
MAX_SEARCHED: Final = 60_000
_NEAR: Final = 70
_PLURAL_FROM: Final = 5

# All that parts words is one space, so "full-stack" and "full stack" are one term; what belongs
# to a name (C++, C#, .NET, R&D) stays.
_PARTING = "\t\n\r!\"$%'()*,-/:;<=>?@[\\]^_`{|}~‐‑‒–—―‘’‚“”„†‡•‣…‹›«»·¡¿°©®™§¶※▪■□●○◦★☆→\u00a0\u2002\u2003\u2009\u202f\u3000"
_READING: Final = {**FOLDING, **{ord(mark): " " for mark in _PARTING}}


@dataclass(frozen=True, slots=True)
class Found:
    """Hold one skill of a text: its name in our list and the span text[start:end] that says it."""

    name: str
    start: int
    end: int


def _read(text: str) -> str:
    """Return the text as terms are compared, character by character at its old offset."""
    low = text.translate(_READING).lower()
    return low if len(low) == len(text) else "".join(c.lower()[:1] or " " for c in text)


def _term_key(text: str) -> str:
    return " ".join(_read(text).split())


def _by_key() -> dict[str, Term]:
    return {_term_key(term.surface): term for term in terms()}


_BY_KEY: Final = _by_key()
_TERMS: Final = tuple(_BY_KEY.values())
_TREE: Final = AhoCorasick(
    [f" {key}" for key in _BY_KEY], implementation=Implementation.ContiguousNFA
)

_LETTER_OF = re.compile(
    r"\b(?:vitamins?|hepatitis|plan|grade|class|category|cat|series|section|schedule|appendix|suite|floor|tier|level|type|group"
    r"|building|block|option|part|phase|team|unit|exhibit|article|title|zone|wing|room|gate|band|step|round|annex|form|tab|column)\s+$",
    re.IGNORECASE,
)
_STRONG_BEFORE = re.compile(
    r"(?:\b(?:experienced?|expertise|knowledge|proficien(?:t|cy)|skill(?:s|ed)?|familiar(?:ity)?|fluen(?:t|cy)|expert|background"
    r"|competen(?:t|ce|cy)|command|understanding|mastery|coding|programming|programs?|written|developed|built|building|developing"
    r"|development|code|work|working|scripting|certification|certified|training|user|users|literate|comfortable|ability)\b"
    r"[\w\s,]{0,18}?\b(?:in|with|of|using|on|to use)\s+(?:[a-z]+\s){0,1}?"
    r"|\b(?:microsoft|ms|office|google|adobe|apache|languages?|technologies|tech stack|stack|tools?|frameworks?|skills|software"
    r"|requirements|databases?|platforms?)\s*(?:\(|:|-|such as|like|including|include|e\.g\.,?|i\.e\.,?)*\s*)$",
    re.IGNORECASE,
)
_WEAK_BEFORE = re.compile(
    r"\b(?:in|with|using|use|uses|used|know|via|plus|write|writing|learn|senior|junior|lead|sr\.?|staff)\s+$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:\s+|-)(?:programming|programmers?|developers?|development|engineers?|engineering|languages?|framework|code(?:base)?|coding|backend"
    r"|back-end|microservices?|scripts?|scripting|librar(?:y|ies)|packages?|apps?\b|skills|experts?|proficiency|spreadsheets?|macros?"
    r"|formulas?|pivot|modell?ing|sdk|apis?\b|boot\b|cloud\b|routines|concurrency|based\b|lang\b|ecosystem|codebases?|templates|files"
    r"|reports?\b|functions?\b|dashboards?|knowledge|experience\b|required\b|preferred\b)",
    re.IGNORECASE,
)
_SENTENCE_AFTER = re.compile(
    r"(?:\s+|-)(?:the|to|above|beyond|ahead|live|through|out|at|your|a|an|extra|back|getters?|us|our|and (?:beyond|above)|20\d\d"
    r"|action|break|season|on|up|down|over|with us|home|further|deep|big|green|all|level|suite|executive|difficile|diff|section)\b",
    re.IGNORECASE,
)
_SURELY_SENTENCE = re.compile(
    r"\s+(?:the extra|extra|above|beyond|at\b|ahead|live\b)|-to\b|-getter|-live|-level|-suite|-section",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"\s?(?:[,/;|&•·+(]|,?\s(?:and|or|und|oder|et|y|&)\s|,\s?(?:and|or)\s|\)\s?,)\s?\(?"
)
_OWN_LINE = re.compile(r"\s?\n(?:- )?")
_LINE_END = re.compile(r"\s*(?:$|[\n,;/|)])")


@lru_cache(maxsize=512)
def find_skills(text: str) -> tuple[Found, ...]:
    """Return each skill once, where `text` says it first; longer terms beat those inside them.

    A term that is also an everyday word or a letter ("Go", "R", "Excel") counts only in its own
    spelling and among words that make it a skill: "excel at", "go the extra mile" and "vitamin C"
    are none.
    """
    text = text[:MAX_SEARCHED]
    chosen = _longest(text)
    sure = [not term.needs_context for term, _, _ in chosen]
    for order in (range(len(chosen)), range(len(chosen) - 1, -1, -1)):
        for n in order:
            sure[n] = sure[n] or _makes_sense(text, chosen, sure, n)
    first: dict[str, Found] = {}
    for (term, start, end), accepted in zip(chosen, sure, strict=True):
        if accepted and term.name not in first:
            first[term.name] = Found(term.name, start, end)
    return tuple(first.values())


def _longest(text: str) -> list[tuple[Term, int, int]]:
    """Return the terms in spelling and between word ends, left to right, none overlapping."""
    read = f" {_read(text)}  "
    hits = []
    for n, start, end in _TREE.find_matches_as_indexes(read, overlapping=True):
        term = _TERMS[n]
        if _ends(read, end, term) and (not term.exact or text[start : end - 1] == term.surface):
            hits.append((start, 1 - end, term))
    hits.sort(key=lambda hit: hit[:2])
    chosen, free_from = [], 0
    for start, minus_end, term in hits:
        if start >= free_from:
            free_from = -minus_end
            chosen.append((term, start, free_from))
    return chosen


def _ends(read: str, end: int, term: Term) -> bool:
    after = read[end]
    if after == " ":
        return True
    if after == ".":
        return not read[end + 1].isalnum()
    if after == "s" and not term.exact and len(term.surface) >= _PLURAL_FROM:
        return not read[end + 1].isalnum()
    return False


def _makes_sense(text: str, chosen: list[tuple[Term, int, int]], sure: list[bool], n: int) -> bool:
    """Say whether the words around an everyday word make it a skill."""
    term, start, end = chosen[n]
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    if _SURELY_SENTENCE.match(after) or _glued(text, start, end):
        return False
    if len(term.surface) == 1 and _LETTER_OF.search(before):
        return False
    if _STRONG_BEFORE.search(before):
        return True
    if _SENTENCE_AFTER.match(after):
        return False
    if not term.strict and (_AFTER.match(after) or _WEAK_BEFORE.search(before)):
        return True
    return _beside(text, chosen, sure, n)


def _glued(text: str, start: int, end: int) -> bool:
    """Say whether a hyphen or apostrophe makes the term a part of another word ("Go-to", "R's")."""
    glue = "-'’&"
    if start and text[start - 1] in glue and text[max(0, start - 2) : start - 1].isalnum():
        return True
    joined = text[end : end + 1] in tuple(glue) and text[end + 1 : end + 2].isalnum()
    return joined and not _AFTER.match(text, end)


def _beside(text: str, chosen: list[tuple[Term, int, int]], sure: list[bool], n: int) -> bool:
    """Say whether a sure skill stands next to it in a list."""
    _, start, end = chosen[n]
    gaps = []
    if n and sure[n - 1]:
        gaps.append(text[chosen[n - 1][2] : start])
    if n + 1 < len(chosen) and sure[n + 1]:
        gaps.append(text[end : chosen[n + 1][1]])
    own_line = bool(_LINE_END.match(text, end))
    return any(_LISTED.fullmatch(gap) or (own_line and _OWN_LINE.fullmatch(gap)) for gap in gaps)


@lru_cache(maxsize=8192)
def canonical_skill(name: str) -> str:
    """Return our name for a skill, or the given name cleaned when the list has none."""
    name = clean_line(name, MAX_SKILL_NAME).strip(" ,;.•-")
    term = _BY_KEY.get(_term_key(name))
    return term.name if term else name


def merge_skills(given: tuple[str, ...], found: tuple[Found, ...]) -> tuple[str, ...]:
    """Return the source's own skills first, then those found, each once, at most 40."""
    names: dict[str, str] = {}
    for name in [canonical_skill(name) for name in given[: MAX_SKILLS * 4]] + [
        f.name for f in found
    ]:
        if name:
            names.setdefault(name.casefold(), name)
    return tuple(names.values())[:MAX_SKILLS]
