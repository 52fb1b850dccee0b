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
_MOST_HITS: Final = 2_000
_PLURAL_FROM: Final = 5

# All that parts words is one space, so "full-stack" and "full stack" are one term; what belongs
# to a name (C++, C#, .NET, R&D) stays.
_PARTING: Final = "\t\n\r!\"$%'()*,-/:;<=>?@[\\]^_`{|}~"
_READING: Final = str.maketrans(dict.fromkeys(_PARTING, " "))
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Found:
    """Hold one skill of a text: its name in our list and the span text[start:end] that says it."""

    name: str
    start: int
    end: int


def _read(text: str) -> str:
    """Return the text as terms are compared, character by character at its old offset."""
    if not text.isascii():
        text = _BEYOND_ASCII.sub(_plain, text)
    return text.translate(_READING).lower() if text.isascii() else _read_slowly(text)


def _plain(match: re.Match[str]) -> str:
    """Return the base of an accented letter, other letters unchanged, a space for the rest."""
    mark = match[0]
    return FOLDING.get(mark) or (mark if mark.isalnum() else " ")


def _read_slowly(text: str) -> str:
    spaced = "".join(" " if c in _PARTING else c for c in text)
    low = spaced.lower()
    return low if len(low) == len(text) else "".join(c.lower()[:1] for c in spaced)


def _term_key(text: str) -> str:
    return " ".join(_read(text).split())


def _by_key() -> dict[str, Term]:
    return {_term_key(term.surface): term for term in terms()}


_BY_KEY: Final = _by_key()
_TERMS: Final = tuple(_BY_KEY.values())
_TREE: Final = AhoCorasick([f" {key}" for key in _BY_KEY], implementation=Implementation.DFA)

#: A term with the start and end of where it was found.
Hit = tuple[Term, int, int]

_LETTER_OF = re.compile(
    r"\b(?:vitamins?|hepatitis|plan|grade|class|category|cat|series|section|schedule|"
    r"appendix|suite|floor|tier|level|type|group"
    r"|building|block|option|part|phase|team|unit|exhibit|article|title|zone|wing|room|"
    r"gate|band|step|round|annex|form|tab|column)\s+$",
    re.IGNORECASE,
)
_STRONG_BEFORE = re.compile(
    r"(?:\b(?:experienced?|expertise|knowledge|proficien(?:t|cy)|skill(?:s|ed)?|"
    r"familiar(?:ity)?|fluen(?:t|cy)|expert|background"
    r"|competen(?:t|ce|cy)|command|understanding|mastery|coding|programming|programs?|"
    r"written|developed|built|building|developing"
    r"|development|code|work|working|scripting|certification|certified|training|user|"
    r"users|literate|comfortable|ability)\b"
    r"[\w\s,]{0,18}?\b(?:in|with|of|using|on|to use)\s+(?:[a-z]+\s){0,1}?"
    r"|\b(?:microsoft|ms|office|google|adobe|apache|languages?|technologies|tech stack|"
    r"stack|tools?|frameworks?|skills|software"
    r"|requirements|databases?|platforms?)\s*(?:\(|:|-|such as|like|including|include|"
    r"e\.g\.,?|i\.e\.,?)*\s*)$",
    re.IGNORECASE,
)
_WEAK_BEFORE = re.compile(
    r"\b(?:in|with|using|use|uses|used|know|via|plus|write|writing|learn|senior|junior|"
    r"lead|sr\.?|staff)\s+$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:\s+|-)(?:programming|programmers?|developers?|development|engineers?|engineering|"
    r"languages?|framework|code(?:base)?|coding|backend"
    r"|back-end|microservices?|scripts?|scripting|librar(?:y|ies)|packages?|apps?\b|"
    r"skills|experts?|proficiency|spreadsheets?|macros?"
    r"|formulas?|pivot|modell?ing|sdk|apis?\b|boot\b|cloud\b|routines|concurrency|based\b|"
    r"lang\b|ecosystem|codebases?|templates|files"
    r"|reports?\b|functions?\b|dashboards?|knowledge|experience\b|required\b|preferred\b)",
    re.IGNORECASE,
)
_SKILL_AFTER = re.compile(
    r"(?:\s+|-)(?:skills|proficiency|spreadsheets?|knowledge|experience|macros?|formulas?|pivot)\b",
    re.IGNORECASE,
)
_ITEM_END = re.compile(r"\s*(?:$|[,;/|•\n)])")
_SENTENCE_AFTER = re.compile(
    r"(?:\s+|-)(?:the|to|above|beyond|ahead|live|through|out|at|your|a|an|extra|back|"
    r"getters?|us|our|and (?:beyond|above)|20\d\d"
    r"|action|break|season|on|up|down|over|with us|home|further|deep|big|green|all|level|"
    r"suite|executive|difficile|diff|section)\b",
    re.IGNORECASE,
)
_SURELY_SENTENCE = re.compile(
    r"\s+(?:the extra|extra|above|beyond|at\b|ahead|live\b)|-to\b|-getter|-live|-level|"
    r"-suite|-section",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"\s?(?:[,/;|&•·+(]|,?\s(?:and|or|und|oder|et|y|&)\s|,\s?(?:and|or)\s|\)\s?,)\s?\(?"
)
_COMMA = re.compile(r"\s?[,/|]\s?")
_MOST_BETWEEN: Final = 12
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
    verdicts = [_verdict(text, hit) if hit[0].needs_context else True for hit in chosen]
    sure = [verdict is True for verdict in verdicts]
    asked = [n for n, verdict in enumerate(verdicts) if verdict is None]
    for n in (*asked, *reversed(asked)):
        sure[n] = sure[n] or _beside(text, chosen, sure, n)
    first: dict[str, Found] = {}
    for (term, start, end), accepted in zip(chosen, sure, strict=True):
        if accepted and term.name not in first:
            first[term.name] = Found(term.name, start, end)
    return tuple(first.values())


