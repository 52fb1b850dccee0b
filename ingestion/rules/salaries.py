"""Salaries: explicit fields or a text become amounts in minor units, or nothing."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Literal, Self

from ingestion.rules import amounts, currencies
from ingestion.rules.amounts import Amount
from ingestion.rules.texts import has_digit

Source = Literal["stated", "text"]
UNREADABLE: Final = "unreadable_salary"
SWAPPED: Final = "salary_swapped"
MAX_SALARY_TEXT: Final = 200

#: How many of each make a working year.
PER_YEAR: Final = {"HOUR": 2080, "DAY": 260, "WEEK": 52, "MONTH": 12, "YEAR": 1}
#: What one may believe, in units of `currencies.scale`.
_BELIEVABLE: Final = {
    "HOUR": (0.5, 2_000.0),
    "DAY": (5.0, 12_000.0),
    "WEEK": (20.0, 40_000.0),
    "MONTH": (50.0, 250_000.0),
    "YEAR": (500.0, 5_000_000.0),
}
# Without a word for the period the sum tells it: below, an hour's pay; above, a year's.
_MONTHLY_FROM: Final = 1_000.0
_YEARLY_FROM: Final = 10_000.0
_BY_SIZE: Final = (200.0, _MONTHLY_FROM, _YEARLY_FROM)
_BY_SIZE_ELSEWHERE: Final = (60.0, 120.0, 15_000.0)
# What each thing that was not said leaves of the confidence of 1.
_SHARED_SIGN: Final = 0.9
_BY_COUNTRY: Final = 0.8
_NO_CURRENCY: Final = 0.6
_PERIOD_BY_SIZE: Final = 0.7
_OPEN_END: Final = 0.95
_SWAPPED: Final = 0.6
_IN_TEXT: Final = 0.8
_SHARES_FACTOR_BELOW: Final = 1_000.0
_THOUSAND: Final = 1_000.0
#: A range of pay whose upper end is this many times the lower one is read wrongly.
_WIDEST_RANGE: Final = 4.0

_ABSENT = frozenset(
    ("", "n/a", "na", "none", "null", "nan", "-", "--", "0", "0.0", "0.00", "false")
)
_CAPITALS = re.compile(r"\b[A-Z]{3}\b")
_NEGATIVE = re.compile(r"\s*[-−]\s?\d")
_BETWEEN = re.compile(
    r"\s*(?:/?\s?(?:per|an?|p\.?)?\s?(?:hour|hr|h|day|week|month|year|yr|annum|a|pa)?\.?)\s*"
    r"(?:-|–|—|−|~|〜|\uff5e|‐|‑|to|bis|till|until|through|à|a|al|até|hasta|do|tot|til|till|\.{2,3}|"
    r"and up to)\s*"
    r"(?:max\.?|up to|about|ca\.?)?\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*(?:and|und|et|y|e|en|og|och|&)\s*", re.IGNORECASE)
_BETWEEN_WORD = re.compile(
    r"\b(?:between|zwischen|entre|tra|tussen|mellom|mellan)\b", re.IGNORECASE
)
# Pay of two weeks or for a piece of work fits no period.
_PER_PIECE = re.compile(
    r"\bbi-?\s?weekly\b|\bfortnight|\bsemi-?\s?monthly\b|\bevery (?:two|2) weeks\b"
    r"|(?:/\s?|\bper )(?:project|article|hire|mile|piece|word|task|shift|session|visit)\b",
    re.IGNORECASE,
)
_UP_TO = re.compile(
    r"(?:up\s?to|max(?:imum|\.)?|bis(?: zu)?|jusqu['’]?[àa]|hasta|fino a|under|below|"
    r"less than|tot|opptil|upp till|até|(?<!\w)do|(?<!\w)до|≤|<)"
    r"\s*:?\s*(?:of\s*)?$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"(?:from|starting(?: at| from)?|starts at|start|min(?:imum|\.)?|ab|à partir de|desde|"
    r"a partire da|at least|over|above|more than|mindestens|mind\.|fra|från|vanaf|"
    r"(?<!\w)od|(?<!\w)от|≥|>)\s*:?\s*(?:of\s*)?$",
    re.IGNORECASE,
)
_ONWARDS = re.compile(r"\s*(?:and (?:up|above|over)|or more|upwards?|onwards)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Salary:
    """Hold what a posting pays, in minor units of `currency`.

    Either end may be None ("up to", "from"), not both. `currency` is "" where nothing tells it.
    `source` is "stated" for a salary field, "text" for words found in the description;
    `confidence` runs from 0 (a guess) to 1 (every part was said).
    """

    min_minor: int | None
    max_minor: int | None
    currency: str
    period: str
    annual_min_minor: int | None
    annual_max_minor: int | None
    source: Source = "stated"
    text: str = ""
    confidence: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read back what `to_dict` wrote."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Stated:
    """Hold the salary fields of a posting as texts; `local` is the currency of its country."""

    text: str = ""
    low: str = ""
    high: str = ""
    currency: str = ""
    period: str = ""
    local: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    """Hold the ends of what a text says, in whole units."""

    low: float | None
    high: float | None
    marks: tuple[str, ...] = ()
    indian: bool = False


@lru_cache(maxsize=8192)
def read_salary(stated: Stated) -> tuple[Salary | None, str]:
    """Return the salary and the code of what was wrong, "" when nothing was.

    Numbers in fields win over the text. Words like "competitive" and negative numbers are
    `unreadable_salary`; an empty field and the usual marks of an absent value are not.
    """
    low, low_bad = _read_field(stated.low)
    high, high_bad = _read_field(stated.high)
    if low is not None or high is not None:
        marks = tuple(m for text in (stated.low, stated.high) for m in _marks(text))
        return _finish(_Span(low, high, marks), stated, f"{stated.low} {stated.high} {stated.text}")
    text = stated.text[:MAX_SALARY_TEXT].strip()
    if text.casefold() in _ABSENT - {"0", "0.0", "0.00"}:
        return None, UNREADABLE if low_bad or high_bad else ""
    span = None if _NEGATIVE.match(text) else read_span(text)
    return _finish(span, stated, text) if span else (None, UNREADABLE)


def _read_field(text: str) -> tuple[float | None, bool]:
    text = text[:MAX_SALARY_TEXT].strip()
    if text.casefold() in _ABSENT:
        return None, False
    found = [] if _NEGATIVE.match(text) else list(amounts.find_amounts(text))
    if len(found) != 1:
        return None, True
    try:
        value = float(text)  # a plain number has a decimal point, whatever stands behind it
    except ValueError:
        value = found[0].value
    return (value, False) if value > 0 else (None, False)


def _marks(text: str) -> tuple[str, ...]:
    return tuple(mark for amount in amounts.find_amounts(text) for mark in amount.marks)


def read_span(text: str) -> _Span | None:
    """Return the range or single sum a salary text states, None when it states none."""
    found = list(amounts.find_amounts(text))
    if any(amount.marks for amount in found):
        pairs = [(a, b) for a, b in pairwise(found) if a.marks or b.marks]
        singles = [amount for amount in found if amount.marks]
    else:
        pairs, singles = list(pairwise(found)), found
    for first, second in pairs:
        if (not singles or first.start <= singles[0].start) and _is_range(text, first, second):
            return _pair(first, second)
    singles = [amount for amount in singles if amount.value > 0]
    return _single(text, singles[0]) if singles else None


def _is_range(text: str, first: Amount, second: Amount) -> bool:
    gap = text[first.end : second.start]
    if _BETWEEN.fullmatch(gap):
        return True
    return bool(_AND.fullmatch(gap) and _BETWEEN_WORD.search(text, 0, first.start))


def _pair(first: Amount, second: Amount) -> _Span:
    low, high = first, second
    if low.factor == 1 and low.number < _SHARES_FACTOR_BELOW and low.number <= high.number:
        thousands = high.factor == 1 and _shares_thousands(low.number, high.number)
        low = replace(low, factor=_THOUSAND if thousands else high.factor)
    elif high.factor == 1 and high.number < _SHARES_FACTOR_BELOW:
        high = replace(high, factor=low.factor)
    indian = low.times in amounts.INDIAN or high.times in amounts.INDIAN
    return _Span(low.value or None, high.value or None, low.marks + high.marks, indian)


def _shares_thousands(low: float, high: float) -> bool:
    """Say whether "50 - 60.000" leaves the thousands of its lower end to the upper one."""
    return high >= _YEARLY_FROM and high / _WIDEST_RANGE <= low * _THOUSAND <= high


def _single(text: str, amount: Amount) -> _Span:
    before, indian = text[max(0, amount.start - 40) : amount.start], amount.times in amounts.INDIAN
    if _UP_TO.search(before):
        return _Span(None, amount.value, amount.marks, indian)
    if amount.plus or _FROM.search(before) or _ONWARDS.match(text, amount.end):
        return _Span(amount.value, None, amount.marks, indian)
    return _Span(amount.value, amount.value, amount.marks, indian)


def _finish(span: _Span, stated: Stated, words: str) -> tuple[Salary | None, str]:
    currency, certainty = _currency(span, stated, words)
    ends = [end for end in (span.low, span.high) if end is not None]
    if not ends:
        return None, UNREADABLE  # "$0 - $0"
    period = amounts.name_period(stated.period) or amounts.find_period(words)
    if not period and _PER_PIECE.search(words):
        return None, UNREADABLE
    if not period:
        certainty *= _PERIOD_BY_SIZE
    # A crown of an unknown country is still no dollar.
    scaled = currency or ("SEK" if any(m.lower().startswith("kr") for m in span.marks) else "")
    if not period and (scaled or span.marks or max(ends) >= _MONTHLY_FROM):
        period = _period_by_size(max(ends), scaled)
    low, high = (_believed(end, period, scaled) for end in (span.low, span.high))
    if low is None and high is None:
        return None, UNREADABLE
    code = ""
    if low is not None and high is not None and low > high:
        low, high, code, certainty = high, low, SWAPPED, certainty * _SWAPPED
    elif low is None or high is None:
        certainty *= _OPEN_END
    salary = _salary(low, high, currency, period, stated.text)
    return replace(salary, confidence=round(certainty, 2)), code


def _currency(span: _Span, stated: Stated, words: str) -> tuple[str, float]:
    """Return the currency and how sure it is: said, told by a shared sign, or by the country."""
    codes = [mark.upper() for mark in span.marks if mark.upper() in currencies.CODES]
    named = currencies.currency_of(stated.currency, stated.local)
    if codes or named:
        return (currencies.currency_of(codes[0], "") if codes else named), 1.0
    if span.indian:
        return "INR", 1.0
    written = next((w for w in _CAPITALS.findall(words) if w in currencies.CODES), "")
    if written:
        return currencies.currency_of(written, ""), 1.0
    marked = next(
        (m for mark in span.marks if (m := currencies.currency_of(mark, stated.local))), ""
    )
    if marked:
        sure = marked == stated.local or not any(map(currencies.is_shared, span.marks))
        return marked, 1.0 if sure else _SHARED_SIGN
    return stated.local, _BY_COUNTRY if stated.local else _NO_CURRENCY


def _period_by_size(amount: float, currency: str) -> str:
    scale = currencies.scale(currency)
    size = amount / scale
    # Where money is small, pay is told by the month: PKR 80,000 is no year's, nor an hour's.
    hour, month, year = _BY_SIZE if scale == 1 else _BY_SIZE_ELSEWHERE
    if size >= year:
        return "YEAR"
    if size >= month:
        return "MONTH"
    return "HOUR" if size < hour else ""


def _believed(amount: float | None, period: str, currency: str) -> float | None:
    if amount is None or period not in _BELIEVABLE:
        return None
    least, most = _BELIEVABLE[period]
    return amount if least <= amount / currencies.scale(currency) <= most else None


def _salary(low: float | None, high: float | None, currency: str, period: str, text: str) -> Salary:
    unit, times = 10 ** currencies.exponent(currency), PER_YEAR[period]
    return Salary(
        min_minor=None if low is None else round(low * unit),
        max_minor=None if high is None else round(high * unit),
        currency=currency,
        period=period,
        annual_min_minor=None if low is None else round(low * times * unit),
        annual_max_minor=None if high is None else round(high * times * unit),
        text=text[:MAX_SALARY_TEXT].strip(),
    )


_MONEY = re.compile(r"[$€£₹]\s?\d")
_MONEY_CODES: Final = ("USD", "EUR", "GBP", "CAD", "AUD", "CHF", "SGD", "NOK", "SEK", "DKK", "PLN")
_CODED_MONEY = re.compile(rf"(?:{'|'.join(_MONEY_CODES)})\s?\$?\s?\d")
_CUE = re.compile(
    r"\b(?:salary|salaries|base pay|pay range|pay rate|pay scale|pay|wages?|compensation|"
    r"hourly rate|hiring range"
    r"|starting rate|gehalt|vergütung|salaire|rémunération|salario|remuneration|earn)\b",
    re.IGNORECASE,
)
_OTHER_MONEY = re.compile(
    r"\b(?:bonus|revenue|budget|raised|funding|arr|stipend|reimburs\w{0,6}|tuition|"
    r"relocation|401|sales|allowance"
    r"|referral|equity|stock|assets|valuation|loan|savings?|market|deals?|insurance|"
    r"coverage|up to)\b",
    re.IGNORECASE,
)
_BEFORE, _AFTER, _MOST_PLACES = 90, 90, 12


def find_salary(text: str, *, local: str) -> Salary | None:
    """Return the pay range that a description states beyond doubt, marked source "text".

    Beyond doubt: two sums with a currency, a word for pay shortly before them, no word for other
    money between, and a period said or a yearly size.
    """
    has_mark = "$" in text or (not text.isascii() and any(mark in text for mark in "€£₹"))
    if not has_mark and not (has_digit(text) and any(code in text for code in _MONEY_CODES)):
        return None
    places = _MONEY if has_mark else _CODED_MONEY
    for n, money in enumerate(places.finditer(text)):
        if n >= _MOST_PLACES:
            break
        before = text[max(0, money.start() - _BEFORE) : money.start()]
        cue = None
        for cue in _CUE.finditer(before):  # noqa: B007 - the last one counts
            pass
        if cue is None or _OTHER_MONEY.search(before, cue.end()):
            continue
        salary = _range_at(text[money.start() : money.start() + _AFTER], local)
        if salary:
            return salary
    return None


def _range_at(window: str, local: str) -> Salary | None:
    found = list(amounts.find_amounts(window.split("\n", 1)[0]))[:2]
    if len(found) < len("ab") or not _is_range(window, *found) or found[0].start > 0:
        return None
    span = _pair(*found)
    said = amounts.find_period(window[found[1].end : found[1].end + 30])
    if not span.low or not span.high or not (said or span.low >= _YEARLY_FROM):
        return None
    words = window[: found[1].end]
    salary, _code = _finish(span, Stated(text=words, period=said, local=local), words)
    if salary is None:
        return None
    return replace(salary, source="text", confidence=round(salary.confidence * _IN_TEXT, 2))
