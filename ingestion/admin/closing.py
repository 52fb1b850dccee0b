"""Closing many jobs: first which would close and where they stand, then at once."""

from collections import Counter
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from ingestion.actions.editing import close_posting
from ingestion.forms.postings import CloseForm
from ingestion.models import Job

MOST = 500  # jobs of one go
SHOWN = 25  # named on the page that asks
CONFIRMED = "confirmed"


def ask_or_close(admin: Any, request: HttpRequest, rows: QuerySet[Job]) -> HttpResponse | None:
    """Answer the action of the list: the page that says what would close, or the closing itself.

    What is closed is what the page named or counted, whatever has come to the list since.
    """
    if rows.count() > MOST:
        told = f"Choose {MOST} jobs at most; a filter helps. Nothing was changed."
        admin.tell(request, told, ok=False)
        return None
    form = CloseForm(request.POST if CONFIRMED in request.POST else None)
    if not form.is_valid():
        return _ask(admin, request, list(rows), form)
    why = form.cleaned_data["why"]
    admin.each(
        request, rows, lambda job, actor: close_posting(job, actor=actor, why=why), done="closed"
    )
    return None


def _ask(admin: Any, request: HttpRequest, jobs: list[Job], form: CloseForm) -> HttpResponse:
    """Show which jobs would close and where they stand, and how many would not and why."""
    stay: Counter[str] = Counter()
    closing = []
    for job in jobs:
        if Job.Status.CLOSED not in Job.MOVES[Job.Status(job.status)]:
            stay[f"{job.status} already"] += 1
        elif not admin.may_write(request, job):
            stay["not yours to change: your role in their company only reads"] += 1
        else:
            closing.append(job)
    beside = [column for column in admin.list_display if callable(column)]
    context = admin.page(
        request,
        title="Close jobs: what would happen",
        closing=len(closing),
        statuses=dict(Counter(job.status for job in closing)),
        columns=[column.short_description for column in beside],
        shown=[(job, [column(job) for column in beside]) for job in closing[:SHOWN]],
        more=max(0, len(closing) - SHOWN),
        stay=dict(stay),  # a template would take the words for keys
        form=form,
        action=request.POST.get("action", ""),
        checkbox=ACTION_CHECKBOX_NAME,
        kept=[job.pk for job in closing],
        back=request.get_full_path(),
    )
    return TemplateResponse(request, "admin/ingestion/close_jobs.html", context)
