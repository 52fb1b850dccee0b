"""What a person chose for a row that is, or looks like, something known: stronger than a rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ingestion.rules.duplicates import Decision, Verdict

SKIP, UPDATE, SEPARATE = "skip", "update", "separate"
SKIPPED, CHOSEN, MEANT = "skipped", "chosen", "meant"  # the rules a decision names


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to become of a row; `job_id` is the job it is like, None where it is a row."""

    choice: str
    job_id: int | None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What people chose for the rows of one file, by row number.

    `twin` begins the key of a row that is meant to be a second job beside its like.
    """

    choices: Mapping[int, Chosen] = field(default_factory=dict)
    twin: str = ""


def obeyed(decision: Decision, row: int, wishes: Wishes) -> Decision:
    """Return the decision on a row as its person wants it; without a choice it stays."""
    chosen = wishes.choices.get(row)
    if chosen is None:
        return decision
    if chosen.choice == SKIP:
        job_id = decision.job_id or chosen.job_id
        return replace(decision, verdict=Verdict.KNOWN, job_id=job_id, rule=SKIPPED)
    if chosen.choice == UPDATE and chosen.job_id:
        return replace(decision, verdict=Verdict.CHANGED, job_id=chosen.job_id, rule=CHOSEN)
    if chosen.choice == SEPARATE:
        return Decision(Verdict.NEW, f"{wishes.twin}:{row}", None, MEANT)
    return decision
