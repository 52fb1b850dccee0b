"""The calendar of publications: what goes out, is renewed and ends, moved from here by form."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.timezone import get_current_timezone_name

from distribution.actions import planned
from distribution.forms.calendar import FIRST, LAST, CalendarForm, MoveForm, View
from distribution.models import Distribution
from distribution.reports import overdue
from distribution.reports.calendar import calendar as read
from jobly.users.admin.scoped import actor_of
from jobly.users.models import principal_of

SHOWN = {"month": 5, "week": 30, "day": 500}  # entries of a day
REFUSED = 5  # told one by one
WORDS = {
    "scheduled": "goes out",
    "published": "went out",
    "renews": "is renewed",
    "relists": "is listed anew",
    "expires": "ends",
}


@dataclass(frozen=True, slots=True)
class Way:
    """Links to the neighbours of what is shown."""

    before: date
    after: date


def calendar(request: HttpRequest) -> HttpResponse:
    """Show a month, a week or a day; on POST move what was chosen, or take it off."""
    principal = principal_of(request)
    if not (principal.is_staff or principal.company_ids):
        raise PermissionDenied
    form = CalendarForm(request.GET, principal=principal)
    view, on, span = form.shown()
    rows = _rows(request, form)
    move = MoveForm(request.POST if request.method == "POST" else None)
    if move.is_bound and move.is_valid():
        _move(request, move.cleaned_data)
        return redirect(request.get_full_path())
    days, is_cut = read(rows, span, timezone.localdate(), shown=SHOWN[view])
    weeks = [days[first : first + 7] for first in range(0, len(days), 7)]
    late = overdue.delays(rows)
    context = {
        **admin.site.each_context(request),
        "opts": Distribution._meta,  # noqa: SLF001 # Django's documented API
        "title": "Calendar",
        "form": form,
        "move": move,
        "view": view,
        "on": on,
        "way": _way(view, on),
        "weeks": weeks,
        "last": span.first + timedelta(days=span.days - 1),
        "total": sum(day.total for day in days),
        "is_cut": is_cut,
        "may_move": any(one.may_move for day in days for one in day.entries)
        and (principal.is_staff or bool(principal.writable_ids)),
        "late": late,
        "late_total": sum(delay.count for delay in late),
        "words": WORDS,
        "zone": get_current_timezone_name(),
        "several": principal.is_staff or len(principal.company_ids) > 1,
        "kept": _kept(request, "on"),
        "kept_place": _kept(request, "on", "view"),
        "chosen": request.POST.getlist("chosen"),
    }
    return TemplateResponse(request, "admin/distribution/calendar.html", context)


def _rows(request: HttpRequest, form: CalendarForm) -> QuerySet[Distribution]:
    """Return the publications the person sees, narrowed as asked."""
    rows = Distribution.objects.visible_to(principal_of(request))
    known = form.cleaned_data
    if known.get("company"):
        rows = rows.filter(company=known["company"])
    return rows.filter(channel=known["channel"]) if known.get("channel") else rows


def _kept(request: HttpRequest, *without: str) -> str:
    """Return the query of the page without some names, to be continued."""
    asked = request.GET.copy()
    for name in without:
        asked.pop(name, None)
    return f"{asked.urlencode()}&" if asked else ""


def _way(view: View, on: date) -> Way:
    if view == "month":
        first = on.replace(day=1)
        before = first - timedelta(days=1)
        after = first + timedelta(days=monthrange(on.year, on.month)[1])
    else:
        step = timedelta(days=7 if view == "week" else 1)
        before, after = on - step, on + step
    return Way(max(before, FIRST), min(after, LAST))


def _move(request: HttpRequest, given: dict[str, Any]) -> None:
    """Move what was chosen or take it off; say how many were, and why others were not."""
    keys = [key for text in request.POST.getlist("chosen")[: MoveForm.MOST] if (key := _uuid(text))]
    principal = principal_of(request)
    rows = Distribution.objects.visible_to(principal).filter(pk__in=keys)
    mine = rows if principal.is_staff else rows.filter(company__in=principal.writable_ids)
    found = list(mine.select_related("channel", "job").order_by("scheduled_publish_at"))
    if keys and not found:
        raise PermissionDenied
    at = given["at"] if given["verb"] == "move" else None
    done, refused = planned.move_many(found, at, actor=actor_of(request))
    told = "moved" if at else "taken off the calendar; nothing was sent"
    if not keys:
        admin_tell(request, "Nothing was chosen; nothing was changed.", ok=False)
    for text in refused[:REFUSED]:
        admin_tell(request, text, ok=False)
    if done:
        admin_tell(request, f"{done} {told}.")


def admin_tell(request: HttpRequest, text: str, *, ok: bool = True) -> None:
    """Show one line about what happened."""
    admin.site.get_model_admin(Distribution).tell(request, text, ok=ok)  # type: ignore[attr-defined] # our admin class


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
