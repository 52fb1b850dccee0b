"""The ledger: where every publication stood at a moment, and stands now."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from distribution.models import Distribution
from distribution.reports import history
from distribution.rules.selection import Wanted
from jobly.users.models import principal_of

from .matrix import framed

PAGE = 50
AT_MINUTE = "%Y-%m-%dT%H:%M"


def show_ledger(request: HttpRequest) -> HttpResponse:
    """Show each publication as it stood at `?at=`, which is the present when left out."""
    moment, wrong = _moment(request)
    wanted = Wanted.of(dict(request.GET.lists()))
    rows = history.as_of(_narrowed(request, wanted), moment)
    counts = history.counted(rows)
    if wanted.status:
        rows = rows.filter(then__in=wanted.status)
    page = Paginator(rows.order_by("-id"), PAGE).get_page(request.GET.get("page"))
    at = timezone.localtime(moment).strftime(AT_MINUTE)
    context = framed(
        request,
        title="Ledger",
        page=page,
        at=at,
        moment=moment,
        wrong=wrong,
        counts=counts,
        narrowed={status: wanted.query(status=status, at=at) for status in counts},
        chosen=wanted.status,
        changed=history.changed_since(rows),
        query=wanted.query(at=at),
        fields=[(k, v) for k, v in wanted.to_dict().items() if isinstance(v, str)],
        numbers=wanted.job,
    )
    return TemplateResponse(request, "admin/distribution/show_ledger.html", context)


def _moment(request: HttpRequest) -> tuple[datetime, str]:
    """Read the moment asked for, in the person's zone; what is none is said and is the present."""
    text = request.GET.get("at", "").strip()
    now = timezone.now()
    if not text:
        return now, ""
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        return now, f"“{text[:40]}” is no day and time, such as 2026-11-30T09:00; this is now."
    return (timezone.make_aware(found) if timezone.is_naive(found) else found), ""


def _narrowed(request: HttpRequest, wanted: Wanted) -> Any:
    """Return the publications a person may see, narrowed to jobs, a file or a company."""
    rows = Distribution.objects.visible_to(principal_of(request)).with_names()
    rows = rows.defer("job__description_html", "job__description_text")
    if wanted.job:
        rows = rows.filter(job__in=wanted.job)
    if wanted.q:
        rows = rows.filter(job__title__icontains=wanted.q)
    for name, path in (("company", "company__slug"), ("upload", "upload_id")):
        value = getattr(wanted, name)
        if value:
            rows = rows.filter(**{path: value}) if _fits(name, value) else rows.none()
    return rows


def _fits(name: str, value: str) -> bool:
    return name != "upload" or (len(value) == 36 and value.count("-") == 4)  # noqa: PLR2004 # a UUID as text
