"""Take and give back what publishing costs: before anything is sent, and never twice."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, Sum

from distribution import events
from distribution.errors import BudgetSpent, NoCredits
from distribution.models import Approval, Attempt, Budget, Channel, Charge, Distribution
from distribution.reports.costs import spent
from distribution.rules import costs
from distribution.rules.costs import Price
from jobly.errors import Rejected
from jobly.runs.actions import emit
from jobly.runs.actions.claims import clock

Status = Distribution.Status
RESERVED = (Charge.Kind.FLAT, Charge.Kind.CREDIT)
FAILED = (Status.FAILED, Status.REJECTED)


def reserve(distribution: Distribution, *, actor_id: UUID | None = None) -> None:
    """Take what a publication costs, or refuse it; what was taken already is not taken again.

    The caller holds the distribution's lock and writes the intent in the same transaction, so
    both are there or neither. Budgets are locked in one order and counted under their locks:
    publications that race never spend more than a cap, nor a credit twice. A recruiter's budget is
    that of whoever asked for the publication, not of who approved it or of the clock.
    Emits: BudgetReached. Raises: BudgetSpent, NoCredits; nothing is written then.
    """
    channel = distribution.channel
    if not is_charged(channel) or is_reserved(distribution):
        return
    price = price_of(channel)
    actor_id = _payer(distribution, actor_id)
    budgets = _locked(distribution, price, actor_id)
    for budget in budgets:
        _check(budget, price)
    taken = _take_credit(channel)
    _write(
        distribution,
        Charge.Kind.FLAT if price.at_publication else Charge.Kind.CREDIT,
        key=f"publish:{distribution.pk}:{_rounds(distribution)}",
        amount_minor=price.at_publication,
        credits=taken,
        actor_id=actor_id,
    )
    _tell(budgets)


def is_charged(channel: Channel) -> bool:
    """Whether publishing there takes money or credits at all; a rehearsal takes none."""
    real = channel.rehearsal_id is None
    return real and (channel.cost_model != costs.NONE or channel.credits_left is not None)


def together(distribution: Distribution) -> AbstractContextManager[Any]:
    """Keep what is taken only if what follows it goes through; free where nothing is taken."""
    return transaction.atomic() if is_charged(distribution.channel) else nullcontext()


def refusal(distribution: Distribution, *, actor_id: UUID | None = None) -> Rejected | None:
    """Reserve what a publication costs; return why it must not be sent, or None."""
    try:
        reserve(distribution, actor_id=actor_id)
    except Rejected as refused:
        return refused
    return None


def release(row: Distribution) -> None:
    """Give back what was taken for a publication that is not on its board and never was.

    Kept: what was published, what the board took before we closed it, and what it may have taken
    without telling. It counts in the period of what it gives back, so that no later one may spend
    more by it. The caller holds the row's lock. Idempotent.
    """
    for charge in _open(row):
        if _is_due(row, charge):
            continue
        if charge.credits:
            rows = Channel.objects.filter(pk=row.channel_id, credits_left__isnull=False)
            rows.update(credits_left=F("credits_left") + charge.credits)
        _write(
            row,
            Charge.Kind.REFUND,
            key=f"refund:{charge.pk}",
            amount_minor=-charge.amount_minor,
            credits=-charge.credits,
            currency=charge.currency,
            actor_id=charge.actor_id,
            at=charge.at,
        )


def _is_due(row: Distribution, charge: Charge) -> bool:
    """Whether the board may well charge for it."""
    if row.published_at is not None and row.published_at >= charge.at:
        return True
    if row.status in FAILED:
        return False
    taken = row.accepted_at is not None and row.accepted_at >= charge.at
    last = row.attempts.creates().order_by("number").last()
    doubtful = last is not None and last.outcome in (None, Attempt.Outcome.UNKNOWN)
    return taken or doubtful


def charge_clicks(distribution: Distribution, total: int) -> None:
    """Charge for clicks that a board counted and that were not charged yet.

    `total` is its counter as it stands; a counter that falls changes nothing. What a board
    charges is written down whatever the budgets say. Emits: BudgetReached.
    """
    if distribution.channel.cost_model == costs.PER_CLICK:
        _charge_units(distribution, Charge.Kind.CLICK, total)


def charge_applies(distribution: Distribution, total: int) -> None:
    """Charge for applications as `charge_clicks` does for clicks."""
    if distribution.channel.cost_model == costs.PER_APPLY:
        _charge_units(distribution, Charge.Kind.APPLY, total)


def _charge_units(distribution: Distribution, kind: Charge.Kind, total: int) -> None:
    """Charge the difference to what was charged; the caller holds the distribution's lock."""
    known = Charge.objects.filter(distribution=distribution, kind=kind)
    fresh = total - known.aggregate(n=Sum("units", default=0))["n"]
    price = price_of(distribution.channel)
    if fresh <= 0 or not price.minor:
        return
    actor_id = _who_paid(distribution)
    budgets = _locked(distribution, price, actor_id)
    _write(
        distribution,
        kind,
        key=f"{kind}:{distribution.pk}:{total}",
        amount_minor=fresh * price.minor,
        units=fresh,
        actor_id=actor_id,
    )
    _tell(budgets)