def _longest(text: str) -> list[Hit]:
    """Return the terms in spelling and between word ends, left to right, none overlapping."""
    read = f" {_read(text)}  "
    hits = []
    for n, start, end in _TREE.find_matches_as_indexes(read, overlapping=True):
        term = _TERMS[n]
        if (read[end] == " " or _ends(read, end, term)) and _spelt(text[start : end - 1], term):
            hits.append((start, 1 - end, n))
            if len(hits) >= _MOST_HITS:
                break
    hits.sort()
    chosen, free_from = [], 0
    for start, minus_end, n in hits:
        if start >= free_from:
            free_from = -minus_end
            chosen.append((_TERMS[n], start, free_from))
    return chosen


def _ends(read: str, end: int, term: Term) -> bool:
    """Say whether a full stop or the s of a plural ends the word."""
    after = read[end]
    ends = after == "." or (after == "s" and not term.exact and len(term.surface) >= _PLURAL_FROM)
    return ends and not read[end + 1].isalnum()


def _spelt(written: str, term: Term) -> bool:
    """Say whether the spelling may pass: an everyday word also in lower case, for lists of it."""
    if not term.exact or written == term.surface:
        return True
    return term.needs_context and written.islower()


def _verdict(text: str, hit: Hit) -> bool | None:
    """Say whether the words around make an everyday word a skill; None: its neighbours tell."""
    term, start, end = hit
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    is_letter = len(term.surface) == 1 and _LETTER_OF.search(before)
    if is_letter or _SURELY_SENTENCE.match(after) or _glued(text, start, end):
        return False
    if text[start:end] != term.surface:
        return None if _ITEM_END.match(after) else False
    if _STRONG_BEFORE.search(before) or _SKILL_AFTER.match(after):
        return True
    if _SENTENCE_AFTER.match(after):
        return False
    loose = not term.strict and (_AFTER.match(after) or _WEAK_BEFORE.search(before))
    return True if loose else None


def _glued(text: str, start: int, end: int) -> bool:
    """Say whether a hyphen or apostrophe makes the term a part of another word ("Go-to", "R's")."""
    glue = "-'’&"
    if start and text[start - 1] in glue and text[max(0, start - 2) : start - 1].isalnum():
        return True
    joined = text[end : end + 1] in tuple(glue) and text[end + 1 : end + 2].isalnum()
    return joined and not _AFTER.match(text, end)


def _beside(text: str, chosen: list[Hit], sure: list[bool], n: int) -> bool:
    """Say whether a sure skill, or another such word, stands beside it in a list."""
    _, start, end = chosen[n]
    own_line = bool(_LINE_END.match(text, end))
    for other, gap in (
        (n - 1, slice(chosen[n - 1][2], start) if n else None),
        (n + 1, slice(end, chosen[n + 1][1]) if n + 1 < len(chosen) else None),
    ):
        between = text[gap] if gap else ""
        if not between or len(between) > _MOST_BETWEEN:
            continue
        if sure[other]:
            if _LISTED.fullmatch(between) or (own_line and _OWN_LINE.fullmatch(between)):
                return True
        elif _COMMA.fullmatch(between) and _is_word(text, chosen[n], chosen[other]):
            return True
    return False


def _is_word(text: str, *hits: Hit) -> bool:
    return all(len(term.surface) > 1 and text[a:b] == term.surface for term, a, b in hits)


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
