"""The append-only ledger: an intent before each exchange, its outcome after it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Q
from django.db.models.functions import Now

from distribution.actions.many import update_many
from distribution.models import Attempt, Distribution
from jobly.errors import JoblyError, Unavailable, Unknown
from jobly.runs.actions.claims import clock

MAX_ANSWER = 4_000  # characters of a board's answer that are kept


@dataclass(frozen=True, slots=True)
class Before:
    """What was asked for a publication before: the last attempt's number, and possible postings."""

    last: int = 0
    creates: int = 0  # since it began anew


def before(distributions: Sequence[UUID]) -> dict[UUID, Before]:
    """Return what was asked before for publications; the caller holds their locks.

    Those of whom nothing was asked are left out.
    """
    anew = Q(number__gt=F("distribution__attempts_before"), op="create")
    made = anew & ~Q(outcome__in=["unavailable", "refused"], outcome__isnull=False)
    rows = Attempt.objects.filter(distribution__in=distributions).order_by()
    found = rows.values("distribution").annotate(last=Max("number"), made=Count("pk", filter=made))
    return {row["distribution"]: Before(row["last"], row["made"]) for row in found}


def intent(
    distribution: Distribution, op: str, *, fence: int, request: Mapping[str, Any], number: int
) -> Attempt:
    """Return what is about to be asked, to be written by `intend` before it is."""
    return Attempt(
        distribution=distribution, number=number, op=op, fence=fence, request=dict(request)
    )


def intend(attempts: Sequence[Attempt]) -> None:
    """Write intents; the caller holds the locks of their distributions."""
    Attempt.objects.bulk_create(attempts)


def conclude_many(answers: Sequence[tuple[Attempt, str, Mapping[str, Any]]]) -> None:
    """Write what came of intents that boards answered, as `conclude` does for one."""
    now = clock()
    rows = [
        {"id": attempt.pk, "outcome": outcome, "response": capped(answer), "ended_at": now}
        for attempt, outcome, answer in answers
    ]
    update_many(Attempt, rows, where="t.outcome IS NULL")


def conclude(
    attempt: Attempt,
    outcome: str,
    *,
    answer: Mapping[str, Any] | None = None,
    error: JoblyError | None = None,
) -> None:
    """Write what came of an intent, once; a later word on it changes nothing."""
    status = error.context.get("status") if error else None
    Attempt.objects.filter(pk=attempt.pk, outcome=None).update(
        outcome=outcome,
        http_status=status if isinstance(status, int) and status else None,
        response=capped(answer or (error.context if error else {})),
        error=error.message if error else "",
        ended_at=Now(),
    )


def outcome_of(error: JoblyError) -> str:
    """Return what came of an exchange that ended by an error; unknown where it may have worked."""
    if isinstance(error, Unknown):
        return "unknown"
    return "unavailable" if isinstance(error, Unavailable) else "refused"


def note(
    distribution: Distribution,
    op: str,
    outcome: str,
    *,
    fence: int,
    answer: Mapping[str, Any] | None = None,
) -> None:
    """Write down a look at the board, which changes nothing there, after it was taken."""
    Attempt.objects.create(
        distribution=distribution,
        number=next_number(distribution),
        op=op,
        fence=fence,
        outcome=outcome,
        response=capped(answer or {}),
        ended_at=Now(),
    )


def next_number(distribution: Distribution) -> int:
    """Return the number of a distribution's next attempt; the caller holds its lock."""
    last = Attempt.objects.filter(distribution=distribution).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def capped(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a board's answer as JSON, its beginning only when it is long."""
    text = json.dumps(dict(answer), default=str)
    # PostgreSQL's jsonb refuses the character NUL
    text = text.replace("\\u0000", "")
    if len(text) <= MAX_ANSWER:
        kept: dict[str, Any] = json.loads(text)
        return kept
    return {"cut": text[:MAX_ANSWER]}
