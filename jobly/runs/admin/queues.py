"""Admin of queues: what waits, who serves it, pause it and let it go on."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from jobly.errors import JoblyError
from jobly.runs.actions import queues
from jobly.runs.models import Queue, SignOfLife
from jobly.runs.reports.alarms import alive, watchdogs
from jobly.runs.reports.queues import COUNTED, lines
from jobly.runs.reports.schedules import database_time
from jobly.users.admin.scoped import OperatorsLook, actor_of

INTRO = (
    "Runs wait in queues until a worker takes them. From a paused queue none is taken; what runs "
    "goes on, and so does what a command does in the foreground."
)


@admin.register(Queue)
class QueueAdmin(OperatorsLook):
    """The queues and those who serve them, on one page."""

    intro = INTRO

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that the buttons post to."""
        pause, resume = map(self.admin_site.admin_view, (self.pause, self.resume))
        return [
            path("<str:name>/pause/", pause, name="runs_queue_pause"),
            path("<str:name>/resume/", resume, name="runs_queue_resume"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show every queue, and every worker and clock that showed life lately."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = database_time()
        signs = list(SignOfLife.objects.order_by("name"))
        context = self.page(
            request,
            title="Queues",
            intro=self.intro,
            lines=lines(),
            counted=COUNTED,
            watchdogs=watchdogs(),
            signs=[(sign, alive(sign, now)) for sign in signs],
        )
        return TemplateResponse(request, "admin/runs/queues.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the one page there is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("admin:runs_queue_changelist")

    def pause(self, request: HttpRequest, name: str) -> HttpResponse:
        """Pause a queue."""
        why = request.POST.get("why", "").strip()
        change = partial(queues.pause, name, why=why, actor=actor_of(request))
        return self._change(request, change, "is paused; what runs goes on")

    def resume(self, request: HttpRequest, name: str) -> HttpResponse:
        """Let a queue go on."""
        change = partial(queues.resume, name, actor=actor_of(request))
        return self._change(request, change, "goes on; its workers were told")

    def _change(self, request: HttpRequest, change: Any, told: str) -> HttpResponse:
        """Do what a button says, and say what came of it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_module_permission(request):
            raise PermissionDenied
        try:
            self.message_user(request, f"The queue {change()} {told}.", "SUCCESS")
        except JoblyError as wrong:
            self.message_user(request, wrong.message, "ERROR")
        return redirect("admin:runs_queue_changelist")
