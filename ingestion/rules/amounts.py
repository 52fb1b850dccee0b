"""Amounts of money in a short text: numbers with their marks, ends of a range, period words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from ingestion.rules.currencies import CODES, SYMBOLS

MAX_AMOUNT_TEXT: Final = 300
_DECIMAL_DIGITS: Final = 2
_GROUP: Final = 3

_MARKS = "|".join(
    rf"(?<![a-z]){re.escape(mark)}(?![a-z])" if mark[0].isalpha() else re.escape(mark)
    for mark in sorted(SYMBOLS, key=len, reverse=True)
)
_ISO = "|".join(sorted(CODES))
_MARK = rf"(?<![a-z])(?:{_ISO})(?![a-z])|{_MARKS}"
_NUMBER = (
    r"\d{1,3}(?:[ \u00a0\u202f\u2009'’]\d{3}){1,4}(?:[.,]\d{1,2})?(?!\d)|"
    r"\d{1,12}(?:[.,]\d{1,12}){0,5}"
)
_TIMES = (
    r"(?:k|thousand|tsd\.?|tys\.?|mio\.?|mn|m|million|lakhs?|lacs?|lpa|l|crores?|cr|bn|billion)"
    rf"(?![^\W\d_])|k(?=(?:{_ISO})(?![a-z]))|teur|t(?=\s?€)|tri[ệe]u|[万萬만]"
)
_NUMBERS = re.compile(rf"(?<![\d.,])(?:{_NUMBER})")
_MARKED = re.compile(
    rf"({_MARK}|(?<![a-z])r(?=\s?$))\s?({_MARK})?\s{{0,2}}([-−])?[~≈]?$", re.IGNORECASE
)
_FOLLOWING = re.compile(
    rf"(?:\s?(?P<times>{_TIMES}))?(?:[,.][-–])?(?P<plus>\+(?!\s?\d)|\s\+(?=\s*$))?"
    rf"(?:\s{{0,2}}(?P<post>{_MARK})(?!\s?\d))?(?P<pct>\s?%)?",
    re.IGNORECASE,
)
_LONGEST_MARKS: Final = 18
_NOT_MONEY_AFTER = re.compile(
    r"\s?-?\s?(?:hours?|hrs?|stunden|std|days?|tage|weeks?|wks?|wochen|months?|monate|"
    r"years?|yrs?|jahre"
    r"|positions?|shifts?|people|employees|am\b|pm\b|x\b|:\d\d|\(k\)|st\b|nd\b|rd\b|th\b)",
    re.IGNORECASE,
)
_CODE_BEFORE = re.compile(r"[A-Za-z][-_]?$|#$")
_CALENDAR_YEAR = re.compile(r"20[1-3]\d(?![\d.,]|\s?(?:/|per\b|a\b|p\.))")
_RETIREMENT = re.compile(r"40[13]\s?\(?[kb]\)?", re.IGNORECASE)
_FACTORS: Final = {
    "k": 1e3,
    "thousand": 1e3,
    "tsd": 1e3,
    "tys": 1e3,
    "t": 1e3,
    "teur": 1e3,
    "万": 1e4,
    "萬": 1e4,
    "만": 1e4,
    "m": 1e6,
    "mn": 1e6,
    "mio": 1e6,
    "million": 1e6,
    "triệu": 1e6,
    "trieu": 1e6,
    "bn": 1e9,
    "billion": 1e9,
    "l": 1e5,
    "lpa": 1e5,
    "lakh": 1e5,
    "lakhs": 1e5,
    "lac": 1e5,
    "lacs": 1e5,
    "cr": 1e7,
    "crore": 1e7,
    "crores": 1e7,
}
# Multipliers that say the currency too.
_MARK_OF_TIMES: Final = {"teur": ("EUR",), "triệu": ("VND",), "trieu": ("VND",)}
INDIAN: Final = frozenset(("l", "lpa", "lakh", "lakhs", "lac", "lacs", "cr", "crore", "crores"))

PERIODS: Final = {
    "HOUR": re.compile(
        r"\b(?:hourly|hours?|hrs?|stunden?|stündlich|std|heures?|horas?|timen|ora|uur|"
        r"godz\w{0,4})\b"
        r"|(?<![a-z])p\.?/?h\b|/\s?h\b|時給|时薪|小时|시급",
        re.IGNORECASE,
    ),
    "DAY": re.compile(
        r"\b(?:daily|day|diem|tag|tagessatz|täglich|jour|día|dia|dag|dagtarief|dagsats|"
        r"giorno|dzień)\b|"
        r"(?<![a-z])p\.?/?d\b|/\s?d\b|日給|日薪|일급",
        re.IGNORECASE,
    ),
    "WEEK": re.compile(
        r"\b(?<!bi)(?<!bi-)(?:weekly|week|wk|woche|wöchentlich|semaine|semana|uke|vecka|"
        r"settimana)\b|(?<![a-z])p\.?/?w\b",
        re.IGNORECASE,
    ),
    "MONTH": re.compile(
        r"\b(?:monthly|months?|mth|mo|monat|monatlich|mois|mensuel\w{0,3}|mes|"
        r"mensual\w{0,3}|mese|mensile|måned|månad"
        r"|maand|miesiąc|mies|mensal|mês|měsíc\w{0,3}|pcm|luna|kk)\b"
        r"|(?<![a-z])p\.?/?m\b|/\s?m\b|月|薪|월|мес",
        re.IGNORECASE,
    ),
    "YEAR": re.compile(
        r"\b(?:yearly|years?|yrs?|annum|annual\w{0,2}|per-year-salary|jahr|jährlich|"
        r"jahresgehalt|par an|annuel\w{0,3}|ans"
        r"|año|anual\w{0,3}|anno|annuo|året|år|jaar|rok|rocznie|ano)\b"
        r"|(?<![a-z])p\.?\s?a\b|/\s?(?:y|an)\b|年|연봉|год",
        re.IGNORECASE,
    ),
}
# Words of a year's pay that say nothing against "per month" beside them.
_YEARLY = re.compile(r"(?<![a-z])(?:lpa|lakhs?|crores?|ctc|ote)(?![a-z])", re.IGNORECASE)
_OF_TIME = re.compile(
    r"\b(?:\d{1,4}(?:[.,]\d)?|full|part|flexible)[\s-]{0,2}(?:hours?|hrs?|stunden|days?|"
    r"weeks?|months?|time)\b(?!ly)"
    r"(?:\s?(?:/|per|a|pro)\s?(?:week|wk|woche|day|month))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """Hold one number of a text with what stood around it; `value` has its multiplier applied."""

    start: int
    end: int
    number: float
    factor: float
    marks: tuple[str, ...]
    times: str
    plus: bool

    @property
    def value(self) -> float:
        """Return the number times "k", "lakh" and the like."""
        return self.number * self.factor


def find_amounts(text: str) -> Iterator[Amount]:
    """Yield what may be money in `text`, left to right: no percentages, hours, codes or 401k."""
    text = text[:MAX_AMOUNT_TEXT]
    free_from = 0
    for match in _NUMBERS.finditer(text):
        if match.start() < free_from:
            continue
        start, end = match.span()
        around = text[max(free_from, start - _LONGEST_MARKS) : start]
        before = _MARKED.search(around)
        after = _FOLLOWING.match(text, end)
        if (
            after is None
            or after["pct"]
            or (before and before[3])
            or _RETIREMENT.match(text, start)
        ):
            continue
        free_from = after.end()
        marks = (before[1], before[2]) if before else ()
        amount = _amount(match, after, tuple(mark for mark in (*marks, after["post"]) if mark))
        if amount.marks or amount.times or not _is_other(text, start, end):
            begins = start - len(around) + before.start() if before else start
            yield replace(amount, start=begins)


def _amount(number: re.Match[str], after: re.Match[str], marks: tuple[str, ...]) -> Amount:
    times = (after["times"] or "").lower().rstrip(".")
    marks += _MARK_OF_TIMES.get(times, ())
    return Amount(
        start=number.start(),
        end=after.end(),
        number=read_number(number[0], decimal_point=bool(times)),
        factor=_FACTORS.get(times, 1.0),
        marks=marks,
        times=times,
        plus=bool(after["plus"]),
    )


def _is_other(text: str, start: int, end: int) -> bool:
    """Say whether a number without a mark counts hours or people, or is a code or a year."""
    return bool(
        _NOT_MONEY_AFTER.match(text, end)
        or _CODE_BEFORE.search(text, max(0, start - 3), start)
        or _CALENDAR_YEAR.match(text, start)
    )


def read_number(text: str, *, decimal_point: bool = False) -> float:
    """Return the value of digits with group and decimal marks of any country.

    A single mark before exactly three digits parts thousands ("45.000"), unless `decimal_point`
    says that a point never does.
    """
    digits = re.sub(r"[ \u00a0\u202f\u2009'’]", "", text)
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return float(digits)
    mark, other = digits[last], "," if digits[last] == "." else "."
    tail = len(digits) - last - 1
    if other in digits:
        grouped = digits.count(mark) > 1
    else:
        grouped = digits.count(mark) > 1 or (
            tail == _GROUP and last <= _GROUP and not (decimal_point and mark == ".")
        )
        grouped = grouped and digits[:last].lstrip("0") != ""
    if grouped:
        return float(digits.replace(".", "").replace(",", ""))
    return float(digits[:last].replace(other, "").replace(mark, "") + "." + digits[last + 1 :])


def find_period(text: str) -> str:
    """Return HOUR, DAY, WEEK, MONTH or YEAR as a salary text says it, or "".

    "40 hours per week" says how long one works, not what a sum is paid for.
    """
    return name_period(_OF_TIME.sub(" ", text[:MAX_AMOUNT_TEXT]))


def name_period(text: str) -> str:
    """Return HOUR, DAY, WEEK, MONTH or YEAR, whichever a period field names first, or "".

    Source: "per-year-salary" is Lever's, "1 YEAR" Ashby's.
    """
    text = text[:MAX_AMOUNT_TEXT].replace("_", " ")
    best, first = "", len(text)
    for period, pattern in PERIODS.items():
        found = pattern.search(text)
        if found and found.start() < first:
            best, first = period, found.start()
    return best or ("YEAR" if _YEARLY.search(text) else "")
