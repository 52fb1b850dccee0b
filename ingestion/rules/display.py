"""Words for people: pay, place, kinds of work, and which links a page may offer."""

import re
from typing import Final
from urllib.parse import urlsplit

from ingestion.rules import currencies

REMOTE: Final = {"remote": "Remote", "hybrid": "Hybrid", "onsite": "On site"}
EMPLOYMENT_TYPES: Final = {
    "FULL_TIME": "Full time",
    "PART_TIME": "Part time",
    "CONTRACTOR": "Contract",
    "TEMPORARY": "Temporary",
    "INTERN": "Internship",
    "VOLUNTEER": "Volunteer",
    "PER_DIEM": "Per diem",
    "OTHER": "Other",
}
SENIORITIES: Final = {
    "intern": "Intern",
    "junior": "Junior",
    "mid": "Mid-level",
    "senior": "Senior",
    "lead": "Lead",
    "director": "Director",
    "executive": "Executive",
}
EDUCATION: Final = {
    "school": "School diploma",
    "vocational": "Vocational training",
    "associate": "Associate degree",
    "bachelor": "Bachelor's degree",
    "master": "Master's degree",
    "doctorate": "Doctorate",
}
_MONTHS_A_YEAR: Final = 12
PERIODS: Final = {
    "HOUR": "an hour",
    "DAY": "a day",
    "WEEK": "a week",
    "MONTH": "a month",
    "YEAR": "a year",
}
_SIGNS: Final = {
    "EUR": "€",
    "USD": "$",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "CAD": "CA$",
    "AUD": "A$",
    "NZD": "NZ$",
}
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f]")
_SMALL: Final = frozenset("a an and at for in of on or the to with m f d x".split())
_RANKS: Final = frozenset(
    "intern junior jr mid senior sr lead principal staff head chief director i ii iii iv".split()
)
_WORD: Final = re.compile(r"[^\W\d_][\w+#.]*")


def experience(months: int | None) -> str:
    """Say how much experience is asked for, "" where nothing is said."""
    if months is None:
        return ""
    if not months:
        return "None needed"
    years, rest = divmod(months, _MONTHS_A_YEAR)
    count, unit = (months, "month") if rest else (years, "year")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def money(minor: int, currency: str) -> str:
    """Return an amount with its sign or code: €60,000, £12.50, NOK 620,000."""
    digits = currencies.exponent(currency)
    whole, rest = divmod(minor, 10**digits)
    amount = f"{whole:,}" + (f".{rest:0{digits}d}" if rest else "")
    sign = _SIGNS.get(currency)
    return f"{sign}{amount}" if sign else f"{currency} {amount}".strip()


def pay(low: int | None, high: int | None, currency: str, period: str) -> str:
    """Return a range of pay as a person would say it; "" when none is stated."""
    ends = [money(end, currency) for end in (low, high) if end is not None]
    if not ends:
        return ""
    if len(set(ends)) == 1:
        open_ended = "" if low is not None and high is not None else "from "
        text = ("up to " if low is None else open_ended) + ends[0]
    else:
        text = f"{ends[0]} – {ends[1]}"
    return f"{text} {PERIODS.get(period, '')}".strip()


def outward(url: str) -> str:
    """Return a link that a page may offer, "" for any that is none: web addresses and mail."""
    if _UNPRINTABLE.search(url):
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme in {"http", "https"}:
        return url if host and "\\" not in url else ""
    return url if parts.scheme == "mailto" and "@" in parts.path else ""


def host_of(url: str) -> str:
    """Return the name of the site a link leads to, without www; of mail, the address."""
    parts = urlsplit(url)
    if parts.scheme == "mailto":
        return parts.path
    return (parts.hostname or "").removeprefix("www.")


def title_words(title: str, most: int = 4) -> list[str]:
    """Return the words of a title that tell its trade, without rank and small words."""
    words = (word.rstrip(".") for word in _WORD.findall(title.casefold()))
    telling = [word for word in words if word not in _SMALL | _RANKS]
    return list(dict.fromkeys(telling))[:most]
