"""Titles that boards turn away: shouting, clickbait, pay, place or type of work in them."""

import html
import re
from collections.abc import Iterator
from typing import Final

from distribution.rules.content import Content

from .findings import Around, Finding, hint, warning

INDEED: Final = "Indeed: rules for job titles"
SHORT_TITLE: Final = 3  # characters
LONG_TITLE: Final = 80  # characters; more is cut in lists of most boards
SHOUTED_WORDS: Final = 2  # of four letters or more, all in capitals
SHOUTED: Final = re.compile(r"\b[^\W\d_]{4,}\b")
BAIT: Final = re.compile(
    r"(?i)\b(?:urgent(?:ly)?(?! care)(?: (?:hiring|needed|required))?|"
    r"hiring (?:now|immediately|asap)|"
    r"now hiring|we(?:'re|’re| are) hiring|immediate(?:ly)? (?:start|hir(?:e|ing))|"
    r"apply (?:now|today)|asap|dream job|amazing opportunity|great opportunity|"
    r"best job ever|don['’]t miss|"
    r"earn up to|easy money|no experience (?:needed|required)|sign[- ]?on bonus|"
    r"dringend(?: gesucht)?|jetzt bewerben|wir suchen dich|traumjob)\b[!?.:]*"
)
# a star within a word is German for people of any gender
SIGNS: Final = re.compile(r"(?:[!?]|(?<!\w)\*|\*(?!\w)|[★☆✨🔥🚀💰⭐✅👉❗])+|[$€£]{2,}|\.{3,}")
MONEY: Final = re.compile(
    r"(?i)(?:[$€£¥]|\b(?:usd|eur|gbp|chf|cad|nok|sek|dkk|pln)\b)\s?\d[\d.,'’]*\s?k?"
    r"(?:\s?(?:-|–|to|bis)\s?[$€£]?\s?\d[\d.,'’]*\s?k?)?(?:\s?(?:/|per|an?|pro)\s?\w+)?|"
    r"\b\d[\d.,]*\s?k?\s?(?:[$€£]|(?:usd|eur|euro|gbp|chf)\b)(?:\s?(?:/|per|an?|pro)\s?\w+)?|"
    r"\b(?!40[13]\s?k)\d{2,3}\s?k\b(?:\s?(?:-|–|to)\s?\d{2,3}\s?k\b)?"
)
# words that also name kinds of work ("Contract Manager") count only where they stand apart
TYPE: Final = re.compile(
    r"(?i)[(\[]\s*(?:full[- ]?time|part[- ]?time|permanent|temporary|contract|vollzeit|teilzeit|"
    r"unbefristet|befristet|temps plein|cdi|cdd)(?:\s*/\s*[\w-]+)*\s*[)\]]|"
    r"\s[-–—|,]\s*(?:full[- ]?time|part[- ]?time|permanent|temporary|contract|vollzeit|teilzeit|"
    r"unbefristet|befristet)\s*$|\b(?:full[- ]time|part[- ]time)\b|"
    r"\b(?:in )?(?:vollzeit|teilzeit)\b"
)
REMOTE: Final = re.compile(
    r"(?i)[(\[]\s*(?:100\s?%\s*)?(?:remote|hybrid|home ?office|work from home)[^)\]]*[)\]]|"
    r"\s[-–—|,]\s*(?:100\s?%\s*)?(?:fully )?(?:remote|hybrid|home ?office|work from home)\s*$"
)
ENTITY: Final = re.compile(r"&(?:[a-zA-Z]{2,10}|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
EDGES: Final = " -–—|,;:/·•"
EMPTY_BRACKETS: Final = re.compile(r"[(\[]\s*[)\]]")


def check(content: Content, around: Around) -> Iterator[Finding]:
    """Check a title, and whether the same one stands in a place nearby."""
    title = content.title.strip()
    if not title:
        return
    yield from _entities(title)
    yield from _shouting(title)
    yield from _parts(content, title)
    yield from _length(title)
    if around.twins:
        places = ", ".join(around.twins[:3])
        more = f" and {len(around.twins) - 3} more" if len(around.twins) > 3 else ""  # noqa: PLR2004 # named three
        message = f"The same title is open in {places}{more} too; boards hide such repeats."
        yield warning("same_title_nearby", "title", message, "Indeed: one posting an opening")


def _entities(title: str) -> Iterator[Finding]:
    if found := ENTITY.search(title):
        message = f"The title shows the HTML code {found[0]} instead of its sign."
        clean = " ".join(html.unescape(title).split())
        yield _titled("html_entity", message, clean, found.span())


def _shouting(title: str) -> Iterator[Finding]:
    words = [word[0] for word in SHOUTED.finditer(title)]
    loud = [word for word in words if word.isupper() and len(set(word)) > 1]
    if len(loud) >= SHOUTED_WORDS and len(loud) * 2 > len(words):
        calm = SHOUTED.sub(lambda m: m[0].capitalize() if m[0].isupper() else m[0], title)
        yield _titled("shouting", "The title is written in capitals.", calm, (0, len(title)))


def _parts(content: Content, title: str) -> Iterator[Finding]:
    """Find what does not belong into a title; each fix takes its own part out."""
    for code, pattern, what in (
        ("clickbait", BAIT, "calls for attention (“{}”); boards rank such titles down"),
        ("clickbait", SIGNS, "has signs that boards strip or refuse ({})"),
        ("salary_in_title", MONEY, "holds the pay (“{}”), which has its own field"),
        ("type_in_title", TYPE, "holds the type of employment (“{}”), which has its own field"),
        ("place_in_title", REMOTE, "holds the workplace (“{}”), which has its own field"),
        ("place_in_title", _place_of(content), "holds the place (“{}”), which has its own field"),
    ):
        found = pattern.search(title) if pattern else None
        if found:
            word = found[0].strip(EDGES + "()[]") or found[0].strip()
            yield _titled(
                code, f"The title {what.format(word)}.", _without(title, found), found.span()
            )


def _place_of(content: Content) -> re.Pattern[str] | None:
    """Return what finds the job's own city where it is an addition: behind a sign or “in”."""
    if not content.city:
        return None
    city = re.escape(content.city)
    tail = r"(?:,\s*[\w .]{2,20})?"
    return re.compile(
        rf"(?i)\s*[(\[]\s*{city}{tail}\s*[)\]]|\s+[-–—|/@]\s*{city}{tail}\s*$|,\s*{city}{tail}\s*$|"
        rf"\s+(?:in|at|near|à|bei)\s+{city}{tail}\s*$"
    )


def _without(title: str, found: re.Match[str]) -> str:
    """Return a title without one part, and without what is left over around it."""
    rest = EMPTY_BRACKETS.sub(" ", f"{title[: found.start()]} {title[found.end() :]}")
    return re.sub(r"\s+([,;:!?)])", r"\1", " ".join(rest.split())).strip(EDGES)


def _titled(code: str, message: str, clean: str, span: tuple[int, int]) -> Finding:
    finding = Finding(code, "warning", "title", message, INDEED, span=span)
    return finding.fixed_by("title", clean, f"Call it “{clean}”") if clean else finding


def _length(title: str) -> Iterator[Finding]:
    if len(title) < SHORT_TITLE:
        message = "The title is too short to be understood."
        yield warning("title_short", "title", message, "Jobly: what seekers can read")
    elif len(title) > LONG_TITLE:
        message = f"Lists cut titles behind {LONG_TITLE} characters ({len(title)}/{LONG_TITLE})."
        yield hint("title_cut", "title", message, "Jobly: what seekers can read")
