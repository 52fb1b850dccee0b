"""The pages on which a person watches a run, and looks at how it went."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from jobly.errors import JoblyError
from jobly.live import live_urls
from jobly.users.models import User, principal_of

from . import actions
from .actions.admission import retry
from .actions.hurrying import hurry
from .models import Run
from .reports import position
from .reports.watching import (
    log_of,
    moment_of,
    parts_of,
    people,
    repetitions,
    tries_of,
    waiting,
)

MOST_DIGITS = 9  # of a page's or an event's number


@login_required
def show_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one run as it is now; the page then follows its stream from this very number."""
    run = _visible(request, pk)
    seq = position(run.stream)  # before the rows: what happens in between is told again, not lost
    run.refresh_from_db()
    principal, now = principal_of(request), timezone.now()
    chosen, page = request.GET.get("parts", ""), _number(request, "page") or 1
    context: dict[str, Any] = {
        "run": run,
        "seq": seq,
        "live": live_urls(request),
        "now": now,
        "waiting": waiting(run, now),
        "parts": parts_of(run, principal, chosen=chosen, page=page),
        "tries": tries_of(run, now),
        "people": people(run.history),
        "log": log_of(run.pk),
        "repetitions": repetitions(run, principal),
        "may_change": _may_change(request, run),
        "is_operator": principal.is_staff,
    }
    return render(request, "runs/show_run.html", context)


@login_required
def show_history(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a run as one of its events told it; `?at=` is that event's number in the run's life."""
    run = _visible(request, pk)
    moment = moment_of(run, _number(request, "at"), principal_of(request))
    context = {"run": run, "moment": moment}
    return render(request, "runs/show_history.html", context)


@require_POST
@login_required
def cancel_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop a run from its page."""
    return _change(request, pk, actions.cancel, "Cancelled, or will be at its next checkpoint.")


@require_POST
@login_required
def retry_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Do a run again from its page, and go to the new one."""
    return _change(request, pk, retry, "Started again; this is the new run.")


@require_POST
@login_required
def start_run_now(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let a run start now that is due later."""
    return _change(request, pk, hurry, "It starts as soon as a worker is free.")


def _change(
    request: HttpRequest, pk: UUID, change: Callable[..., Run], done: str
) -> HttpResponseRedirect:
    """Change a run, say what came of it, and go to the run that it is now."""
    run = _visible(request, pk)
    actor = request.user if isinstance(request.user, User) else None
    if not _may_change(request, run):
        messages.error(request, "Your role only reads; the run goes on as it is.")
        return redirect("run", pk=run.pk)
    try:
        run = change(run, actor=actor)
        messages.success(request, done)
    except JoblyError as wrong:
        messages.error(request, wrong.message)
    return redirect("run", pk=run.pk)


def _number(request: HttpRequest, name: str) -> int | None:
    """Read a number of a query; None for anything that is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


def _visible(request: HttpRequest, pk: UUID) -> Run:
    """Return the run, or 404 as for one that does not exist."""
    rows: QuerySet[Run] = Run.objects.visible_to(principal_of(request))
    return get_object_or_404(rows.select_related("company", "actor", "parent"), pk=pk)


def _may_change(request: HttpRequest, run: Run) -> bool:
    """Whether the person's role lets them stop or repeat the run."""
    return Run.objects.filter(pk=run.pk).writable_by(principal_of(request)).exists()
