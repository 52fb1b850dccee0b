"""What pages about sources say above everything else."""

from typing import Any

from django import template

from ingestion.models import Acknowledgement

register = template.Library()


@register.inclusion_tag("admin/ingestion/_robots_banner.html", takes_context=True)
def robots_banner(context: dict[str, Any]) -> dict[str, Any]:
    """Say for which sources robots.txt is not obeyed, for as long as that holds."""
    user = getattr(context.get("request"), "user", None)
    if not getattr(user, "is_staff", False):
        return {"rows": []}
    rows = Acknowledgement.objects.without_robots().select_related("source")
    return {"rows": list(rows.order_by("source__name")[:20])}
