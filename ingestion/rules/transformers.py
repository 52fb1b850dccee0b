"""Every version of the transformer that can still be run, by name; pure, like its newest one.

A pass is finished under the version it was begun with, and stored bytes can be read again under
any of them, so an older version goes only when no pass of it may come again.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from ingestion.rules.normalise import VERSION, Issue, Posting, normalise
from ingestion.rules.posting import RawPosting
from ingestion.rules.vocabulary import OURS, Vocabulary


class Transform(Protocol):
    """Turn an item into a posting with warnings, or raise RowRejected."""

    def __call__(
        self, posting: RawPosting, *, now: datetime, default_employer: str, words: Vocabulary
    ) -> tuple[Posting, tuple[Issue, ...]]:
        """`now` is when the item was collected, `words` the skills and occupations in use."""


def first(
    posting: RawPosting, *, now: datetime, default_employer: str, words: Vocabulary = OURS
) -> tuple[Posting, tuple[Issue, ...]]:
    """Read an item as version 1 did: without what only the second one finds or judges."""
    read, issues = normalise(posting, now=now, default_employer=default_employer, words=words)
    blank = replace(
        read,
        department="",
        occupation="",
        skill_facts=(),
        benefits=(),
        education="",
        experience_months=None,
        employer_domain="",
        employer_size="",
        is_agency=False,
        employer_logo="",
        more_places=(),
        reach="",
        salary=replace(read.salary, confidence=1.0) if read.salary else None,
    )
    return blank, issues


CURRENT: Final = f"v{VERSION}"
TRANSFORMERS: Final[dict[str, Transform]] = {"v1": first, CURRENT: normalise}
