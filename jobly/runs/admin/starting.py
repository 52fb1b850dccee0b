"""The page on which an operator starts work: something new, or a run again with other input."""

import inspect
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html

from jobly.errors import JoblyError
from jobly.runs import actions
from jobly.runs.actions.admission import admit
from jobly.runs.actions.kinds import RunKind, find_kind
from jobly.runs.forms import InputForm, KindForm, StartForm
from jobly.runs.models import Run
from jobly.runs.reports.queues import paused
from jobly.users.admin.scoped import actor_of
from jobly.users.models import Company, principal_of


def start_work(admin: Any, request: HttpRequest) -> HttpResponse:
    """Ask for a kind, then for its arguments, then start it. `?like=` or `?replay=` names a run."""
    if not principal_of(request).is_staff:
        raise PermissionDenied
    replayed, model = _run(request, "replay"), _run(request, "like")
    source = replayed or model
    name = source.kind if source else request.GET.get("kind", "")
    kind = find_kind(name) if name else None
    if kind is None:
        form: Form = KindForm(request.GET if name else None)
        return _page(admin, request, form=form, step="kind", title="Start work")
    form = _form(request, kind, source, is_replay=replayed is not None)
    if form.is_valid():
        try:
            run = _start(request, form, replayed)
        except JoblyError as wrong:
            form.add_error(None, wrong.message)
        else:
            words = "Started again with this input; the run is new." if replayed else "Started."
            admin.tell(request, words)
            return redirect("run", pk=run.pk)
    title = "Do it again with other input" if replayed else "Start work"
    shown = {"form": form, "kind": kind, "source": source, "replayed": replayed}
    shown["about"] = inspect.getdoc(kind.body) or ""
    return _page(
        admin, request, **shown, step="input", title=title, paused=paused().get(kind.queue)
    )


def _form(request: HttpRequest, kind: RunKind, source: Run | None, *, is_replay: bool) -> InputForm:
    sent = (request.POST,) if request.method == "POST" else ()
    given = source.args if source else {}
    if is_replay:
        return InputForm(*sent, kind=kind, given=given)
    company = source.company_id if source else None
    priority = source.priority if source else 0
    return StartForm(
        *sent,
        kind=kind,
        given=given,
        companies=Company.objects.order_by("name"),
        initial={"company": company, "priority": priority},
    )


def _start(request: HttpRequest, form: InputForm, replayed: Run | None) -> Run:
    """Start what was filled in. Raises: TooMany, RunMoved, WrongArguments."""
    actor = actor_of(request)
    if replayed is not None:
        admit(replayed.kind, company_id=replayed.company_id, user_id=replayed.actor_id)
        return actions.replay(replayed, actor=actor, args=form.values())
    company: Company | None = form.cleaned_data["company"]
    admit(
        form.kind.name,
        company_id=company.pk if company else None,
        user_id=actor.pk if actor else None,
    )
    return actions.start(
        form.kind.name,
        form.values(),
        actor=actor,
        company=company,
        after=form.cleaned_data["start_at"],
        priority=form.cleaned_data["priority"],
    )


def _run(request: HttpRequest, name: str) -> Run | None:
    """Return the run that the query names, if it names one."""
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        key = UUID(text)
    except ValueError:
        raise Http404 from None
    run: Run | None = Run.objects.visible_to(principal_of(request)).filter(pk=key).first()
    if run is None:
        raise Http404
    if find_kind(run.kind) is None:
        raise Http404(format_html("no worker of this version knows {}", run.kind))
    return run


def _page(admin: Any, request: HttpRequest, **shown: Any) -> HttpResponse:
    context = admin.page(request, **shown)
    return TemplateResponse(request, "admin/runs/start_work.html", context)
