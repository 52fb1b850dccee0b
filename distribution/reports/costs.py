"""What publishing cost and would cost: sums of charges, budgets with what is left, estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum
from django.utils import timezone

from distribution.models import Budget, Channel, Charge, Distribution
from distribution.rules import costs
from distribution.rules.costs import Price
from ingestion.models import Job
from jobly.users.rules import Principal


@dataclass(frozen=True, slots=True)
class Estimate:
    """What some jobs would cost on one channel: minor units, credits, and what stands against it.

    `later` says what comes on top and cannot be known: a price for each click or application.
    `short` is empty when budgets and credits allow it, else what is missing, in words.
    """

    channel: Channel
    postings: int
    amount_minor: int
    currency: str
    credits: int
    credits_left: int | None
    later: str
    short: str

    @property
    def amount(self) -> str:
        """The sum as people read it."""
        return costs.in_words(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget and how far it is."""

    budget: Budget
    spent_minor: int
    level: int

    @property
    def left(self) -> str:
        """What may still be spent, in words."""
        left = max(0, self.budget.cap_minor - self.spent_minor)
        return costs.in_words(left, self.budget.currency)

    @property
    def spent(self) -> str:
        """What was spent, in words."""
        return costs.in_words(self.spent_minor, self.budget.currency)

    @property
    def percent(self) -> int:
        """How much of the cap is spent; 100 for a cap of nothing."""
        cap = self.budget.cap_minor
        return self.spent_minor * 100 // cap if cap else 100


def spent(budget: Budget, now: datetime) -> int:
    """Return what a budget counts in the period of a moment, in minor units."""
    rows = Charge.objects.within(budget)
    start = costs.period_start(Budget.Period(budget.period).value, now)  # type: ignore[arg-type]
    if start is not None:
        rows = rows.filter(at__gte=start)
    return int(rows.aggregate(n=Sum("amount_minor", default=0))["n"])


def standings(principal: Principal, *, reached: bool = False) -> list[Standing]:
    """Return budgets the principal sees with how far they are, two queries a hundred of them.

    With `reached` only those told of, or that would be: from their warning on.
    """
    rows = Budget.objects.visible_to(principal).select_related("channel", "user", "company")
    found = standings_of(list(rows[:MOST_BUDGETS]))
    return [one for one in found if one.level] if reached else found


def standings_of(budgets: Sequence[Budget]) -> list[Standing]:
    """Say how far some budgets are; one query for all of them."""
    sums = _sums(budgets, timezone.now())
    return [
        Standing(one, sums[one.pk], costs.level(sums[one.pk], one.cap_minor, one.warn_at))
        for one in budgets
    ]


MOST_BUDGETS = 200


def _sums(budgets: Sequence[Budget], now: datetime) -> Mapping[object, int]:
    """Add up what each budget counts, in one query."""
    wanted = {
        f"b{number}": Sum("amount_minor", filter=_counted(budget, now), default=0)
        for number, budget in enumerate(budgets)
    }
    if not wanted:
        return {}
    rows = Charge.objects.filter(company__in={budget.company_id for budget in budgets})
    sums = rows.aggregate(**wanted)
    return {budget.pk: int(sums[f"b{number}"]) for number, budget in enumerate(budgets)}


def _counted(budget: Budget, now: datetime) -> Q:
    found = Q(company_id=budget.company_id, currency=budget.currency)
    if budget.channel_id:
        found &= Q(channel_id=budget.channel_id)
    if budget.user_id:
        found &= Q(actor_id=budget.user_id)
    start = costs.period_start(Budget.Period(budget.period).value, now)  # type: ignore[arg-type]
    return found & Q(at__gte=start) if start else found


def estimate(
    jobs: Sequence[Job], channels: Sequence[Channel], *, actor_id: object = None
) -> list[Estimate]:
    """Say what publishing some jobs would cost on each channel; what stands there costs nothing.

    What one channel costs is not left for the next.
    """
    standing = Distribution.objects.standing().filter(job__in=jobs, channel__in=channels)
    there = set(standing.values_list("job", "channel"))
    alive = [job.pk for job in jobs if job.status == Job.Status.LIVE]  # others go nowhere
    budgets = list(
        Budget.objects.filter(
            Q(user=None) | Q(user_id=actor_id) if actor_id else Q(user=None),
            company__in={channel.company_id for channel in channels},
        ).select_related("channel", "user")
    )
    sums = _sums(budgets, timezone.now())
    left = {budget: budget.cap_minor - sums[budget.pk] for budget in budgets}
    found = []
    for channel in channels:
        one = _estimate(channel, sum((key, channel.pk) not in there for key in alive), left)
        for budget in left:
            left[budget] -= one.amount_minor if _counts(budget, channel) else 0
        found.append(one)
    return found


LATER = {
    costs.PER_CLICK: "for each click",
    costs.PER_APPLY: "for each application",
}


def _estimate(channel: Channel, postings: int, left: Mapping[Budget, int]) -> Estimate:
    model = Channel.CostModel(channel.cost_model).value
    price = Price(model, channel.price_minor, channel.currency)  # type: ignore[arg-type] # same words
    amount = postings * price.at_publication
    needed = postings if channel.credits_left is not None else 0
    later = LATER.get(price.model, "")
    return Estimate(
        channel,
        postings,
        amount,
        channel.currency,
        needed,
        channel.credits_left,
        f"{costs.in_words(price.minor, price.currency)} {later}" if later else "",
        _short(channel, max(amount, price.least if postings else 0), needed, left),
    )


def together(estimates: Sequence[Estimate]) -> str:
    """Say what all of some estimates come to, by currency; empty when nothing costs anything.

    It is the most it can be: whatever a board refuses is not charged.
    """
    sums: dict[str, int] = {}
    for one in estimates:
        sums[one.currency] = sums.get(one.currency, 0) + one.amount_minor
    parts = [costs.in_words(minor, currency) for currency, minor in sums.items() if minor]
    used = sum(one.credits for one in estimates)
    parts += [f"{used:,} credit{'s' if used != 1 else ''}"] if used else []
    parts += [f"{one.later} on {one.channel}" for one in estimates if one.later and one.postings]
    return ", ".join(parts)


def _short(channel: Channel, amount: int, needed: int, left: Mapping[Budget, int]) -> str:
    """Say what is missing; empty when nothing is."""
    if channel.credits_left is not None and needed > channel.credits_left:
        return f"{channel.credits_left} credits left of the {needed} needed"
    for budget, rest in left.items():
        if amount and _counts(budget, channel) and rest < amount:
            return f"{costs.in_words(max(rest, 0), budget.currency)} left of the budget of {budget}"
    return ""


def _counts(budget: Budget, channel: Channel) -> bool:
    """Whether a budget counts what a channel charges."""
    same = (budget.company_id, budget.currency) == (channel.company_id, channel.currency)
    return same and budget.channel_id in (None, channel.pk)
