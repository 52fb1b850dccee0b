"""What every API route shares: the error shape, pages of lists, throttles and fast JSON."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, DataError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from . import limits
from .callers import client_ip
from .errors import JoblyError, Unavailable

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module, by its settings

log = structlog.get_logger("jobly.api")
EXACT_COUNT_UP_TO = 10_000  # rows; above it a count is an estimate (INTERFACE.md §3)
MAX_PAGE = 100
# what no column can hold or be compared with: a NUL, half a surrogate pair, a year beyond all years
UNTELLABLE = (DataError, UnicodeEncodeError)
CANNOT_BE_TOLD = "A value cannot be read: a NUL, a broken character or a figure out of all bounds."
_CURSOR = re.compile(r"(\d{1,16})-(\d{1,18})")  # microseconds since 1970, id
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FastJSON(JSONRenderer):
    """JSON by orjson; the browsable API is off, the try-out page is /api/docs/."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        """Encode once, UTF-8, no spaces."""
        if data is None:
            return b""
        return orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS)


class Pages(PageNumberPagination):
    """`?page=&limit=`; answers `{count, results, next, previous}`, exact up to 10,000 rows."""

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = MAX_PAGE

    def paginate_queryset(
        self,
        queryset: QuerySet[Any] | Sequence[Any],
        request: Request,
        view: "APIView | None" = None,
    ) -> list[Any]:
        """Cut out one page; one row more than asked for tells whether there is a next one."""
        self.asked = request
        size = self.get_page_size(request) or self.page_size
        number = _positive(request.query_params.get("page", "1"))
        start = (number - 1) * size
        rows = list(queryset[start : start + size + 1])
        self.number, self.size, self.has_more = number, size, len(rows) > size
        self.seen = start + min(len(rows), size)
        self.total = self.seen if not self.has_more else _bounded_count(queryset)
        if start and not rows:
            self.total = _bounded_count(queryset)
        return rows[:size]

    def get_paginated_response(self, data: Any) -> Response:
        """Wrap the page."""
        exact = self.total <= EXACT_COUNT_UP_TO
        body: dict[str, Any] = {
            "count": min(self.total, EXACT_COUNT_UP_TO) if exact else self.total - 1,
            "next": self._link(self.number + 1) if self.has_more else None,
            "previous": self._link(self.number - 1) if self.number > 1 else None,
            "results": data,
        }
        if not exact:
            body["count_exact"] = False
        return Response(body)

    def _link(self, number: int) -> str:
        query = self.asked.query_params.copy()
        query["page"] = str(number)
        return self.asked.build_absolute_uri(f"{self.asked.path}?{query.urlencode()}")

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the wrapping for OpenAPI."""
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["count", "results"],
            "properties": {
                "count": {"type": "integer"},
                "count_exact": {"type": "boolean"},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }


