"""Admin of webhooks that go out: endpoints, what each was told, and telling it again."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from distribution.actions import endpoints
from distribution.forms.endpoints import EndpointForm
from distribution.models import HookDelivery, HookEndpoint, HookTry
from distribution.rules.samples import SAMPLES
from jobly.errors import JoblyError
from jobly.users.admin.scoped import CompanyFilter, CompanyScopedAdmin, moment, scoped_choices
from jobly.users.models import Company

from .applicant_pages import uuid_of

SHOWN = 30  # tellings on the page
STATES = {"told": "success", "does not take it": "warning", "cut off": "danger", "off": "secondary"}


@admin.register(HookEndpoint)
class HookEndpointAdmin(CompanyScopedAdmin):
    """Addresses that hear what happens; the secret is shown once."""

    form = EndpointForm
    list_display = ("url", "state", "waits", "given_up", "since", "company")
    list_filter = ("enabled", CompanyFilter)
    list_select_related = ("company",)
    search_fields = ("url", "description")
    ordering = ("company__name", "-id")
    change_form_outer_before_template = "admin/distribution/_endpoint.html"
    intro = "Addresses of yours that hear what happens, signed; each telling is kept for 30 days."
    add_words = "Add an endpoint"
    empty_words = "Nobody is told yet: add an address of yours that takes events."

    def get_queryset(self, request: HttpRequest) -> QuerySet[HookEndpoint]:
        """Count what waits and what was given up beside each."""
        rows: Any = super().get_queryset(request)
        counted: QuerySet[HookEndpoint] = rows.with_counts()
        return counted

    def get_urls(self) -> list[URLPattern]:
        """Add the address the buttons post to."""
        decide = self.admin_site.admin_view(self.decide)
        name = "distribution_hookendpoint_decide"
        return [path("<uuid:pk>/decide/", decide, name=name), *super().get_urls()]

    def get_form(
        self, request: HttpRequest, obj: HookEndpoint | None = None, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        """Choose the company once; of one company it is chosen already."""
        form: type[ModelForm[Any]] = super().get_form(request, obj, **kwargs)
        if "company" in form.base_fields:
            rows = scoped_choices(Company, request)
            form.base_fields["company"].initial = rows.first() if rows is not None else None
        return form

    def get_readonly_fields(
        self, request: HttpRequest, obj: HookEndpoint | None = None
    ) -> tuple[str, ...]:
        """Fix whose it is."""
        return () if obj is None else ("company",)

    def save_model(
        self, request: HttpRequest, obj: HookEndpoint, form: ModelForm[Any], change: bool
    ) -> None:
        """Write through the actions; a new secret is shown this once."""
        given = form.cleaned_data
        columns = {name: given[name] for name in ("url", "events", "description")}
        if change:
            endpoints.change_endpoint(obj, **columns)
            return
        row, secret = endpoints.create_endpoint(given["company"], **columns)
        obj.pk = row.pk
        self.tell(request, f"Copy this secret now, it is not shown again: {secret}")

    def response_add(
        self, request: HttpRequest, obj: HookEndpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to its page, where it can be pinged."""
        return redirect("admin:distribution_hookendpoint_change", obj.pk)

    def delete_model(self, request: HttpRequest, obj: HookEndpoint) -> None:
        """Remove it with its log."""
        endpoints.remove_endpoint(obj)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how it does and what it was told above its settings."""
        tries = Prefetch("attempts", HookTry.objects.order_by("number"))
        told = HookDelivery.objects.filter(endpoint__pk=uuid_of(object_id)).order_by("-id")
        known = {"told": told.prefetch_related(tries)[:SHOWN], "samples": SAMPLES}
        shown: HttpResponse = super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **known}
        )
        return shown

    def decide(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Do what a button says, and come back to the page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.get_object(request, str(pk))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))
        if not self.may_write(request, row):
            raise PermissionDenied
        try:
            self.tell(request, _carry_out(row, request))
        except JoblyError as wrong:
            self.tell(request, wrong.message, ok=False)
        return redirect(reverse("admin:distribution_hookendpoint_change", args=[row.pk]) + "#told")

    @display(description="State", label=STATES)
    def state(self, row: HookEndpoint) -> str:
        """Say how it does, in words."""
        if not row.enabled:
            return "cut off" if row.disabled_reason else "off"
        return "does not take it" if row.failing_since else "told"

    @display(description="Waiting")
    def waits(self, row: HookEndpoint) -> int:
        """Say how much it is still to be told."""
        return getattr(row, "waiting", 0)

    @display(description="Given up")
    def given_up(self, row: HookEndpoint) -> int:
        """Say how much was given up."""
        return getattr(row, "dead", 0)

    @display(description="Failing since", ordering="failing_since")
    def since(self, row: HookEndpoint) -> SafeString | str:
        """Say since when it takes nothing."""
        return moment(row.failing_since, "–")


def _carry_out(row: HookEndpoint, request: HttpRequest) -> str:
    """Do what a button says and return what to tell. Raises: JoblyError."""
    verb = request.POST.get("verb", "")
    if verb == "ping":
        endpoints.ping(row)
        return "A ping is on its way; look at its line below in a moment."
    if verb == "rotate":
        secret = endpoints.rotate_secret(row)
        return f"Copy this secret now, it is not shown again; for a day both sign: {secret}"
    if verb in ("on", "off"):
        endpoints.change_endpoint(row, enabled=verb == "on")
        return "It is told again." if verb == "on" else "It is told nothing more."
    if verb == "replay_dead":
        return f"{endpoints.replay_dead(row)} events are told again, under their own ids."
    told = row.deliveries.filter(pk=uuid_of(request.POST.get("delivery", ""))).first()
    if verb == "replay" and told is not None:
        endpoints.replay(told)
        return "It is told again, under its own id."
    return "Nothing was changed."
