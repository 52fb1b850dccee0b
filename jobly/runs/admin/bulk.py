"""Changing many runs: first what would happen, then at once or as a run of its own."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from jobly.errors import JoblyError
from jobly.runs.actions.bulk import VERBS, change_now, start_bulk
from jobly.runs.actions.claims import clock
from jobly.runs.models import Run, RunQuerySet
from jobly.runs.reports.bulk import plan_bulk, selected
from jobly.runs.rules.selection import Selection
from jobly.users.admin.scoped import actor_of
from jobly.users.models import principal_of

AT_ONCE = 50  # runs, a page of the list; more than that is work of its own
CONFIRMED = "confirmed"


def ask_or_change(admin: Any, request: HttpRequest, verb: str, rows: QuerySet[Run]) -> Any:
    """Answer an action of the list: the page that says what would change, or the change itself."""
    until = _until(request)
    chosen: RunQuerySet = _meant(request, until)
    if not _is_across(request):
        if rows.count() > AT_ONCE:
            told = f"Choose at most {AT_ONCE} runs, or all that match. Nothing was changed."
            messages.error(request, told)
            return None
        chosen = chosen.filter(pk__in=rows.values("pk"))
    if CONFIRMED not in request.POST:
        return _ask(admin, request, verb, (chosen, until))
    return _change(request, verb, chosen, until)


def _ask(
    admin: Any, request: HttpRequest, verb: str, meant: tuple[RunQuerySet, datetime]
) -> HttpResponse:
    """Show how many of which status would change, and why the others would not."""
    rows, until = meant
    principal = principal_of(request)
    plan = plan_bulk(rows, verb, principal)
    kept = request.POST.getlist(ACTION_CHECKBOX_NAME)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": f"{VERBS[verb].name}: what would happen",
        "verb": VERBS[verb],
        "plan": plan,
        "filters": _filters(request) if _is_across(request) else {},
        "is_across": _is_across(request),
        "in_background": plan.changing > AT_ONCE,
        "action": request.POST.get("action", ""),
        "kept": kept[:1] if _is_across(request) else kept,
        "checkbox": ACTION_CHECKBOX_NAME,
        "until": until.isoformat(),
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, "admin/runs/confirm_bulk.html", context)


def _change(
    request: HttpRequest, verb: str, rows: RunQuerySet, until: datetime
) -> HttpResponse | None:
    """Do it: a page of runs at once, more than that as a run that one can watch."""
    actor = actor_of(request)
    if actor is None:
        return None
    waiting = rows.writable_by(principal_of(request)).open_to(verb)
    few = list(waiting.defer("args", "result", "history")[: AT_ONCE + 1])
    try:
        if len(few) > AT_ONCE:
            run = start_bulk(verb, _selection(request), until=until, actor=actor)
            messages.success(request, "It is being done; this page follows along.")
            return redirect("run", pk=run.pk)
        changed = change_now(verb, few, actor=actor)
        word = "run" if changed == 1 else "runs"
        messages.success(request, f"{changed} {word} {VERBS[verb].done}.")
    except JoblyError as wrong:
        messages.error(request, wrong.message)
    return None


def _is_across(request: HttpRequest) -> bool:
    """Whether all that match are meant, not only what is ticked."""
    return request.POST.get("select_across") == "1"


def _selection(request: HttpRequest) -> Selection:
    return Selection.of(request.GET.dict())


def _meant(request: HttpRequest, until: datetime) -> RunQuerySet:
    """Return the runs that the list showed, all its pages, at the moment of the question."""
    return selected(_selection(request), principal_of(request), until=until)


def _until(request: HttpRequest) -> datetime:
    """Return the moment of the question: what began later was not asked about."""
    try:
        asked = datetime.fromisoformat(request.POST.get("until", ""))
    except ValueError:
        return clock()
    return asked if asked.tzinfo else clock()


def _filters(request: HttpRequest) -> dict[str, str]:
    """Name the filters in force as the list does."""
    names = {"q": "words", "standing": "stands out", "error_code": "error", "since": "asked for"}
    given = _selection(request).to_dict()
    start = _selection(request).starting(timezone.now())
    if start is not None:
        given["since"] = f"since {start:%Y-%m-%d %H:%M} UTC"
    return {names.get(name, name): value for name, value in given.items()}
