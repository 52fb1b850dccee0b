"""Context: whether a word that is also an everyday word or a letter is a skill where it stands."""

import re
from typing import Final

from ingestion.rules.skills_reading import Hit

#: Groups of our list whose terms are names of technology.
TECHNOLOGY: Final = frozenset(
    "programming web mobile quality data ai cloud network security enterprise".split()
)
_NEAR: Final = 70
_MOST_HITS: Final = 2_000

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


def sure_hits(text: str, hits: list[Hit]) -> list[Hit]:
    """Return those hits that are skills; only an everyday word ("Go", "Excel") has to show it.

    It counts in its own spelling and among words that make it a skill, or beside a sure skill in a
    list: "excel at", "go the extra mile" and "vitamin C" are none.
    """
    hits = hits[:_MOST_HITS]
    verdicts = [_verdict(text, hit) if hit[0].exact else True for hit in hits]
    sure = [verdict is True for verdict in verdicts]
    asked = [n for n, verdict in enumerate(verdicts) if verdict is None]
    for n in (*asked, *reversed(asked)):
        sure[n] = sure[n] or _beside(text, hits, sure, n)
    return [hit for hit, is_sure in zip(hits, sure, strict=True) if is_sure]


def _verdict(text: str, hit: Hit) -> bool | None:
    """Say whether a term that must be spelt so is a skill; None: its neighbours tell."""
    term, start, end = hit
    is_spelt = text[start:end] == term.surface
    if term.needs_context:
        return _in_context(text, hit, is_spelt=is_spelt)
    return is_spelt or _in_low_list(text, start, end)


def _in_context(text: str, hit: Hit, *, is_spelt: bool) -> bool | None:
    """Say whether the words around make an everyday word a skill; None: its neighbours tell."""
    term, start, end = hit
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    is_letter = len(term.surface) == 1 and _LETTER_OF.search(before)
    if is_letter or _SURELY_SENTENCE.match(after) or _glued(text, start, end):
        return False
    if not is_spelt:
        return _in_low_list(text, start, end)
    if _STRONG_BEFORE.search(before) or _SKILL_AFTER.match(after):
        return True
    if _SENTENCE_AFTER.match(after):
        return False
    loose = not term.strict and (_AFTER.match(after) or _WEAK_BEFORE.search(before))
    return True if loose else None


def _in_low_list(text: str, start: int, end: int) -> bool | None:
    """Say that a term in lower case is none, or that its neighbours in a list may tell."""
    is_low = text[start:end].islower()
    return None if is_low and (_ITEM_END.match(text, end) or text[end : end + 1] == " ") else False


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
        if between == " " and _is_tag(text, chosen, n, other, sure):
            return True
        if sure[other]:
            if _LISTED.fullmatch(between) or (own_line and _OWN_LINE.fullmatch(between)):
                return True
        elif _COMMA.fullmatch(between) and _is_word(text, chosen[n], chosen[other]):
            return True
    return False


def _is_tag(text: str, chosen: list[Hit], n: int, other: int, sure: list[bool]) -> bool:
    """Say whether technologies stand side by side with nothing between, as in a line of tags.

    One in lower case has another, or the end of its line, on its other side too.
    """
    term, start, end = chosen[n]
    if not sure[other] or {term.group, chosen[other][0].group} - TECHNOLOGY:
        return False
    if text[start:end] == term.surface and len(term.surface) > 1:
        return not _SENTENCE_AFTER.match(text, end)
    beyond = n + 1 if other < n else n - 1
    if other > n:
        return n == 0 or text[chosen[beyond][2] : start] == " " or text[:start].endswith("\n")
    next_start = chosen[beyond][1] if beyond < len(chosen) else -1
    return bool(_LINE_END.match(text, end)) or next_start == end + 1


def _is_word(text: str, *hits: Hit) -> bool:
    return all(len(term.surface) > 1 and text[a:b] == term.surface for term, a, b in hits)
