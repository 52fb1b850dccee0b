"""What runs wait for."""

from django import template
from django.template import Context

from jobly.runs.models import Run
from jobly.runs.reports.queues import paused

register = template.Library()


@register.simple_tag(takes_context=True)
def waits_for(context: Context, run: Run) -> str:
    """Say what a run without a step waits for; the queues are read once a page."""
    if run.status != Run.Status.QUEUED:
        return ""
    kept = context.render_context
    if "paused_queues" not in kept:
        kept["paused_queues"] = paused()
    return "its queue is paused" if run.queue in kept["paused_queues"] else "waiting for a worker"
