"""The append-only ledger: an intent before each exchange, its outcome after it."""

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Max
from django.db.models.functions import Now

from distribution.models import Attempt, Distribution
from jobly.errors import JoblyError

MAX_ANSWER = 4_000  # characters of a board's answer that are kept


def intend(
    distribution: Distribution, op: str, *, fence: int, request: Mapping[str, Any]
) -> Attempt:
    """Write what is about to be asked, before it is; the caller holds the distribution's lock."""
    return Attempt.objects.create(
        distribution=distribution,
        number=_next_number(distribution),
        op=op,
        fence=fence,
        request=dict(request),
    )


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
        number=_next_number(distribution),
        op=op,
        fence=fence,
        outcome=outcome,
        response=capped(answer or {}),
        ended_at=Now(),
    )


def _next_number(distribution: Distribution) -> int:
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
