"""Texts and places: codes left over, length, contact data, fees, a city that is missing."""

import html
import re
from collections.abc import Iterator
from typing import Final

from distribution.rules.content import Content

from .findings import Finding, hint, warning

QUALITY: Final = "Indeed: rules for descriptions"
FRAUD: Final = "Indeed and LinkedIn: no postings that ask for money"
PRIVACY: Final = "Boards: applications go through the link, not by contact in the text"
READING: Final = "Jobly: what seekers can read"
FEW_WORDS: Final = 50
MANY_WORDS: Final = 2_000
LONG_PARAGRAPH: Final = 1_200  # characters without a break
ENTITY: Final = re.compile(
    r"&(?:amp;)?(?:nbsp|amp|lt|gt|quot|apos|rsquo|lsquo|ndash|mdash|#\d{2,6});"
)
TWICE: Final = re.compile(r"&amp;([a-zA-Z]{2,10}|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
EMAIL: Final = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}\b")
PHONE: Final = re.compile(
    r"(?i)(?:\b(?:phone|tel\.?|telefon|call|mobile|whatsapp|fon|ring)\b[^\n\d+]{0,15})"
    r"(\+?\d[\d ()/.-]{6,18}\d)"
)
ACCOMMODATED: Final = re.compile(r"accommodat|disabilit|barrierefrei|schwerbehindert")
AROUND: Final = 250  # characters
FEE: Final = re.compile(
    r"(?i)\b(?:registration|training|application|processing|placement|visa|"
    r"starter[- ]kit) (?:fee|deposit|charge)s?\b|"
    r"\b(?:security|refundable) deposit\b|\bwestern union\b|"
    r"\b(?:send|transfer|pay) (?:us )?(?:the |a |an )?(?:money|fee|deposit)\b|"
    r"\b(?:schutzgebühr|bearbeitungsgebühr|kaution|vorkasse)\b"
)
DENIED: Final = re.compile(
    r"(?i)\b(?:no|never|not|without|don['’]t|doesn['’]t|won['’]t|free of|any|keine?|ohne|nie)\b"
)
DENIED_WITHIN: Final = 40  # characters before the words


def check(content: Content) -> Iterator[Finding]:
    """Check a job's text and place."""
    text = content.description_text or re.sub(r"<[^>]*>", " ", content.description_html)
    yield from _place(content)
    yield from _codes(content, text)
    yield from _contacts(text)
    yield from _fees(text)
    yield from _length(text)


def _place(content: Content) -> Iterator[Finding]:
    if content.location_text and not content.city and not content.is_remote:
        message = (
            f"“{content.location_text}” names no city; boards show the job to few people then."
        )
        yield warning("city_missing", "location", message, "Indeed: city and region")


def _codes(content: Content, text: str) -> Iterator[Finding]:
    if not (found := ENTITY.search(text)):
        return
    message = f"The text shows the HTML code {found[0]} instead of its sign."
    finding = _told("html_entity", message, QUALITY, found)
    mended = TWICE.sub(r"&\1;", content.description_html)
    if mended == content.description_html:
        mended = html.unescape(mended) if "<" not in mended else mended
    changed = mended != content.description_html
    words = "Write the signs themselves"
    yield finding.fixed_by("description", mended, words) if changed else finding


def _contacts(text: str) -> Iterator[Finding]:
    for pattern, what in ((EMAIL, "an e-mail address"), (PHONE, "a phone number")):
        found = next((one for one in pattern.finditer(text) if _is_to_apply(text, one)), None)
        if found:
            said = found[found.lastindex or 0]
            message = f"The text holds {what} ({said}); who applies there is not counted."
            yield _told("contact_in_text", message, PRIVACY, found)


def _is_to_apply(text: str, found: re.Match[str]) -> bool:
    """Whether contact data is not for those who need to be accommodated, as laws want it."""
    return not ACCOMMODATED.search(
        text[max(0, found.start() - AROUND) : found.end() + AROUND].casefold()
    )


def _fees(text: str) -> Iterator[Finding]:
    for found in FEE.finditer(text):
        before = text[max(0, found.start() - DENIED_WITHIN) : found.start()]
        if not DENIED.search(before):
            message = f"The text seems to ask applicants for money (“{found[0]}”)."
            yield _told("fee_asked", message, FRAUD, found)
            return


def _told(code: str, message: str, source: str, found: re.Match[str]) -> Finding:
    return Finding(code, "warning", "description", message, source, span=found.span())


def _length(text: str) -> Iterator[Finding]:
    words = len(text.split())
    if 0 < words < FEW_WORDS:
        message = (
            f"The text is short ({words} words); {FEW_WORDS} or more say what one applies for."
        )
        yield hint("text_thin", "description", message, READING)
    elif words > MANY_WORDS:
        message = f"The text is long ({words:,} words); few read more than {MANY_WORDS:,}."
        yield hint("text_long", "description", message, READING)
    if any(len(part) > LONG_PARAGRAPH for part in text.splitlines()):
        message = f"A paragraph has more than {LONG_PARAGRAPH:,} characters; break it up."
        yield hint("paragraph_long", "description", message, READING)
