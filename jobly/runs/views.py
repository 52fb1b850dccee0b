"""The page on which a person watches a run."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from jobly.errors import JoblyError
from jobly.live import live_urls
from jobly.users.models import User, principal_of

from . import actions
from .models import Run
from .reports import position

MOST_CHILDREN = 200  # shown on the page; their number is exact above them


@login_required
def show_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one run as it is now; the page then follows its stream from this very number."""
    run = _visible(request, pk)
    seq = position(run.stream)  # before the rows: what happens in between is told again, not lost
    run.refresh_from_db()
    children = Run.objects.visible_to(principal_of(request)).filter(parent=run)
    context: dict[str, Any] = {
        "run": run,
        "seq": seq,
        "live": live_urls(request),
        "children": children.order_by("created_at")[:MOST_CHILDREN],
        "children_total": children.count(),
        "timeline": run.history,
        "may_change": _may_change(request, run),
        "source_run": run.replay_of_id,
    }
    return render(request, "runs/show_run.html", context)


@require_POST
@login_required
def cancel_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop a run from its page."""
    return _change(request, pk, "cancel")


@require_POST
@login_required
def retry_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Do a run again from its page, and go to the new one."""
    return _change(request, pk, "retry")


def _change(request: HttpRequest, pk: UUID, verb: str) -> HttpResponseRedirect:
    """Cancel or repeat a run, and say what came of it."""
    run = _visible(request, pk)
    actor = request.user if isinstance(request.user, User) else None
    if not _may_change(request, run):
        messages.error(request, "Your role only reads; the run goes on as it is.")
        return redirect(reverse("run", args=[run.pk]))
    try:
        if verb == "cancel":
            run = actions.cancel(run, actor=actor)
            messages.success(request, "Cancelled, or will be at its next checkpoint.")
        else:
            run = actions.retry(run, actor=actor)
            messages.success(request, "Started again; this is the new run.")
    except JoblyError as wrong:
        messages.error(request, wrong.message)
    return redirect(reverse("run", args=[run.pk]))


def _visible(request: HttpRequest, pk: UUID) -> Run:
    """Return the run, or 404 as for one that does not exist."""
    rows: QuerySet[Run] = Run.objects.visible_to(principal_of(request))
    return get_object_or_404(rows.select_related("company", "actor"), pk=pk)


def _may_change(request: HttpRequest, run: Run) -> bool:
    """Whether the person's role lets them stop or repeat the run."""
    principal = principal_of(request)
    own = run.company_id is None and run.actor_id == principal.user_id
    return own or principal.may_write(run.company_id)
