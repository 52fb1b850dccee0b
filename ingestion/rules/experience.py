"""Experience: how many months a posting asks for, or nothing where it does not say."""

import re
from itertools import islice
from typing import Final

from ingestion.rules.hints import Hints
from ingestion.rules.texts import fold, folded, has_digit

MAX_SEARCHED: Final = 60_000
MOST_YEARS: Final = 25
_MAX_FIELD: Final = 200
_MOST_HITS: Final = 30
_MONTHS: Final = 12
_AROUND: Final = 60

_SPELT: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15,
    "ein": 1, "einem": 1, "zwei": 2, "drei": 3, "vier": 4, "funf": 5,
}  # fmt: skip
_NUMBER = rf"(?:\d{{1,2}}(?:[.,]5)?|{'|'.join(_SPELT)})"
_UNIT = (
    r"(?:(?P<months>months?|monate?n?|mois|meses|mesi|maanden)"
    r"|years?|yrs?\.?|jahre?n?|ans?|annees|anos|anni|jaar|ars?|vuotta|lata?|lat|let)"
)
_TERM = re.compile(
    rf"(?<![\w.,$€£-])(?P<low>{_NUMBER})\s?(?:\(\d{{1,2}}\)\s?)?(?P<plus>\+|plus\b|or more\b)?\s?"
    rf"(?:(?:-|–|—|to|bis|a|à|or|oder|/)\s?(?P<high>{_NUMBER})\s?\+?\s?(?:\(\d{{1,2}}\)\s?)?)?[- ]?"
    rf"(?:or more |full |volle? )?{_UNIT}(?P<of>'|’s|'s)?(?!\w)"
)
_EXPERIENCE = (
    r"(?:experience\w*|exp\b|erfahrung\w*|berufserfahrung|berufspraxis|praxiserfahrung|"
    r"d'experience|experiencia|esperienza|ervaring|erfaring\w*|erfarenhet|kokemus\w*|doswiadczeni\w*|"
    r"praxe|track record)"
)
_AFTER = re.compile(
    rf"(?:[^.;!?\n\d]{{0,{_AROUND}}}?)\b{_EXPERIENCE}"
    r"|\s(?:in a similar|in an? [a-z]+ (?:role|position)|as an? [a-z]+|working (?:with|in|as))\b"
)
_OPEN_AFTER = re.compile(
    r" (?:of|in|as|with|building|designing|developing|working|[a-z]{3,12}ing)\b"
)
_LEAST_BEFORE = re.compile(r"(?:at least|minimum(?: of)?|mindestens|mind\.)\s?$")
_BEFORE = re.compile(
    rf"\b{_EXPERIENCE}\b[^.;!?\n\d]{{0,30}}$|\b(?:mindestens|minimum)[^.;!?\n\d]{{0,12}}$"
)
# The employer's years, a contract's, an age and a guarantee are no demand.
_OTHERS_BEFORE = re.compile(
    r"\b(?:we|our|company|founded|has been|have been|team|firm|history|business for|with over|"
    r"for over|over the (?:past|last)|in the (?:past|last|next)|past|last|next|within|first|every|"
    r"age\w*|spent|wir|unser\w*|seit|depuis|contract|initial|fixed|within|combined|collective|together)"
    r"\b[^.;!?\n]{0,40}$"
)
_OTHERS_AFTER = re.compile(
    r"\s?(?:old\b|of age|contract|fixed|term\b|warranty|vesting|"
    r"of (?:growth|history|service|combined)|in business|ago|in a row|later|degree|college|"
    r"plan\b|of our|of collective)"
)
_WISHED = re.compile(
    r"\b(?:prefer\w*|plus|nice[- ]to[- ]have|desir\w+|ideal\w*|advantage\w*|bonus|asset|"
    r"von vorteil|wunschenswert|idealerweise)\b"
)
_HINTS: Final = Hints(("year", "yr", "jahr", "month", "monat"), before=50, after=10)
# Words too short to look for, unless a number stands before them.
_ELSEWHERE = re.compile(
    r"\d\s?\+?\s?(?:ans?|annees|anos|anni|jaar|ars?|vuotta|lata?|let|mois|meses|mesi|maanden)\b"
)
_NONE_HINTS: Final = (
    "no experience",
    "no prior",
    "no previous",
    "no work exp",
    "nce not",
    "nce is not",
    "keine ",
)
_NONE = re.compile(
    r"\b(?:no (?:prior |previous |work )?experience (?:is )?(?:needed|required|necessary)|"
    r"no experience necessary|keine (?:berufs)?erfahrung (?:notig|erforderlich)|"
    r"experience (?:is )?not (?:required|necessary|needed))\b"
)


def months_of_field(text: str, *, in_months: bool = False) -> int | None:
    """Return the months that an explicit field asks for; a bare number is years unless told."""
    words = fold(text[:_MAX_FIELD]).strip()
    if words.removesuffix(".0").isdecimal():
        number = int(words.removesuffix(".0"))
        months = number if in_months else number * _MONTHS
        return months if months <= MOST_YEARS * _MONTHS else None
    term = _TERM.search(words)
    if term:
        return _months(term)
    return 0 if _NONE.search(words) else None


def find_experience(text: str) -> int | None:
    """Return the months of experience that a description requires, None where it says none.

    The lower end of a range counts, in one sentence the lowest of several ways in, and of several
    sentences the one that asks for most. What is only wished for does not count.
    """
    low = folded(text[:MAX_SEARCHED])
    asked: dict[int, int] = {}
    for begin, end in list(_HINTS.spans(low)) or _elsewhere(low):
        if not _has_number(low[begin:end]):
            continue
        for term in _TERM.finditer(low, begin, end):
            months = _months(term)
            if months and _is_asked(low, term):
                start = max(low.rfind(mark, 0, term.start()) for mark in (". ", "\n", "; "))
                asked[start] = min(asked.get(start, months), months)
    return max(asked.values()) if asked else _none_asked(low)


def _has_number(words: str) -> bool:
    return has_digit(words) or any(number in words for number in _SPELT)


def _elsewhere(low: str) -> list[tuple[int, int]]:
    """Return where a number stands before a word for years that is too short to look for."""
    if not has_digit(low):
        return []
    hits = islice(_ELSEWHERE.finditer(low), _MOST_HITS)
    return [(max(0, hit.start() - 10), hit.end()) for hit in hits]


def _none_asked(low: str) -> int | None:
    """Return 0 where the text says that no experience is needed."""
    if "experience" not in low and "erfahrung" not in low:
        return None
    said = any(word in low for word in _NONE_HINTS) and _NONE.search(low)
    return 0 if said else None


def _months(term: re.Match[str]) -> int | None:
    number = _value(term["low"])
    if number > MOST_YEARS and not term["months"]:
        return None
    return round(number * (1 if term["months"] else _MONTHS))


def _value(text: str) -> float:
    return float(_SPELT[text]) if text in _SPELT else float(text.replace(",", "."))


def _is_asked(low: str, term: re.Match[str]) -> bool:
    before = low[max(0, term.start() - _AROUND) : term.start()]
    before = re.split(r"[.;!?\n]", before)[-1]
    after = re.split(r"\.\s|[;!?\n]", low[term.end() : term.end() + 2 * _AROUND], maxsplit=1)[0]
    if _OTHERS_AFTER.match(after) or _OTHERS_BEFORE.search(before):
        return False
    if _WISHED.search(before) or _WISHED.search(after):
        return False
    if _AFTER.match(after) or _BEFORE.search(before):
        return True
    least = term["plus"] or _LEAST_BEFORE.search(before)
    return bool(least and _OPEN_AFTER.match(after))
