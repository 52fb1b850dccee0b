"""The admin as the recruiters' dashboard: who may enter, and which site it is."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.sites import UnfoldAdminSite


class JoblyAdminConfig(AdminConfig):
    """Django's admin with our site as the default one."""

    default_site = "jobly.adminsite.JoblyAdminSite"


class JoblyAdminSite(UnfoldAdminSite):
    """Open to operators and to every member of a company; rows are scoped by each page."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the person may see the admin at all."""
        from jobly.users.models import principal_of  # noqa: PLC0415 # models load after apps

        if not request.user.is_active:
            return False
        principal = principal_of(request)
        return principal.is_staff or bool(principal.company_ids)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead whoever is signed out to the one page where everybody signs in."""
        if request.user.is_authenticated:
            return super().login(request, extra_context)
        back = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
        return HttpResponseRedirect(f"{reverse(settings.LOGIN_URL)}?{back}")

    def admin_view(
        self, view: Callable[..., HttpResponse], *options: Any
    ) -> Callable[..., HttpResponse]:
        """Show times in the zone of the person who looks, and leave no trace of it."""
        guarded = super().admin_view(view, *options)

        def zoned(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with timezone.override(zone_of(request)):
                response: HttpResponse = guarded(request, *args, **kwargs)
                if isinstance(response, TemplateResponse):
                    response.render()
            return response

        return update_wrapper(zoned, guarded)


def zone_of(request: HttpRequest) -> ZoneInfo:
    """Return the person's time zone; UTC where it is none."""
    try:
        return ZoneInfo(getattr(request.user, "time_zone", "") or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def is_operator(request: HttpRequest) -> bool:
    """Whether the menu shows the pages of the system itself."""
    return bool(getattr(request.user, "is_staff", False))


def may_hold_keys(request: HttpRequest) -> bool:
    """Whether the menu shows people and keys: to owners and operators."""
    return bool(request.user.has_perm("users.add_apikey"))