class CursorPages(Pages):
    """Pages by number, or by `?cursor=` where every page costs the same however deep it lies.

    An empty cursor begins; `next` then leads on by cursor. Rows are newest first by `newest`, a
    time, and then by id. What comes in while one leafs through moves no row to another page.
    """

    newest = "created_at"
    cursor_query_param = "cursor"

    def paginate_queryset(
        self,
        queryset: QuerySet[Any] | Sequence[Any],
        request: Request,
        view: "APIView | None" = None,
    ) -> list[Any]:
        """Cut out the page behind the cursor, or the one of the number asked for."""
        self.cursor = request.query_params.get(self.cursor_query_param)
        if self.cursor is None or not isinstance(queryset, QuerySet):
            return super().paginate_queryset(queryset, request, view)
        if request.query_params.get("ordering"):
            message = "pages by cursor are newest first: leave ordering out"
            raise exceptions.ValidationError({"cursor": [message]})
        self.asked, self.number = request, 1
        self.size = self.get_page_size(request) or self.page_size
        rows = list(self._behind(queryset)[: self.size + 1])
        self.has_more = len(rows) > self.size
        self.total = _bounded_count(queryset) if self.has_more or self.cursor else len(rows)
        self.last = rows[self.size - 1] if self.has_more else None
        return rows[: self.size]

    def _behind(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        ordered = queryset.order_by(f"-{self.newest}", "-pk").annotate(_newest=F(self.newest))
        if not self.cursor:
            return ordered
        found = _CURSOR.fullmatch(self.cursor)
        if not found:
            message = "not a cursor; take it from the last page"
            raise exceptions.ValidationError({"cursor": [message]})
        at = _EPOCH + timedelta(microseconds=int(found[1]))
        same = Q(**{self.newest: at, "pk__lt": int(found[2])})
        return ordered.filter(Q(**{f"{self.newest}__lt": at}) | same, **{f"{self.newest}__lte": at})

    def _link(self, number: int) -> str:
        if self.cursor is None or self.last is None:
            return super()._link(number)
        query = self.asked.query_params.copy()
        query.pop("page", None)
        moment = (self.last._newest - _EPOCH) // timedelta(microseconds=1)  # noqa: SLF001 # our own annotation
        query[self.cursor_query_param] = f"{moment}-{self.last.pk}"
        return self.asked.build_absolute_uri(f"{self.asked.path}?{query.urlencode()}")

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameters for OpenAPI."""
        told = "Empty to begin, then as `next` has it; each page costs the same."
        return [
            *super().get_schema_operation_parameters(view),
            {
                "name": self.cursor_query_param,
                "required": False,
                "in": "query",
                "description": told,
                "schema": {"type": "string"},
            },
        ]


def _positive(text: str) -> int:
    """Read a page number, or raise the 400 that names it."""
    is_number = text.isdecimal() and len(text) < 7  # noqa: PLR2004 # offsets are bigints
    if not is_number or not int(text):
        raise exceptions.ValidationError({"page": ["expected a whole number from 1"]})
    return int(text)


def _bounded_count(queryset: QuerySet[Any] | Sequence[Any]) -> int:
    """Count at most one row past the exact limit, whatever the table holds."""
    if not isinstance(queryset, QuerySet):
        return len(queryset)
    return queryset.order_by()[: EXACT_COUNT_UP_TO + 1].count()


class PerCaller(BaseThrottle):
    """Limit each person, key or address by a sliding window in Valkey."""

    per_minute = 1200
    anonymous_per_minute = 600

    def get_ident(self, request: Request) -> str:
        """Name the caller's address, as far as known proxies vouch for it."""
        return client_ip(request._request)  # noqa: SLF001 # the way DRF has to Django's own request

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count this call; False when the last minute is full."""
        user = request.user
        known = user.is_authenticated
        who = str(request.auth or user.pk) if known else self.get_ident(request)
        quota = self.per_minute if known else self.anonymous_per_minute
        return limits.hit(f"api:{who}", limit=quota, window=limits.MINUTE)

    def wait(self) -> float:
        """Tell the caller when to come back, in seconds."""
        return 5.0


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn any error of an API view into `{code, detail, fields?, request_id}`."""
    request: Request = context["request"]
    headers: dict[str, str] = {}
    if isinstance(exc, JoblyError):
        status, body = exc.status, {"code": exc.code, "detail": exc.message}
        if exc.fields:
            body["fields"] = exc.fields  # type: ignore[assignment] # JSON border
        if isinstance(exc, Unavailable) and exc.retry_after:
            headers["Retry-After"] = str(max(1, round(exc.retry_after.total_seconds())))
    elif isinstance(exc, Http404 | exceptions.NotFound):
        status, body = 404, {"code": "not_found", "detail": "Not found."}
    elif isinstance(exc, PermissionDenied):
        status, body = 403, {"code": "permission_denied", "detail": str(exc) or "Not allowed."}
    elif isinstance(exc, exceptions.APIException):
        status, body, headers = _of_framework(exc)
    elif isinstance(exc, DatabaseError | UnicodeEncodeError):
        status, body, headers = _of_database(exc)
    else:
        return None
    body["request_id"] = request.META.get("JOBLY_REQUEST_ID", "")
    return Response(body, status=status, headers=headers)


def _of_database(exc: Exception) -> tuple[int, dict[str, str], dict[str, str]]:
    """Tell a value that it cannot read, which is the caller's, from a database that is away."""
    if not isinstance(exc, UNTELLABLE):
        log.error("database error", exc_info=exc)
        away = {"code": "unavailable", "detail": "The database is not reachable."}
        return 503, away, {"Retry-After": "5"}
    log.warning("a value that cannot be stored", exc_info=exc)
    if connection.in_atomic_block:
        transaction.set_rollback(True)
    return 400, {"code": "invalid", "detail": CANNOT_BE_TOLD}, {}


def _of_framework(exc: exceptions.APIException) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Read DRF's own errors: validation gives `fields`, throttling a Retry-After."""
    headers: dict[str, str] = {}
    if isinstance(exc, exceptions.ValidationError):
        fields = exc.detail if isinstance(exc.detail, dict) else {"non_field_errors": exc.detail}
        first = next(iter(fields.items()), ("", ""))
        detail = f"{first[0]}: {_first_text(first[1])}"
        return 400, {"code": "invalid", "detail": detail, "fields": fields}, headers
    if isinstance(exc, exceptions.Throttled):
        headers["Retry-After"] = str(round(getattr(exc, "wait", None) or 1))
    if auth := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth
    return exc.status_code, {"code": exc.default_code, "detail": str(exc.detail)}, headers


def _first_text(value: Any) -> str:
    """Dig out the first message of DRF's nested error lists."""
    while isinstance(value, list | dict) and value:
        value = value[0] if isinstance(value, list) else next(iter(value.values()))
    return str(value)


def error_response(request: HttpRequest, status: int, code: str, detail: str) -> JsonResponse:
    """Answer in the error shape from outside a DRF view."""
    known = request.META.get("JOBLY_REQUEST_ID", "")
    return JsonResponse({"code": code, "detail": detail, "request_id": known}, status=status)


def not_found(request: HttpRequest) -> JsonResponse:
    """Answer an API path that leads nowhere."""
    return error_response(request, HTTPStatus.NOT_FOUND, "not_found", "No such API route.")
