"""What publishing costs: how boards charge, what a budget counts, when it is told of."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from .payloads import EXPONENTS

CostModel = Literal["none", "flat", "per_click", "per_apply"]
Period = Literal["month", "total"]

NONE: CostModel = "none"
FLAT: CostModel = "flat"
PER_CLICK: CostModel = "per_click"
PER_APPLY: CostModel = "per_apply"

WARNED, SPENT = 1, 2  # how far a budget was told of


@dataclass(frozen=True, slots=True)
class Price:
    """What a channel charges, in minor units: at publication, or for each click or application."""

    model: CostModel
    minor: int
    currency: str

    @property
    def at_publication(self) -> int:
        """What is due when a posting is sent, whatever comes of it later."""
        return self.minor if self.model == FLAT else 0

    @property
    def least(self) -> int:
        """What must be left in a budget before a posting may be sent: the first thing charged."""
        return 0 if self.model == NONE else self.minor


def period_key(period: Period, now: datetime) -> str:
    """Name the period a moment lies in: `2026-11` by UTC, or `total`."""
    return now.astimezone(UTC).strftime("%Y-%m") if period == "month" else "total"


def period_start(period: Period, now: datetime) -> datetime | None:
    """Return where the period of a moment begins, in UTC; None for one without beginning."""
    if period == "total":
        return None
    utc = now.astimezone(UTC)
    return utc.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def level(spent: int, cap: int, warn_at: int) -> int:
    """Say how far a budget is: 0, WARNED from `warn_at` percent of its cap, SPENT at the cap."""
    if spent >= cap:
        return SPENT
    return WARNED if spent * 100 >= cap * warn_at else 0


def exponent_of(currency: str) -> int:
    """Return how many digits of a currency's minor units stand behind the point."""
    return EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units. Raises: ValueError where the currency has no such part."""
    exponent = exponent_of(currency)
    minor = amount.scaleb(exponent)
    if minor != minor.to_integral_value():
        least = "whole units only" if not exponent else f"{exponent} digits behind the point"
        raise ValueError(f"{currency} has {least}.")
    return int(minor)


def to_major(minor: int, currency: str) -> Decimal:
    """Return an amount in the currency's own unit."""
    return Decimal(minor).scaleb(-exponent_of(currency))


def in_words(minor: int, currency: str) -> str:
    """Write an amount as people read it: 1,234.50 EUR."""
    exponent = exponent_of(currency)
    return f"{minor / 10**exponent:,.{exponent}f} {currency}".strip()
