"""What every request goes through: an id, a forgiving slash, the live server's origin."""

import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import is_valid_path

from .live import live_origin

GetResponse = Callable[[HttpRequest], HttpResponse]
SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET_PATHS = frozenset({"/health", "/healthz", "/readyz", "/metrics"})
log = structlog.get_logger("jobly.request")


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id, in the logs, in errors and in `X-Request-ID` of the answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        known = given if SANE_ID.fullmatch(given) else uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=known)
        request.META["JOBLY_REQUEST_ID"] = known
        began = time.monotonic()
        try:
            response = get_response(request)
            response["X-Request-ID"] = known
            if request.path not in QUIET_PATHS:
                log.info(
                    "request",
                    method=request.method,
                    path=request.path,
                    status=response.status_code,
                    ms=round((time.monotonic() - began) * 1000, 1),
                )
            return response
        finally:
            structlog.contextvars.unbind_contextvars("request_id")

    return middleware


def optional_slash(get_response: GetResponse) -> GetResponse:
    """Serve `/api/v1/jobs` like `/api/v1/jobs/` without a redirect, so that a POST survives."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith("/api/") and not is_valid_path(path):
            other = path[:-1] if path.endswith("/") else path + "/"
            if is_valid_path(other):
                request.path_info = other
                request.path = request.path.removesuffix(path) + other
        return get_response(request)

    return middleware


def live_origin_policy(get_response: GetResponse) -> GetResponse:
    """Name the live server in the page's content security policy."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        origin = live_origin(request)
        directives = {"connect-src": [origin, origin.replace("http", "ws", 1)]}
        if request.path.startswith("/admin/"):
            # unfold's Alpine.js evaluates expressions found in attributes of its own templates
            directives["script-src"] = ["'unsafe-eval'"]
        response._csp_update = directives  # type: ignore[attr-defined] # noqa: SLF001 # django-csp
        return response

    return middleware


def client_ip(request: HttpRequest) -> str:
    """Return the caller's address, trusting one X-Forwarded-For entry a known proxy."""
    hops = settings.TRUSTED_PROXY_HOPS
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if hops and len(chain) >= hops and chain[-hops]:
        return chain[-hops]
    return str(request.META.get("REMOTE_ADDR", ""))
