"""Whether the ledger holds together by itself: numbers, moves, proofs, ids and money."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import (
    CharField,
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Concat, Now, Replace

from distribution.models import Attempt, Charge, Distribution, DistributionMove
from distribution.rules import states
from distribution.rules.proof import TOOK

OPEN_FOR = timedelta(minutes=5)  # a call, its lease and the run that clears up are over by then
EXAMPLES = 5  # rows named for each finding

MOVES = """
    SELECT m.distribution_id, m.was, m.became, lag(m.became) OVER w AS before,
        lead(m.id) OVER w AS after, d.status
    FROM distribution_distributionmove m
    JOIN distribution_distribution d ON d.id = m.distribution_id
    WHERE %(company)s::uuid IS NULL OR d.company_id = %(company)s
    WINDOW w AS (PARTITION BY m.distribution_id ORDER BY m.id)
"""
BROKEN = f"""
    SELECT distribution_id FROM ({MOVES}) told
    WHERE was <> coalesce(before, '') OR (after IS NULL AND became <> status)
"""  # noqa: S608 # our own words
ILLEGAL = f"""
    SELECT distribution_id FROM ({MOVES}) told
    WHERE was <> '' AND NOT (was || '>' || became) = ANY(%(legal)s)
"""  # noqa: S608 # our own words


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold: how many rows break it, and the first of them.

    `detail` says what was compared with what.
    """

    name: str
    detail: str
    wrong: int = 0
    examples: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing breaks it."""
        return not self.wrong

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the command."""
        return {
            "name": self.name,
            "ok": self.ok,
            "wrong": self.wrong,
            "detail": self.detail,
            "examples": list(self.examples),
        }


def check_of(name: str, detail: str, wrong: Iterable[Any]) -> Check:
    """Count what breaks a rule and keep the first rows by their ids."""
    found = [str(one) for one in wrong]
    return Check(name, detail, len(found), tuple(found[:EXAMPLES]))


def audit(company_id: Any = None) -> list[Check]:
    """Check all that the database can tell by itself; nothing is changed."""
    rows = Distribution.everything.all()
    if company_id is not None:
        rows = rows.filter(company_id=company_id)
    checks = [check(rows) for check in CHECKS]
    given = {"company": company_id, "legal": _legal()}
    checks.append(
        check_of(
            "moves_whole",
            "each move begins where the last ended, and the last is where the publication stands",
            _asked(BROKEN, given),
        )
    )
    checks.append(
        check_of("moves_legal", "no move that the states do not allow", _asked(ILLEGAL, given))
    )
    return checks


def counts(company_id: Any = None) -> dict[str, int]:
    """Count what was looked through."""
    mine = {} if company_id is None else {"company_id": company_id}
    theirs = {f"distribution__{name}": value for name, value in mine.items()}
    return {
        "distributions": Distribution.everything.filter(**mine).count(),
        "attempts": Attempt.objects.filter(**theirs).count(),
        "moves": DistributionMove.objects.filter(**theirs).count(),
        "charges": Charge.objects.filter(**mine).count(),
    }


def _asked(query: str, given: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return [row[0] for row in cursor.fetchall()]


def _legal() -> list[str]:
    return [f"{was}>{became}" for was, many in states.MOVES.items() for became in many]


def _gaps(rows: QuerySet[Distribution]) -> Check:
    numbered = rows.annotate(
        first=Min("attempts__number"), last=Max("attempts__number"), many=Count("attempts")
    )
    wrong = numbered.filter(many__gt=0).filter(~Q(first=1) | ~Q(last=F("many")))
    return check_of(
        "attempts_whole",
        "exchanges are numbered 1, 2, 3 … without a gap or a double",
        wrong.values_list("external_id", flat=True),
    )


def _open(rows: QuerySet[Distribution]) -> Check:
    old = Attempt.objects.filter(distribution__in=rows, outcome=None, sent_at__lt=Now() - OPEN_FOR)
    minutes = OPEN_FOR // timedelta(minutes=1)
    return check_of(
        "no_open_intent",
        f"no exchange without an outcome for over {minutes} min",
        old.values_list("distribution__external_id", flat=True),
    )


def _unproven(rows: QuerySet[Distribution]) -> Check:
    """Find published rows that no exchange, no person and no fetch of a feed put there."""
    mine = OuterRef("pk")
    took = Attempt.objects.filter(distribution=mine, outcome__in=sorted(TOOK))
    said = DistributionMove.objects.filter(
        distribution=mine, became="published", was__in=["needs_attention", "accepted"]
    )
    there = rows.filter(status="published")
    wrong = there.exclude(Exists(took)).exclude(Exists(said))
    return check_of(
        "published_proven",
        "what is published was taken by its board, by its own word or a person's",
        wrong.values_list("external_id", flat=True),
    )


def _ids(rows: QuerySet[Distribution]) -> Check:
    made = Concat(Value("jobly-"), Replace(Cast("id", CharField()), Value("-"), Value("")))
    wrong = rows.annotate(made=made).exclude(external_id=F("made"))
    return check_of(
        "external_ids",
        "each id at a board is its publication's own",
        wrong.values_list("external_id", flat=True),
    )


def _posts(rows: QuerySet[Distribution]) -> Check:
    """Find postings that two standing publications of one channel both claim."""
    there = rows.filter(status__in=sorted(states.ON_BOARD)).exclude(post_id="")
    many = there.order_by().values("channel_id", "post_id").annotate(n=Count("pk")).filter(n__gt=1)
    return check_of(
        "posts_once",
        "no posting of a board is claimed twice",
        many.values_list("post_id", flat=True),
    )


def _times(rows: QuerySet[Distribution]) -> Check:
    wrong = Attempt.objects.filter(distribution__in=rows, ended_at__lt=F("sent_at"))
    return check_of(
        "times_forward",
        "no exchange ends before it begins",
        wrong.values_list("distribution__external_id", flat=True),
    )


def _money(rows: QuerySet[Distribution]) -> Check:
    """Find what got back more than it cost, was paid for twice, or charged and never sent."""
    sums = rows.annotate(
        money=Sum("charges__amount_minor"), credits=Sum("charges__credits")
    ).filter(Q(money__lt=0) | Q(credits__lt=0))
    sent = Attempt.objects.filter(distribution=OuterRef("pk"), op="create")
    idle = (
        rows.filter(charges__kind__in=["flat", "credit"])
        .exclude(Exists(sent))
        .exclude(charges__kind="refund")
    )
    paid = rows.annotate(
        taken=Count("charges", filter=Q(charges__kind__in=["flat", "credit"])),
        back=Count("charges", filter=Q(charges__kind="refund")),
    )
    twice = paid.filter(Q(taken__gt=F("back") + 1) | Q(back__gt=F("taken")))
    wrong = {*sums.values_list("external_id", flat=True)}
    wrong |= {*twice.values_list("external_id", flat=True)}
    wrong |= {*idle.values_list("external_id", flat=True)}
    return check_of(
        "money_adds_up",
        "nothing is charged twice, nor without being sent, nor given back without a charge",
        sorted(wrong),
    )


CHECKS: tuple[Callable[[QuerySet[Distribution]], Check], ...] = (
    _gaps,
    _open,
    _unproven,
    _ids,
    _posts,
    _times,
    _money,
)
