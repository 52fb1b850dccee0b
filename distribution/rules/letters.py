"""The words of mails to applicants."""

import re
from collections.abc import Mapping

CONFIRM_SUBJECT = "Your application: {job}"
CONFIRM_TEXT = """Hello {name},

thank you for applying for “{job}” at {company}. We have your application,
and a person will read it.

On this page you see how it stands, and can withdraw it or have your data erased:
{link}

The address is yours alone: whoever has it sees your application.

{company}
"""
PLACES = ("name", "job", "company", "link")
_PLACE = re.compile(r"\{(\w+)\}")
MOST_SUBJECT = 250  # characters


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put values in their places; a word in braces that is no place of ours stays as it is."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def subject_line(text: str, values: Mapping[str, str]) -> str:
    """Return one line that fits into a header."""
    return " ".join(filled(text, values).split())[:MOST_SUBJECT]


def unknown_places(text: str) -> list[str]:
    """Name the words in braces that nothing would be put in for."""
    return [word for word in dict.fromkeys(_PLACE.findall(text)) if word not in PLACES]
