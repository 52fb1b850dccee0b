"""What it means that a walk over a source did not meet what the source listed before."""

from typing import Literal

#: sources that list all they have, so that not being listed says something; searches and feeds
#: show a part, whose order and length are theirs
WHOLE = frozenset(
    "greenhouse lever ashby smartrecruiters workable recruitee personio workday teamtailor "
    "pages".split()
)
STRIKES = 2  # whole walks in a row that did not meet a job, until it is closed
SUDDEN = 0.5  # of the jobs lost at once: more is asked about first

Sense = Literal["nothing", "counts", "asks_first"]


def sense_of(adapter: str, walk: tuple[str, str, str], *, searched: bool) -> Sense:
    """Say what a walk's absences mean; `walk` is its strategy, status and reason code.

    A failed or partial walk says nothing, nor does one that ended early or took a part only. A
    board that is empty all of a sudden asks a person first.
    """
    strategy, status, code = walk
    if adapter not in WHOLE or searched or strategy == "incremental":
        return "nothing"
    if (status, code) == ("partial", "empty"):
        return "asks_first"
    return "counts" if (status, code) == ("complete", "") else "nothing"


def is_sudden(known: int, newly_missing: int) -> bool:
    """Whether so many of the jobs a source listed went at once that it looks broken."""
    return newly_missing > known * SUDDEN
