"""Words for what is measured of two jobs."""

from django import template

from ingestion.rules.likeness.scoring import Share

register = template.Library()

PLACES = {
    "same": "the same",
    "near": "neighbouring towns",
    "region": "another town of the same region",
    "unknown": "not known of both",
    "other": "another one",
}
EMPLOYERS = {
    "same": "the same",
    "agency": "another name; one hires for others",
    "other": "another name",
}


@register.filter
def percent(share: float) -> str:
    """Say a share of 1 in percent."""
    return f"{share:.0%}"


@register.filter
def place_word(place: str) -> str:
    """Say how two places compare."""
    return PLACES.get(place, place)


@register.filter
def employer_word(employer: str) -> str:
    """Say how two employers compare."""
    return EMPLOYERS.get(employer, employer)


@register.filter
def with_interval(share: Share) -> str:
    """Say a share with its counts and its 95 % interval."""
    if share.value is None:
        return "not known yet"
    low, high = share.interval
    return f"{share.value:.1%} ({share.good} of {share.all}; {low:.1%} to {high:.1%})"
