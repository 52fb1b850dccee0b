"""How pages show what boards show."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from ingestion.rules.html import sanitise

register = template.Library()


@register.filter
def board_text(html: str) -> SafeString:
    """Return a board's text as HTML that can do nothing, wherever it came from."""
    return mark_safe(sanitise(html))  # noqa: S308 # nh3's allow-list, just now


@register.filter
def spoken(code: str) -> str:
    """Write a code with words between its lines: `title_too_long` is "title too long"."""
    return code.replace("_", " ")
