"""What is looked at: the fields of one job, and the texts of it that a provider gets to see."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingestion.rules.texts import strip_controls

MAX_TITLE: Final = 300
MAX_PLACE: Final = 200
MAX_TEXT: Final = 1_500  # characters of a description that a provider gets
_BLANKS: Final = re.compile(r"[^\S\n]+")
_LINES: Final = re.compile(r"\n{3,}")
# what no reader sees and strip_controls leaves: joiners, fillers, tags, variation selectors
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c\u200d\u2028\u2029\u2061-\u2064"
    "\u206a-\u206f\u3164\ufe00-\ufe0f\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True, slots=True)
class JobView:
    """Hold the fields of one job that suggestions are made for; `currency` is its country's."""

    title: str
    text: str
    place: str
    city: str
    region: str
    country: str
    remote: str
    employment_type: str
    seniority: str
    skills: tuple[str, ...]
    summary: str
    has_salary: bool
    currency: str

    @property
    def basis(self) -> str:
        """Return the hash of the text that grounds are taken from."""
        return basis_of(self.text)


def basis_of(text: str) -> str:
    """Return the hash of a description, to see later whether it is still the same."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Shown:
    """Hold the texts a provider gets: short, visible characters only, and without people."""

    title: str
    place: str
    text: str

    @property
    def whole(self) -> str:
        """Return everything that was shown."""
        return f"{self.title}\n{self.place}\n{self.text}"


def shown(view: JobView, names: Sequence[str] = ()) -> Shown:
    """Return what a provider gets of a job; `names` are people who must not be told of."""
    cleaned = (
        redact(visible(text, limit), names)
        for text, limit in (
            (view.title, MAX_TITLE),
            (view.place, MAX_PLACE),
            (view.text, MAX_TEXT),
        )
    )
    return Shown(*cleaned)


def visible(text: str, limit: int) -> str:
    """Return the beginning of a text without any character that a reader cannot see."""
    seen = _UNSEEN.sub("", strip_controls(text[: limit * 4]))
    return _LINES.sub("\n\n", _BLANKS.sub(" ", seen)).strip()[:limit]


_MAIL: Final = re.compile(
    r"[\w.+%'-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\w-]{1,63}(?:\s?(?:\.|\(dot\)|\[dot\])\s?[\w-]{2,63}){1,4}",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(
    r"(?<![\w.,])(?:(?:\+|00)\d[\d\s().\-/]{6,20}\d|\(?0\d{1,5}\)?[\s./-]?\d[\d\s./-]{4,14}\d"
    r"|\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}|\d{9,15})(?!\w)"
)
_SAID_PHONE: Final = re.compile(
    r"\b(?:tel|phone|telephone|telefon|mobile|mobil|cell|fax|call|whatsapp)\b[\s.:]{1,4}(?:us at |"
    r"me at )?[+(]?\d[\d\s().\-/]{4,20}\d",
    re.IGNORECASE,
)
_NAME: Final = (
    r"[A-ZÀ-Þ][\w'’-]{1,30}(?:[ \t]+(?:(?:van|von|de|del|da|der|den|la|le|di|bin|al)[ \t]+){0,2}"
    r"[A-ZÀ-Þ][\w'’-]{1,30}|[ \t]+[A-ZÀ-Þ]\.){0,3}"
)
_TITLED: Final = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herrn?|Frau|Hr|Fr|Mme|Mlle|Sra?|Sig|Dhr|Mevr)\b"
    rf"\.?[ \t]+(?:(?:Dr|Prof|med|phil|Ing|h\.c)\.[ \t]*){{0,3}}{_NAME}"
)
_CALLED: Final = re.compile(
    r"\b(?i:contact(?:[ \t]+person)?|recruiter|hiring manager|talent partner|questions\?? ask|"
    r"reach out to|write to|get in touch with|speak (?:to|with)|talk to|ask for|attn|attention|"
    r"apply to|send [\w\t ,]{2,40} to|report(?:s|ing)? to|my name is|i am|"
    r"ansprechpartner(?:in)?|kontakt(?:person)?|bewerbung an|"
    r"(?:kind|best|warm) regards|regards|sincerely|cheers|mit freundlichen grüßen)"
    rf"[ \t]*[:,\-–]?\s*(?i:(?:is|our|the|an)[ \t]+)?({_NAME})"
)
_STREET: Final = re.compile(
    r"\b\d{1,5}[a-zA-Z]?[ \t]+(?:[A-Z][\w'’.-]{1,30}[ \t]+){1,4}(?:Street|St|Avenue|"
    r"Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Square|Sq|Way|Place|Pl|Parkway|Pkwy|Terrace|Close)\b\.?"
    r"|\b[A-ZÄÖÜ][\wäöüß-]{1,30}(?:straße|strasse|str\.|weg|platz|allee|gasse|gata|"
    r"gate|vägen|straat|laan)"
    r"[ \t]*\d{1,4}[a-zA-Z]?\b"
    r"|\b\d{1,4},?[ \t]+(?:rue|avenue|boulevard|place|via|calle|piazza)[ \t]+"
    r"(?:[\w'’-]{1,30}[ \t]?){1,4}"
)


def redact(text: str, names: Sequence[str] = ()) -> str:
    """Return the text with addresses, numbers and names of people replaced by what they were.

    `names` are removed wherever they stand; other people's where words around them tell. A name
    that nothing announces is not recognised.
    """
    for name in sorted({name.strip() for name in names}, key=len, reverse=True):
        if len(name) > 2:  # noqa: PLR2004 # a shorter one is a syllable of many words
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[name]", text, flags=re.IGNORECASE)
    text = _MAIL.sub("[e-mail]", text)
    text = _PHONE.sub("[phone]", _SAID_PHONE.sub("[phone]", text))
    text = _STREET.sub("[address]", text)
    text = _TITLED.sub("[name]", text)
    return _CALLED.sub(lambda found: found[0].replace(found[1], "[name]"), text)
