"""One job on every channel before it is sent: payload, look, lint, fixes, and what would change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from distribution.forms.previewing import WhatIfForm
from distribution.models import Channel, Distribution
from distribution.reports.content import TOLD, content_for
from distribution.reports.previews import Column, newest_version, preview_all
from distribution.rules import whatif
from distribution.rules.lint.findings import Finding
from ingestion.models import Job
from jobly.users.models import principal_of

LANGUAGE_OF_FORM = "%Y-%m-%d"  # dates, as browsers send them


@dataclass(frozen=True, slots=True)
class Line:
    """One finding as the page shows it: with what its fix's field says now."""

    finding: Finding
    old: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One column of the page."""

    column: Column
    lines: list[Line]


def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a job on each channel of its company; a POST shows it in other words, saving nothing."""
    job = _job(request, pk)
    principal = principal_of(request)
    channels = Channel.objects.visible_to(principal).usable().filter(company=job.company_id)
    now = timezone.now()
    content = content_for(job)
    written = whatif.written(content)
    closes = job.expires_at.strftime(LANGUAGE_OF_FORM) if job.expires_at else ""
    form = WhatIfForm(request.POST if request.method == "POST" else None, initial=written)
    wish: dict[str, str] = form.cleaned_data if form.is_valid() else {}
    seen = preview_all(job, list(channels.order_by("slug")), now=now, wish=wish)
    for name, message in seen.unread.items():
        form.add_error(name if name in form.fields else None, f"{message} Nothing else was shown.")
    context = {
        **admin.site.each_context(request),
        "opts": Distribution._meta,  # noqa: SLF001 # Django's documented API
        "title": f"Preview {job.title}",
        "job": job,
        "columns": [_shown(column, {**written, "closes": closes}) for column in seen.columns],
        "seen": seen,
        "form": form,
        "is_changed": bool(wish) and (seen.changed > 0 or _moves(seen.columns)),
        "touched": _touched(written, wish),
        "may_write": principal.may_write(job.company_id),
        "base": newest_version(job),
        "here": request.path,
        "publish": f"{reverse('admin:distribution_distribution_publish')}?job={job.pk}",
    }
    return TemplateResponse(request, "admin/distribution/preview_job.html", context)


def _job(request: HttpRequest, pk: int) -> Job:
    """Return a company's own job that the person sees; another does not exist."""
    principal = principal_of(request)
    rows = Job.objects.visible_to(principal).select_related("company", *TOLD)
    if not principal.is_staff:
        rows = rows.filter(company__in=principal.company_ids)
    job = rows.filter(pk=pk).exclude(company=None).first()
    if job is None:
        raise Http404("There is no such job.")
    return job


def _shown(column: Column, fields: Mapping[str, str]) -> Shown:
    lines = [
        Line(found, fields.get(found.fix.field, "") if found.fix else "")
        for found in column.findings
    ]
    return Shown(column, lines)


def _moves(columns: list[Column]) -> bool:
    return any(column.appeared or column.gone for column in columns)


def _touched(written: Mapping[str, str], wish: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (field, what it says now, what was typed) of what a person changed."""
    return [
        (name, written[name], text)
        for name, text in wish.items()
        if name in written and text.strip().splitlines() != written[name].strip().splitlines()
    ]
