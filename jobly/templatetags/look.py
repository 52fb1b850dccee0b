"""Times, badges and progress, looking the same on every page."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

register = template.Library()
JUST_NOW = timedelta(minutes=1)
WORDS = {"needs_attention": "needs attention"}


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """Say how long ago, or in how long; the exact time in UTC stands on hover."""
    if moment is None:
        return "never"
    now = timezone.now()
    if abs(now - moment) < JUST_NOW:
        words = "just now"
    elif moment < now:
        words = f"{timesince(moment, now, depth=1)} ago"
    else:
        words = f"in {timeuntil(moment, now, depth=1)}"
    return _time(moment, words)


@register.simple_tag(takes_context=True)
def when(context: Context, moment: datetime | None) -> SafeString | str:
    """Say the date and time in the viewer's zone; the exact time in UTC stands on hover."""
    if moment is None:
        return "—"
    here = moment.astimezone(_zone(context))
    return _time(moment, f"{here:%-d %b %Y, %H:%M %Z}")


@register.simple_tag(takes_context=True)
def day(context: Context, moment: datetime | None) -> SafeString | str:
    """Say the date in the viewer's zone; the exact time in UTC stands on hover."""
    if moment is None:
        return "—"
    return _time(moment, f"{moment.astimezone(_zone(context)):%-d %b %Y}")


def _time(moment: datetime, words: str) -> SafeString:
    exact = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        exact.isoformat(timespec="seconds"),
        f"{exact:%Y-%m-%d %H:%M:%S}",
        words,
    )


def _zone(context: Context) -> tzinfo:
    """Return the zone of the person who looks; UTC for strangers."""
    user = context.get("user")
    try:
        return ZoneInfo(getattr(user, "time_zone", "") or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


@register.simple_tag
def badge(status: str, label: str = "") -> SafeString:
    """Show a status as a badge: a shape and a word, so that colour is never alone."""
    word = str(status)
    return format_html(
        '<span class="badge badge--{}">{}</span>',
        word.lower().replace("_", "-"),
        label or WORDS.get(word, word.replace("_", " ")),
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """Segments of a progress bar in percent of its width, and the words beside it."""

    done: float
    failed: float
    skipped: float
    total: int
    text: str

    @property
    def skipped_from(self) -> float:
        """Where the last segment begins; the second begins where the first ends."""
        return self.done + self.failed

    @property
    def percent(self) -> int:
        """How much has been gone through, well or not."""
        return int(self.done + self.failed + self.skipped)


@register.inclusion_tag("_progress.html")
def progress(
    done: int | None = 0, failed: int | None = 0, skipped: int | None = 0, total: int | None = 0
) -> dict[str, Bar]:
    """Draw how much of a total is done, failed and skipped; without a total, only the counts."""
    well, badly, not_at_all = counts = (done or 0, failed or 0, skipped or 0)
    whole = max(total or 0, sum(counts))
    share = 100 / whole if total else 0.0
    named = zip(counts, ("done", "failed", "skipped"), strict=True)
    text = ", ".join(f"{n:,} {word}" for n, word in named if n or word == "done")
    if total:
        text += f" of {whole:,}"
    return {"bar": Bar(well * share, badly * share, not_at_all * share, total or 0, text)}
