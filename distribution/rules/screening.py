"""Who applies and what they answer: what is the same person, which answer is worth a look."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

KEY_DIGITS = 9  # of a phone number: what is left without country and trunk prefixes
FEWEST_DIGITS = 7  # shorter numbers are the same for many
MOST_QUESTIONS = 30  # of a job
MOST_CHOICES = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is asked; `wanted` and `at_least` only mark answers for a person."""

    label: str
    kind: str = "text"
    required: bool = False
    help_text: str = ""
    choices: tuple[str, ...] = field(default=())
    wanted: tuple[str, ...] = field(default=())
    at_least: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, as a question set keeps them."""
        return {
            "label": self.label,
            "kind": self.kind,
            "required": self.required,
            "help_text": self.help_text,
            "choices": list(self.choices),
            "wanted": list(self.wanted),
            "at_least": self.at_least,
        }


def asked_of(data: dict[str, Any]) -> Asked:
    """Read a question of a set; what is unknown in it is left out."""
    known = {name: data[name] for name in Asked.__dataclass_fields__ if name in data}
    for name in ("choices", "wanted"):
        known[name] = tuple(known.get(name) or ())
    return Asked(**known)


def worth_a_look(value: str, *, wanted: Sequence[str], at_least: Decimal | None) -> bool:
    """Whether an answer is other than the company hoped for; an answer not given is."""
    if wanted:
        return fold(value) not in {fold(one) for one in wanted}
    if at_least is None:
        return False
    try:
        return Decimal(value) < at_least
    except InvalidOperation:
        return True


def fold(text: str) -> str:
    """Lower the case, drop accents and doubled spaces."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(kept.split())


def name_key(name: str) -> str:
    """Return what two spellings of a name have in common: its words, in any order."""
    return " ".join(sorted(re.findall(r"\w+", fold(name))))[:200]


def email_key(email: str) -> str:
    """Return what two spellings of an address have in common; a tag behind + is the same box."""
    box, _, host = fold(email).rpartition("@")
    return f"{box.partition('+')[0]}@{host}" if box else ""


def phone_key(phone: str) -> str:
    """Return the last digits of a number, "" where there are too few to tell people apart."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKD", phone))
    return digits[-KEY_DIGITS:] if len(digits) >= FEWEST_DIGITS else ""
