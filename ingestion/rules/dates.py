"""Dates: one moment in UTC from whatever a source wrote, or nothing."""

import re
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final

import dateparser  # type: ignore[import-untyped]  # it ships no types

MAX_DATE_TEXT: Final = 60
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
LATEST_AHEAD: Final = timedelta(days=731)
LAST_SECOND: Final = timedelta(hours=23, minutes=59, seconds=59)
# Countries that write the month first; everybody else writes the day first.
MONTH_FIRST: Final = frozenset({"US", "PH", "FM", "MH", "PW", "GU", "PR", "BZ"})
_LAST_MONTH: Final = 12
_SECONDS_DIGITS: Final = (9, 10)
_MILLIS_DIGITS: Final = (12, 13)
_ABSENT = frozenset(
    ("", "none", "null", "n/a", "na", "-", "nan", "nat", "unknown", "open", "ongoing")
)

_NUMERIC = re.compile(
    r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|"
    r"\d{2})(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp]\.?[Mm]\.?)?)?"
)
_AGO = re.compile(
    r"(?:posted|updated|listed|active|about|over|more than|reposted|\s)*"
    r"(\d{1,4}|an?|one)\s*\+?\s*(minute|min|hour|hr|day|week|wk|month|mo|year|yr|m|h|d|w|"
    r"y)s?\.?\s*(?:ago|old)?"
)
_TODAY = frozenset(
    ("today", "just posted", "just now", "now", "posted today", "new", "moments ago")
)
_YESTERDAY = frozenset(("yesterday", "posted yesterday"))
_UNITS = {
    "minute": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "hr": timedelta(hours=1),
    "h": timedelta(hours=1),
    "day": timedelta(days=1),
    "d": timedelta(days=1),
    "week": timedelta(weeks=1),
    "wk": timedelta(weeks=1),
    "w": timedelta(weeks=1),
    "month": timedelta(days=30),
    "mo": timedelta(days=30),
    "m": timedelta(days=30),
    "year": timedelta(days=365),
    "yr": timedelta(days=365),
    "y": timedelta(days=365),
}
_WORD = re.compile(r"[^\W\d_]{3}|[\u3040-\u9fff\uac00-\ud7af]")
_DIGIT = re.compile(r"\d")
_MOST_WORDS: Final = 9
# All that dateparser knows would be 200 locales, tried one after the other.
_LANGUAGES: Final = "en de fr es pt it nl nb sv da fi pl cs ru uk tr zh ja ko".split()
_ZONE_NAME = re.compile(r"\s*(?:UTC|GMT|Z)$")
_FRACTION = re.compile(r"(\.\d{6})\d+")


def is_absent(text: str) -> bool:
    """Say whether the text means that there is no date."""
    return text.strip().casefold() in _ABSENT


def read_date(text: str, *, now: datetime, country: str = "") -> datetime | None:
    """Return the moment in UTC, or None for what is unreadable or not in 1990 … now + 2 years.

    A time without an offset is UTC. "3 days ago" counts back from `now`. `country` (ISO 3166)
    decides whether 05/08 is in May or in August; without it the order that is not in the future
    wins, then the day comes first.
    """
    text = text.strip()[:MAX_DATE_TEXT]
    if not text:
        return None
    read = (
        _read_iso(text)
        or _read_epoch(text)
        or _read_mail(text)
        or _read_numeric(text, now, country)
        or _read_relative(text, now)
        or _read_words(text, now)
    )
    return read if read and EARLIEST <= read <= now + LATEST_AHEAD else None


def read_end(text: str, *, now: datetime, country: str = "") -> datetime | None:
    """Return the moment something ends, as `read_date` does; a day without a time ends with it."""
    moment = read_date(text, now=now, country=country)
    if moment is None or moment.time() != time() or ":" in text or _is_epoch(text):
        return moment
    return moment + LAST_SECOND


def _is_epoch(text: str) -> bool:
    return len(text.strip()) >= min(_SECONDS_DIGITS) and text.strip().removesuffix(".0").isdigit()


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _read_iso(text: str) -> datetime | None:
    if text.isdigit():
        return None
    text = _FRACTION.sub(r"\1", _ZONE_NAME.sub("+00:00", text))
    try:
        return _in_utc(datetime.fromisoformat(text.replace(" +", "+")))
    except (ValueError, OverflowError):
        return None


def _read_epoch(text: str) -> datetime | None:
    digits = text.removesuffix(".0")
    if not (digits.isascii() and digits.isdigit()):
        return None
    if len(digits) in _SECONDS_DIGITS:
        return datetime.fromtimestamp(int(digits), UTC)
    if len(digits) in _MILLIS_DIGITS:
        return datetime.fromtimestamp(int(digits) / 1000, UTC)
    try:
        return datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def _read_mail(text: str) -> datetime | None:
    if not (text[:3].isalpha() or text[:1].isdigit()) or ":" not in text:
        return None
    try:
        return _in_utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _read_numeric(text: str, now: datetime, country: str) -> datetime | None:
    match = _NUMERIC.fullmatch(text)
    if not match:
        return None
    first, dot, second, year = int(match[1]), match[2] == ".", int(match[3]), int(match[4])
    year += 2000 if len(match[4]) == len("26") else 0
    month_first = _build(match, year, first, second)
    day_first = _build(match, year, second, first)
    if month_first is None or day_first is None:
        return month_first or day_first
    if country and not dot:
        return month_first if country in MONTH_FIRST else day_first
    if day_first > now + timedelta(days=1) and month_first <= now + timedelta(days=1):
        return month_first
    return day_first


def _build(match: re.Match[str], year: int, month: int, day: int) -> datetime | None:
    hour, minute, second = int(match[5] or 0), int(match[6] or 0), int(match[7] or 0)
    half = (match[8] or "").lower()[:1]
    if half and hour <= _LAST_MONTH:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _read_relative(text: str, now: datetime) -> datetime | None:
    low = text.lower()
    if low in _TODAY:
        return now
    if low in _YESTERDAY:
        return now - timedelta(days=1)
    match = _AGO.fullmatch(low)
    if not match:
        return None
    amount = int(match[1]) if match[1].isdecimal() else 1
    return now - amount * _UNITS[match[2]]


def _read_words(text: str, now: datetime) -> datetime | None:
    # Of one or two letters ("9a", "1e9") dateparser makes up a date.
    words = len(text.split())
    if not _WORD.search(text) or words > (_MOST_WORDS if _DIGIT.search(text) else 2):
        return None
    return _read_any(text, now.astimezone(UTC).replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _read_any(text: str, hour: datetime) -> datetime | None:
    """Ask dateparser: slow (milliseconds), so last, and remembered for the hour."""
    settings: dict[str, Any] = {
        "RELATIVE_BASE": hour.replace(tzinfo=None),
        "TIMEZONE": "UTC",
        "RETURN_AS_TIMEZONE_AWARE": True,
        "REQUIRE_PARTS": ["day", "month"],
    }
    try:
        found = dateparser.parse(text, languages=_LANGUAGES, settings=settings)
    except (ValueError, OverflowError, TypeError, IndexError, KeyError, AttributeError):
        return None
    return _in_utc(found) if found else None
