"""Reach: from which part of the world a remote job may be done, where no single country says it."""

import re
from typing import Final

from ingestion.rules.texts import fold

_MAX_TEXT: Final = 300
#: Codes of parts of the world, the narrower first.
_AREAS: Final = (
    ("dach", r"dach(?: region)?|d-a-ch"),
    ("nordics", r"nordics?|scandinavia|nordic countries"),
    ("benelux", r"benelux"),
    ("emea", r"emea|europe,? (?:the )?middle east"),
    ("apac", r"apac|asia[- ]pacific"),
    ("latin_america", r"latam|latin america"),
    ("north_america", r"north america|northern america|us (?:or|and|/|&) canada|us/canada"),
    ("south_america", r"south america"),
    ("middle_east", r"middle east|mena|gcc"),
    ("europe", r"europe|european union|eu(?:-| )?(?:based|only|remote|countries)?|eea|eur"),
    ("africa", r"africa"),
    ("oceania", r"oceania"),
    ("asia", r"asia"),
    ("americas", r"americas|amer"),
    ("worldwide", r"worldwide|world[- ]wide|anywhere(?: in the world)?|global(?:ly)?|all countries|"
     r"any ?where|everywhere|international"),
)  # fmt: skip
_AREA_WORDS: Final = tuple(
    (code, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for code, words in _AREAS
)
AREAS: Final = tuple(code for code, _ in _AREAS)
_EXCLUDED = re.compile(r"\b(?:not|no|non|excluding|except|outside(?: of)?)[\s-]+(?:the )?\w+")
_AWAY = re.compile(r"\b(?:south|east|west|central|north)(?:ern)? africa\b")


def reach(text: str) -> str:
    """Return the part of the world that a location text names ("emea", "worldwide"), else "".

    The narrowest part wins: "Anywhere in Europe" is Europe.
    """
    low = _AWAY.sub(" ", _EXCLUDED.sub(" ", fold(text[:_MAX_TEXT])))
    return next((code for code, words in _AREA_WORDS if words.search(low)), "")
