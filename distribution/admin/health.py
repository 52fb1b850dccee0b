"""How the boards are, side by side, with the switch that lets calls through again."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from distribution.actions import boards
from distribution.models import Channel
from distribution.reports.health import board_healths
from jobly.users.models import principal_of

from .matrix import framed

MOST = 100  # boards on the page


def show_health(request: HttpRequest) -> HttpResponse:
    """Show allowance, breaker, answer times and the last night of each board."""
    principal = principal_of(request)
    rows = Channel.objects.visible_to(principal).select_related("company")
    channels = list(rows.order_by("company__name", "slug")[:MOST])
    shown = [
        (one, boards.health(one.channel) if one.channel.is_called else None)
        for one in board_healths(channels)
    ]
    context = framed(
        request,
        title="Board health",
        boards=shown,
        writable={row.pk for row in channels if principal.may_write(row.company_id)},
        several=principal.is_staff or len(principal.company_ids) > 1,
        now=timezone.now(),
    )
    return TemplateResponse(request, "admin/distribution/show_health.html", context)


def reset_board(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let calls to a board through again by hand."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    principal = principal_of(request)
    channel = Channel.objects.visible_to(principal).filter(pk=pk).first()
    if channel is None:
        raise Http404("There is no such channel.")
    if not principal.may_write(channel.company_id):
        raise PermissionDenied
    boards.reset_breaker(channel)
    return redirect("admin:distribution_distribution_health")
