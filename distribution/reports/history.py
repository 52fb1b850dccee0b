"""What happened to publications: each step of one in order of time, and where all stood once."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from distribution.models import Distribution, DistributionMove
from jobly.users.models import User

from .exchanges import ASKED, veiled

MOST = 500  # steps of each sort in one history


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a move, an exchange with the board, or a look of ours.

    `what` says it in words, `state` is the status, outcome or verdict; `by` names a person.
    """

    at: datetime
    kind: str
    id: str
    what: str
    state: str
    because: str = ""
    by: str = ""
    run: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the API."""
        return {
            "at": self.at,
            "kind": self.kind,
            "id": self.id,
            "what": self.what,
            "state": self.state,
            "because": self.because,
            "by": self.by or None,
            "run": self.run or None,
            **self.more,
        }


def history(row: Distribution) -> list[Step]:
    """Return every step of a publication, oldest first: four queries."""
    moves = list(row.moves.order_by("id")[:MOST])
    names = people(moves)
    steps = [_moved(move, names) for move in moves]
    for attempt in row.attempts.order_by("number")[:MOST]:
        more: dict[str, Any] = {"number": attempt.number, "http_status": attempt.http_status}
        more |= {"answered_at": attempt.ended_at, "response": veiled(attempt.response)}
        state = attempt.outcome or "no answer yet"
        what = ASKED[attempt.op]
        steps.append(
            Step(attempt.sent_at, "attempt", str(attempt.pk), what, state, attempt.error, more=more)
        )
    for look in row.looks.order_by("id")[:MOST]:
        more = {"way": look.way, "url": look.url, "http_status": look.http_status}
        run = str(look.run_id or "")
        what = f"Look at {look.get_way_display()}"
        steps.append(
            Step(look.at, "look", str(look.pk), what, look.verdict, look.why, run=run, more=more)
        )
    return sorted(steps, key=lambda step: step.at)


def _moved(move: DistributionMove, names: dict[UUID, str]) -> Step:
    what = (
        f"{_word(move.was)} → {_word(move.became)}" if move.was else f"Begun {_word(move.became)}"
    )
    by = names.get(move.actor_id, "") if move.actor_id else ""
    run = str(move.run_id or "")
    more = {"was": move.was, "became": move.became, "code": move.code}
    key = str(move.pk)
    return Step(move.at, "move", key, what, move.became, move.because, by, run, more)


def people(moves: Iterable[DistributionMove]) -> dict[UUID, str]:
    """Name the people of some moves; who is gone has no name any more."""
    keys = {move.actor_id for move in moves if move.actor_id is not None}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=keys)} if keys else {}


def as_of(rows: QuerySet[Distribution], moment: datetime) -> QuerySet[Any]:
    """Return those of some distributions that were there at a moment, each with `then`: its status.

    `then_at` is when it had come to it, `then_because` why. What was born later is left out.
    """
    moves = DistributionMove.objects.filter(distribution=OuterRef("pk"), at__lte=moment)
    last = moves.order_by("-id")
    return rows.annotate(
        then=Subquery(last.values("became")[:1]),
        then_at=Subquery(last.values("at")[:1]),
        then_because=Subquery(last.values("because")[:1]),
    ).filter(then__isnull=False)


def counted(rows: QuerySet[Any]) -> dict[str, int]:
    """Count distributions `as_of` a moment by their status then."""
    groups = rows.order_by().values("then").annotate(n=Count("pk")).values_list("then", "n")
    return dict(sorted(Counter(dict(groups)).items()))


def changed_since(rows: QuerySet[Any]) -> int:
    """Count those of `as_of` rows whose status is another one by now."""
    return rows.filter(~Q(then=F("status"))).count()


def _word(status: str) -> str:
    return status.replace("_", " ")
