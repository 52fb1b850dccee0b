"""The ledger: where every publication stood at a moment, and stands now."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from distribution.filtersets import by_slug_or_id
from distribution.models import Distribution
from distribution.reports import history
from distribution.rules.selection import Wanted
from jobly.users.models import principal_of

from .applicant_pages import uuid_of
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
        if found is not None:
            return timezone.localtime(_aware(found)), ""
    except (ValueError, OverflowError):  # no such day, or one before or after all of ours
        pass
    return now, f"“{text[:40]}” is no day and time, such as 2026-11-30T09:00; this is now."


def _aware(found: datetime) -> datetime:
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def _narrowed(request: HttpRequest, wanted: Wanted) -> Any:
    """Return the publications a person may see, narrowed to jobs, a file or a company."""
    rows = Distribution.objects.visible_to(principal_of(request)).with_names()
    rows = rows.defer("job__description_html", "job__description_text")
    if wanted.job:
        rows = rows.filter(job__in=wanted.job)
    if wanted.q:
        rows = rows.filter(job__title__icontains=wanted.q)
    if wanted.company:
        rows = rows.filter(by_slug_or_id(wanted.company, "company__"))
    return rows.filter(upload_id=uuid_of(wanted.upload)) if wanted.upload else rows
