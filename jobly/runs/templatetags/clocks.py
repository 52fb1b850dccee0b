"""Times of schedules as people read them."""

from datetime import UTC, datetime

from django import template
from django.utils import timezone

from jobly.runs.reports.schedules import Timing
from jobly.runs.rules.clock import Due
from jobly.runs.rules.timeline import lasting

SHAPE = "%a %-d %b %Y, %H:%M"

register = template.Library()


@register.filter
def wall_of(due: Due, when: Timing) -> str:
    """Say a due time by the clocks of the schedule's zone."""
    return at_zone(due.at, when)


@register.filter
def wall_time_of(due: Due, when: Timing) -> str:
    """Say the hour and minute of a due time by the clocks of the schedule's zone."""
    return f"{due.at.astimezone(when.zone):%H:%M}"


@register.filter
def at_zone(moment: datetime, when: Timing | None) -> str:
    """Say a moment by the clocks of the schedule's zone, by UTC if that is not known."""
    return f"{moment.astimezone(when.zone if when else UTC):{SHAPE}}"


@register.filter
def in_utc(moment: datetime) -> str:
    """Say a moment in UTC."""
    return f"{moment.astimezone(UTC):{SHAPE}}"


@register.filter
def waited(moment: datetime) -> str:
    """Say how long ago something was."""
    return lasting(timezone.now() - moment)
