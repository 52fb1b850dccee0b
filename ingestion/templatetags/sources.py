"""What pages about sources say above everything else."""

from typing import Any

from django import template

from ingestion.models import Acknowledgement, Fetch, Source
from ingestion.reports.collecting import estimate, quota_state
from jobly.runs.reports.schedules import database_time

register = template.Library()


@register.inclusion_tag("admin/ingestion/_robots_banner.html", takes_context=True)
def robots_banner(context: dict[str, Any]) -> dict[str, Any]:
    """Say for which sources robots.txt is not obeyed, for as long as that holds."""
    user = getattr(context.get("request"), "user", None)
    if not getattr(user, "is_staff", False):
        return {"rows": []}
    rows = Acknowledgement.objects.without_robots().select_related("source")
    return {"rows": list(rows.order_by("source__name")[:20])}


@register.simple_tag(takes_context=True)
def source_now(context: dict[str, Any]) -> dict[str, Any]:
    """Return what a walk over the source of a page would take; nothing where it is never asked."""
    source = context.get("original")
    if not isinstance(source, Source) or not source.adapter:
        return {}
    now, searches = database_time(), list(source.searches.enabled())
    return {
        "now": now,
        "searches": len(searches),
        "estimate": estimate(source, searches, pages=None, now=now),
        "quota": quota_state(source, now),
        "walk": Fetch.objects.filter(source=source).first(),
    }
