"""Counts, costs and durations as the page of performance writes them."""

from django import template

from distribution.rules.costs import in_words
from distribution.rules.performance import CostRange

register = template.Library()


@register.filter
def cost_words(found: CostRange) -> str:
    """Write a range of costs: 2.50 to 4.00 EUR, from 2.50 EUR up, or that there is none."""
    if found.lower is None:
        return f"none for {found.currency}".strip()
    if found.upper is None:
        return f"from {in_words(found.lower, found.currency)} up"
    if found.is_exact:
        return in_words(found.lower, found.currency)
    lower = in_words(found.lower, "" if found.currency == "" else found.currency).split(" ")[0]
    return f"{lower} to {in_words(found.upper, found.currency)}"


@register.filter
def money(minor: int, currency: str) -> str:
    """Write an amount in its currency."""
    return in_words(minor, currency)


@register.filter
def or_dash(value: object) -> str:
    """Write a number that may not be known."""
    return "–" if value is None else f"{value:,}"


@register.filter
def in_days(days: float | None) -> str:
    """Write a duration given in days."""
    if days is None:
        return "–"
    if days < 1:
        return f"{days * 24:.1f} h"
    return f"{days:.1f} d"
