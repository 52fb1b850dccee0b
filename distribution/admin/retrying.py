"""Retry all publications that a filter means: first what would happen, then as work of its own."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from distribution.actions.retrying import start_retry
from distribution.forms.retrying import RetryForm
from distribution.models import Distribution
from distribution.reports.matrix import TRIED, Scope, retryable
from distribution.rules.selection import Wanted
from jobly.errors import TooMany
from jobly.runs.actions.claims import clock
from jobly.users.admin.scoped import actor_of
from jobly.users.models import principal_of

from .matrix import framed, scope_for

# the list's own filters, by the names that the filter of this page has for them
OF_LIST = {
    "status__exact": "status",
    "status__in": "status",
    "channel": "channel",
    "upload": "upload",
    "company": "company",
    "q": "q",
    "job__id__exact": "job",
    "error_code": "code",
    "error_code__exact": "code",
}
# how the list is turned over and sorted, which narrows nothing
TURNING = frozenset({"o", "p", "all", "_changelist_filters"})


def retry_all(request: HttpRequest) -> HttpResponse:
    """Show how many publications would be sent again; on POST start the work."""
    scope = scope_for(request)
    actor = actor_of(request)
    if actor is None or not principal_of(request).may_write(scope.company.pk):
        raise PermissionDenied
    form = RetryForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            run = start_retry(scope, until=given["until"], why=given["why"], actor=actor)
            messages.success(request, "They are being sent again; this page follows along.")
            return redirect("run", pk=run.pk)
        except TooMany as full:
            form.add_error(None, full.message)
    until = clock()
    context = framed(
        request,
        title="Retry all matching",
        scope=scope,
        form=form,
        until=until.isoformat(),
        **_plan(scope, until),
        filters=_filters(scope),
        back=f"{reverse('admin:distribution_distribution_matrix')}?{scope.wanted.query()}",
    )
    return TemplateResponse(request, "admin/distribution/retry_matching.html", context)


def _plan(scope: Scope, until: datetime) -> dict[str, Any]:
    """Count what would be sent again by board and status, and what stays as it is and why."""
    rows = retryable(scope, until).order_by()
    groups = list(rows.values_list("channel__name", "status").annotate(n=Count("pk")))
    matching = Counter(dict(scope.rows().order_by().values_list("status").annotate(n=Count("pk"))))
    changing = sum(count for _, _, count in groups)
    bad = sum(matching[status] for status in TRIED)
    left = {
        "did not fail": matching.total() - bad,
        "were retried as often as they may be; change the job, or close them and publish anew": bad
        - changing,
    }
    return {
        "groups": sorted(groups),
        "changing": changing,
        "matching": matching.total(),
        "left": {reason: count for reason, count in left.items() if count > 0},
    }


def _filters(scope: Scope) -> dict[str, str]:
    """Name what narrows the publications, as people call it."""
    wanted = scope.wanted
    found = {
        "company": scope.company.name,
        "work": "the run it came from" if scope.run else "",
        "file": str(scope.upload or ""),
        "status": ", ".join(wanted.status).replace("_", " "),
        "board": ", ".join(str(one) for one in scope.channels) if wanted.channel else "",
        "words": wanted.q,
        "error": wanted.code,
        "jobs": f"{len(wanted.job)} chosen" if wanted.job else "",
    }
    return {name: value for name, value in found.items() if value}


def retry_matching(
    pages: Any, request: HttpRequest, _queryset: QuerySet[Distribution]
) -> HttpResponse | None:
    """Lead from the list to the page that says what retrying all it shows would do.

    A filter that the page has no word for would be left out there: that is refused.
    """
    others = [name for name in request.GET if name not in {*OF_LIST, *TURNING}]
    if others:
        names = ", ".join(sorted({name.partition("__")[0].replace("_", " ") for name in others}))
        text = (
            f"The list is narrowed by {names} too, which a retry of all cannot follow. Take that"
            " away, or tick publications and retry the selected. Nothing was changed."
        )
        pages.tell(request, text, ok=False)
        return None
    given = {OF_LIST[name]: request.GET.getlist(name) for name in request.GET if name in OF_LIST}
    query = Wanted.of(given).query()
    return redirect(f"{reverse('admin:distribution_distribution_retry_all')}?{query}")
