"""Pages that show several apps, and what the outside asks about our health: reads only."""

import time
from typing import Any

import redis
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ingestion.reports.operations import health as pipeline_health
from jobly.embedded.instance import is_orphan
from jobly.limits import client
from jobly.live import live_urls
from jobly.runs.reports import oldest_due_seconds
from jobly.runs.reports.alarms import watchdogs
from jobly.runs.reports.queues import paused
from jobly.runs.reports.schedules import database_time

WAITING_TOO_LONG = 300  # seconds a due run may wait before workers count as stuck
Check = dict[str, Any]


def health(request: HttpRequest) -> JsonResponse:
    """Answer that the process serves requests; asks nobody else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer whether work can be done here: 503 when the database is away or `up` was killed.

    Asked with `?for=workers` also when work waits that no worker does, for whoever restarts them.
    """
    checks: dict[str, Check] = {"database": _database()}
    alive = checks["database"]["ok"]
    if alive:
        checks |= {"migrations": _migrations(), "runs": _runs(), **_watched()}
        if checks["migrations"]["ok"]:
            checks |= _pipeline()
    checks |= {"valkey": _valkey(), "storage": _storage()}
    if is_orphan():
        alive, checks["up"] = False, {"ok": False, "detail": "killed; this process ends too"}
    if request.GET.get("for") == "workers" and alive:
        alive = checks["runs"]["ok"] and checks["workers"]["ok"]
    fine = all(check["ok"] for check in checks.values())
    status = 200 if alive and checks["migrations"]["ok"] else 503
    body = {"status": "ok" if fine else "degraded", "checks": checks}
    return JsonResponse(body, status=status)


def _database() -> Check:
    """Ask PostgreSQL for its version."""
    began = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
    except DatabaseError as wrong:
        return {"ok": False, "detail": f"not reachable: {str(wrong).splitlines()[0]}"}
    return {"ok": True, "detail": f"PostgreSQL {version}, {_ms(began)} ms"}


def _migrations() -> Check:
    """Compare the schema with what this code needs."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    detail = f"{len(missing)} not applied; run manage.py migrate" if missing else "all applied"
    return {"ok": not missing, "detail": detail}


def _runs() -> Check:
    """See whether due work waits for a worker."""
    waiting = oldest_due_seconds()
    detail = f"oldest due run waits {waiting:.0f} s"
    if held := sorted(paused()):
        detail += f"; paused: {', '.join(held)}"
    return {"ok": waiting <= WAITING_TOO_LONG, "detail": detail}


def _watched() -> dict[str, Check]:
    """See whether workers serve what is due, and whether the clock is there."""
    found = watchdogs()
    unserved = "; ".join(one.text for one in found if one.what == "unserved")
    away = "; ".join(one.text for one in found if one.what == "beat")
    return {
        "workers": {"ok": not unserved, "detail": unserved or "all due work is served"},
        "beat": {"ok": not away, "detail": away or "on time"},
    }


def _pipeline() -> dict[str, Check]:
    """See whether collecting, reading and loading go on, and whether any quota is used up."""
    found = pipeline_health(database_time())
    return {name: {"ok": ok, "detail": detail} for name, (ok, detail) in found.items()}


def _valkey() -> Check:
    """Ping Valkey; without it limits are kept per process and pages reload instead of following."""
    began = time.monotonic()
    try:
        client().ping()
    except redis.RedisError as wrong:
        return {"ok": False, "detail": f"away, runs go on by the sweeper: {wrong}"}
    return {"ok": True, "detail": f"{_ms(began)} ms"}


def _storage() -> Check:
    """See whether the place of the artifacts is there."""
    try:
        default_storage.exists("health")
    except OSError as wrong:
        return {"ok": False, "detail": wrong.strerror or "does not answer"}  # no places here
    return {"ok": True, "detail": type(default_storage).__name__}


def _ms(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)


class Root(APIView):
    """Where everything is."""

    permission_classes = (AllowAny,)

    @extend_schema(responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        """Name the live streams, the sandbox, the documents and the routes."""
        base = request.build_absolute_uri("/api/v1/")
        routes = ("jobs", "uploads", "channels", "distributions", "background-jobs", "events")
        return Response(
            {
                "name": "Jobly",
                "version": "1",
                "live": live_urls(request._request),  # noqa: SLF001 # DRF's documented way
                "sandbox": settings.SANDBOX_URL or None,
                "schema": f"{base}schema/",
                "docs": request.build_absolute_uri("/api/docs/"),
                "routes": {name: f"{base}{name}/" for name in routes},
            }
        )