def _payer(distribution: Distribution, actor_id: UUID | None) -> UUID | None:
    """Say whose budget is asked: who wanted it approved, who sends it, or who paid before."""
    approved = Approval.objects.filter(
        distribution=distribution, decision=Approval.Decision.APPROVED
    )
    asker = approved.order_by("-id").values_list("asked_by", flat=True).first()
    if asker or actor_id:
        return asker or actor_id
    earlier = distribution.relisted_from
    return _who_paid(earlier) if earlier is not None else None


def _who_paid(distribution: Distribution) -> UUID | None:
    """Return whose budget a publication counts in: that of who published it."""
    rows = Charge.objects.filter(distribution=distribution, kind__in=RESERVED)
    return rows.order_by("-id").values_list("actor", flat=True).first()


def price_of(channel: Channel) -> Price:
    """Read what a channel charges."""
    model = Channel.CostModel(channel.cost_model).value
    return Price(model, channel.price_minor, channel.currency)  # type: ignore[arg-type] # same words


def is_reserved(distribution: Distribution) -> bool:
    """Whether the present publication was paid for."""
    return bool(_open(distribution))


def _open(distribution: Distribution) -> list[Charge]:
    """Return what was taken for publishing and not given back."""
    rows = Charge.objects.filter(distribution=distribution)
    given_back = set(rows.filter(kind=Charge.Kind.REFUND).values_list("key", flat=True))
    taken = rows.filter(kind__in=RESERVED).order_by("id")
    return [charge for charge in taken if f"refund:{charge.pk}" not in given_back]


def _rounds(distribution: Distribution) -> int:
    rows = Charge.objects.filter(distribution=distribution, kind=Charge.Kind.REFUND)
    return rows.count()


def _locked(distribution: Distribution, price: Price, actor_id: UUID | None) -> list[Budget]:
    """Lock the company's budgets in the order of their ids; return those that count a charge.

    Others are locked too: a commit that pays for several people's publications, one after the
    other, would else take the same budgets in another order than the next one.
    """
    if not price.least:
        return []
    rows = Budget.objects.filter(company_id=distribution.company_id, currency=price.currency)
    locked = list(rows.order_by("pk").select_for_update(of=("self",), no_key=True))
    return [
        one
        for one in locked
        if one.channel_id in (None, distribution.channel_id) and one.user_id in (None, actor_id)
    ]


def _check(budget: Budget, price: Price) -> None:
    """Refuse what a budget cannot pay any more. Raises: BudgetSpent."""
    left = budget.cap_minor - spent(budget, clock())
    if left >= price.least:
        return
    money = costs.in_words(max(left, 0), budget.currency)
    needed = costs.in_words(price.least, price.currency)
    raise BudgetSpent(
        f"The budget of {budget} has {money} left and this needs {needed}. Nothing was sent: raise "
        "the budget, or wait for the next month, then retry.",
        budget=str(budget.pk),
    )


def _take_credit(channel: Channel) -> int:
    """Take one of the channel's credits where they are counted. Raises: NoCredits."""
    rows = Channel.objects.filter(pk=channel.pk)
    if rows.filter(credits_left__gte=1).update(credits_left=F("credits_left") - 1):
        return 1
    if rows.filter(Q(credits_left__isnull=False)).exists():
        raise NoCredits(
            f"{channel.name} has 0 credits left and a posting needs 1. Nothing was sent: buy some, "
            "enter their number in the channel's settings, then retry."
        )
    return 0


def _write(distribution: Distribution, kind: Charge.Kind, *, key: str, **columns: object) -> None:
    """Write a charge once."""
    columns.setdefault("currency", distribution.channel.currency)
    row = Charge(
        company_id=distribution.company_id,
        channel_id=distribution.channel_id,
        distribution=distribution,
        kind=kind,
        key=key,
        **columns,
    )
    Charge.objects.bulk_create([row], ignore_conflicts=True)


def _tell(budgets: list[Budget]) -> None:
    """Tell once a period that a budget is nearly spent, and once that it is."""
    now = clock()
    for budget in budgets:
        total = spent(budget, now)
        level = costs.level(total, budget.cap_minor, budget.warn_at)
        period = costs.period_key(Budget.Period(budget.period).value, now)  # type: ignore[arg-type]
        known = budget.told_level if budget.told_for == period else 0
        if level == known:
            continue
        Budget.objects.filter(pk=budget.pk).update(told_for=period, told_level=level)
        if level > known:
            fact = events.BudgetReached(
                budget_id=str(budget.pk),
                level="spent" if level == costs.SPENT else "warn",
                spent_minor=total,
                cap_minor=budget.cap_minor,
                currency=budget.currency,
            )
            emit(fact, company=budget.company_id)
