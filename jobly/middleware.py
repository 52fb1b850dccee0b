"""What every request goes through: an id, a forgiving slash, one answer a key, page policy."""

import hashlib
import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.conf import settings
from django.db.transaction import get_rollback, set_rollback
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from .api import UNTELLABLE, error_response, not_found
from .crypto import Sealed, seal
from .errorpages import bad_request
from .live import live_origin
from .runs.actions import transaction
from .users.actions import begin_call, end_call, forget_calls
from .users.models import IdempotentCall

GetResponse = Callable[[HttpRequest], HttpResponse]
SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MAX_KEY = 200  # characters
TRY_LATER = 429
FIRST_SERVER_ERROR = 500
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


def untellable(get_response: GetResponse) -> GetResponse:
    """Call a value that the database cannot read the sender's mistake, not ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, UNTELLABLE):
            return None
        log.warning("a value that cannot be stored", exc_info=exception)
        return bad_request(request, exception)

    middleware.process_exception = process_exception  # type: ignore[attr-defined] # Django's own
    return middleware


def optional_slash(get_response: GetResponse) -> GetResponse:
    """Serve `/api/v1/jobs` like `/api/v1/jobs/` without a redirect, so that a POST survives."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith("/api/") and not _leads_somewhere(path):
            other = path[:-1] if path.endswith("/") else path + "/"
            if _leads_somewhere(other):
                request.path_info = other
                request.path = request.path.removesuffix(path) + other
        return get_response(request)

    return middleware


def _leads_somewhere(path: str) -> bool:
    """Whether a route other than the API's own 404 answers a path."""
    try:
        return resolve(path).func is not not_found
    except Resolver404:
        return False


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


def idempotency(get_response: GetResponse) -> GetResponse:
    """Answer a repeated write with the same `Idempotency-Key` like the first time, for a day."""

    def middleware(request: HttpRequest) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method not in WRITES or not request.path.startswith("/api/"):
            return get_response(request)
        caller = _caller(request)
        if not caller or len(key) > MAX_KEY:
            return error_response(request, 400, "bad_key", "Idempotency-Key: 1 to 200 characters.")
        return _once(request, get_response, caller, key)

    return middleware


def _once(request: HttpRequest, get_response: GetResponse, caller: str, key: str) -> HttpResponse:
    """Do a write and keep its answer in one transaction, or give the answer that it had before.

    Whoever is told by a lost connection that nobody knows may therefore just send it again.
    """
    request_hash = _request_hash(request)
    if request.method == "POST":
        _ = request.POST  # a slow sender must not keep a transaction open
    forget_calls(caller)
    with transaction():
        earlier = begin_call(caller, key, request_hash)
        if earlier is not None:
            return _repeat(request, earlier, request_hash)
        response = get_response(request)
        failed = response.status_code >= FIRST_SERVER_ERROR or get_rollback()
        if failed or response.status_code == TRY_LATER:
            set_rollback(True)  # no answer to keep: the same request may well succeed later
        elif not response.streaming:
            call = IdempotentCall(caller=caller, key=key, request_hash=request_hash)
            # sealed: an answer may hold a secret that is shown only once
            call.status, call.body = response.status_code, _sealed(response.content)
            call.content_type = response.headers.get("Content-Type", "")
            end_call(call)
        return response


def _sealed(body: bytes) -> bytes:
    return seal({"body": body.decode("utf-8", "surrogateescape")}).encode()


def _opened(kept: bytes | memoryview) -> bytes:
    """Read an answer that was kept. Raises: AuthExpired when the key that sealed it is gone."""
    body: str = Sealed(bytes(kept).decode()).open()["body"]
    return body.encode("utf-8", "surrogateescape")


def _caller(request: HttpRequest) -> str:
    """Name the credentials of a request without keeping them; empty when it has none."""
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    credentials = request.headers.get("Authorization", "") or session
    return hashlib.sha256(credentials.encode()).hexdigest() if credentials else ""


def _request_hash(request: HttpRequest) -> str:
    """Say what was asked; of a file only its length, so that it need not fit into memory."""
    is_file = (request.content_type or "").startswith("multipart/")
    body = request.headers.get("Content-Length", "").encode() if is_file else request.body
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


def _repeat(request: HttpRequest, earlier: IdempotentCall, request_hash: str) -> HttpResponse:
    """Give the first answer again, or say why there is none to give."""
    if earlier.request_hash != request_hash:
        detail = "This Idempotency-Key was used for another request; nothing was done."
        return error_response(request, 422, "key_reused", detail)
    if earlier.status is None:
        detail = "The first request with this Idempotency-Key is still under way."
        return error_response(request, 409, "in_flight", detail)
    response = HttpResponse(
        _opened(earlier.body), status=earlier.status, content_type=earlier.content_type
    )
    response["Idempotent-Replayed"] = "true"
    return response
