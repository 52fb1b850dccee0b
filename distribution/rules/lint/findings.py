"""What lint says: findings, quick fixes, and what it is told beside a job's content."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

Level = Literal["error", "warning", "info"]

S1 = "Jobly requirement {}"
CONTRACT = "{} contract"


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of one field of the job's form that answers a finding.

    `value` is the whole new value of the field as the form takes it, `words` say what changes.
    """

    field: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a job that a board refuses (error), likes less (warning) or could gain by.

    `source` is where the rule comes from. `span` is where in the field's text the trouble stands,
    in characters of the plain text.
    """

    code: str
    level: Level
    field: str
    message: str
    source: str
    fix: Fix | None = None
    span: tuple[int, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the preview route."""
        return {**asdict(self), "span": list(self.span) if self.span else None}

    def fixed_by(self, field: str, value: str, words: str) -> "Finding":
        """Return the finding with a quick fix."""
        return replace(self, fix=Fix(field, value, words))


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside the content: the moment, and where the same title stands nearby.

    `now` None leaves out what depends on it. `twins`: places of other open jobs of the company
    with the same title, close to this one.
    """

    now: datetime | None = None
    twins: tuple[str, ...] = ()


NOTHING = Around()


def error(code: str, field: str, message: str, source: str) -> Finding:
    """Return what stops a publication."""
    return Finding(code, "error", field, message, source)


def warning(code: str, field: str, message: str, source: str) -> Finding:
    """Return what a board likes less."""
    return Finding(code, "warning", field, message, source)


def hint(code: str, field: str, message: str, source: str) -> Finding:
    """Return what could be better."""
    return Finding(code, "info", field, message, source)


# what is asked of a person where the field's own name would say little
WANTED = {
    "salary_min": "The lowest pay is not stated, and this board takes no job without pay.",
    "salary_max": "The highest pay is not stated, and this board takes no job without pay.",
    "apply_url": "The link to apply is missing; this board sends applicants there.",
    "page_url": "The job has no page of its own yet, and this board links to one.",
}


def missing(field: str, value: object, source: str) -> Iterator[Finding]:
    """Say that a field is empty which a board needs."""
    if value in (None, "", 0):
        usual = f"{field.replace('_', ' ').capitalize()} is needed."
        yield error("missing", field, WANTED.get(field, usual), source)
