"""What people and programs see when a request cannot be answered: a page, or JSON below /api/.

Django hands `exception` and `reason` over by name; what they say is for the log, not for people.
"""

import math
import sys
from datetime import timedelta
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from .api import error_response


def error_page(
    request: HttpRequest, status: int, *, title: str, detail: str, code: str = "rejected"
) -> HttpResponse:
    """Answer with what happened and one next step, under the request id to ask about."""
    if request.path.startswith("/api/"):
        return error_response(request, status, code, f"{title}. {detail}")
    told = {"status": status, "title": title, "detail": detail, "request_id": _id_of(request)}
    return render(request, "errors/error.html", told, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer a request that cannot be understood."""
    return error_page(
        request,
        HTTPStatus.BAD_REQUEST,
        title="That request made no sense to us",
        detail="Nothing was changed. Go back and try again.",
        code="bad_request",
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer a person who may not do this."""
    return error_page(
        request,
        HTTPStatus.FORBIDDEN,
        title="You may not do this",
        detail="Nothing was changed. Sign in as somebody who may, or ask an owner of your company.",
        code="permission_denied",
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Answer a form that was open too long, or came from another site."""
    return error_page(
        request,
        HTTPStatus.FORBIDDEN,
        title="This form is out of date",
        detail="Nothing was changed. Go back, reload the page and send it again. If it stays so, "
        "allow cookies for this site.",
        code="permission_denied",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer an address that leads nowhere, or to something the person may not see."""
    return error_page(
        request,
        HTTPStatus.NOT_FOUND,
        title="There is nothing here",
        detail="The address may be mistyped, or what was here is gone. The search finds the rest.",
        code="not_found",
    )


def too_many(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """Answer somebody who asks too often, and say when to come back."""
    seconds = max(1, math.ceil(wait.total_seconds()))
    answer = error_page(
        request,
        HTTPStatus.TOO_MANY_REQUESTS,
        title="That was a lot of requests",
        detail=f"Nothing was changed. Please try again in {seconds} s.",
        code="too_many_requests",
    )
    answer["Retry-After"] = str(seconds)
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when we broke, or the database is away: 503 then, for it will be back.

    The page asks neither the database nor the session for anything.
    """
    status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "error"
    title, detail = "Something broke on our side", "It was noted. Please try again in a minute."
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        status, code = HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"
        title, detail = "Our database does not answer", "Please try again in a moment."
    if request.path.startswith("/api/"):
        return error_response(request, status, code, f"{title}. {detail}")
    told = {"status": status, "title": title, "detail": detail, "request_id": _id_of(request)}
    return HttpResponse(render_to_string("errors/error.html", told), status=status)


def _id_of(request: HttpRequest) -> str:
    return str(request.META.get("JOBLY_REQUEST_ID", ""))
