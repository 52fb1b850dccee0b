"""Taxonomies: lists of occupations and skills that an operator brings, row by row in our words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ingestion.rules.texts import clean_line

MAX_NAME: Final = 120
MAX_CODE: Final = 200
_MOST_OTHERS: Final = 200
_FEWEST_LETTERS: Final = 2

OCCUPATIONS: Final = "occupations"
SKILLS: Final = "skills"

#: A row of a file by its lower-case column names.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold one occupation or skill of a taxonomy: its code there, its name and other names."""

    code: str
    name: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """Hold how files of one taxonomy are read, and whom to name for it.

    `columns` are ways to call code, name and other names; the first way that a file has is its own.
    """

    holds: str
    attribution: str
    columns: tuple[tuple[str, str, str], ...]
    parted_by: str = "\n"


_ESCO: Final = "This service uses the ESCO classification of the European Commission (https://esco.ec.europa.eu)."
_ESCO_COLUMNS: Final = (
    ("originuri", "preferredlabel", "altlabels"),
    ("concepturi", "preferredlabel", "altlabels"),
    ("label", "label", "label"),
)
_ONET: Final = (
    "Includes information of the O*NET Database by the U.S. Department of Labor, Employment and "
    "Training Administration (USDOL/ETA), used under CC BY 4.0. O*NET® is a trademark of USDOL/ETA."
)
KINDS: Final = {
    "esco-occupations": Kind(OCCUPATIONS, _ESCO, _ESCO_COLUMNS),
    "esco-skills": Kind(SKILLS, _ESCO, _ESCO_COLUMNS),
    "onet-titles": Kind(OCCUPATIONS, _ONET, (("o*net-soc code", "title", "alternate title"),)),
    "onet-technology": Kind(SKILLS, _ONET, (("example", "example", "example"),)),
    "github-topics": Kind(
        SKILLS,
        "Names and aliases of topics from github.com/github/explore, used under CC BY 4.0.",
        (("topic", "display_name", "aliases"),),
        ",",
    ),
}


def columns_of(kind: Kind, row: Row) -> tuple[str, str, str] | None:
    """Return the columns that hold code, name and other names, None when the file has none."""
    return next((way for way in kind.columns if set(way) <= set(row)), None)


def entries_of(kind: Kind, rows: Iterable[Row]) -> Iterator[Entry]:
    """Yield the entries of a file; rows of one code and name are one entry, a row without is none.

    Raises: KeyError where a row has not the columns of the first.
    """
    found: dict[str, tuple[str, dict[str, None]]] = {}
    way: tuple[str, str, str] | None = None
    for row in rows:
        way = way or columns_of(kind, row)
        if way is None:
            return
        code, name, others = (str(row[column] or "") for column in way)
        name = clean_line(name, MAX_NAME)
        if sum(c.isalpha() for c in name) < _FEWEST_LETTERS and not name.endswith(("+", "#")):
            continue
        _, also = found.setdefault(clean_line(code, MAX_CODE), (name, {}))
        also.update(dict.fromkeys(_parted(others, kind.parted_by)))
    for code, (name, also) in found.items():
        also.pop(name, None)
        yield Entry(code, name, tuple(also)[:_MOST_OTHERS])


def _parted(text: str, by: str) -> Iterator[str]:
    for part in text.split(by):
        if name := clean_line(part, MAX_NAME):
            yield name
