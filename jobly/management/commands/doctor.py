"""Look at everything Jobly stands on and say what is wrong and what to do about it."""

import importlib.metadata
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from packaging.requirements import Requirement

from ingestion.errors import MissingModel
from ingestion.reports import operations
from ingestion.rules import minilm
from jobly import ai
from jobly.commands import JoblyCommand
from jobly.environment import LOCAL_MODEL, SETTINGS_TABLE, Setting
from jobly.errors import JoblyError
from jobly.runs.reports import alarms, queues
from jobly.runs.reports.schedules import database_time
from jobly.views import WAITING_TOO_LONG

OLDEST_PYTHON, OLDEST_POSTGRES = (3, 11), 16
SKEW_SECONDS = 2.0
FREE_BYTES = 1 << 30
START = "start `python3 manage.py up`"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `fix` is empty when it is as it should be."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


class Command(JoblyCommand):
    """Check the machine, the servers and the settings; exit 1 when one of them is not well."""

    help = "Check packages, servers, storage, workers, clocks and settings."
    healthy = False

    def run(self, **_: Any) -> dict[str, Any]:
        """Look at each thing once; one that is away does not hide the others."""
        checks = [_safely(name, look) for name, look in CHECKS.items()]
        self.healthy = all(check.ok for check in checks)
        return {
            "ok": self.healthy,
            "checks": [asdict(check) for check in checks],
            "settings": [describe(setting) for setting in SETTINGS_TABLE],
        }

    def line(self, result: dict[str, Any]) -> str:
        """Lay the checks and the settings out as two tables."""
        checks = [
            ("ok" if c["ok"] else "FAILS", c["name"], c["detail"] + _remedy(c["fix"]))
            for c in result["checks"]
        ]
        chosen = [
            (s["source"], s["name"], f"{s['value'] or '-'}  ({s['meaning']})")
            for s in result["settings"]
        ]
        return "\n".join([*_table(checks), "", *_table(chosen)])

    def handle(self, *args: Any, **options: Any) -> None:
        """Print, then exit 1 when something is not well."""
        super().handle(*args, **options)
        if not self.healthy:
            sys.exit(1)


def check_python() -> Check:
    """Compare the interpreter with the oldest that works."""
    return Check(
        "python",
        sys.version_info >= OLDEST_PYTHON,
        f"{sys.version.split()[0]} at {sys.executable}",
        "use Python 3.11 or newer",
    )


def check_packages() -> Check:
    """Compare what is installed with the lock file."""
    lock = Path(settings.BASE_DIR, "requirements.lock")
    wanted = [
        Requirement(line.rstrip(" \\\n"))
        for line in lock.read_text().splitlines()
        if line[:1].isalnum()
    ]
    wrong = [
        f"{one.name} {have or 'missing'} instead of {one.specifier}"
        for one in wanted
        if (one.marker is None or one.marker.evaluate())
        and not ((have := _installed(one.name)) and one.specifier.contains(have))
    ]
    detail = "; ".join(wrong[:5]) or f"{len(wanted)} packages as locked"
    return Check("packages", not wrong, detail, "remove .venv: the next command makes it anew")


def check_database() -> Check:
    """Ask PostgreSQL for its version and for pgvector."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        version = cursor.fetchone()[0]
        cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        vector = cursor.fetchone()
    detail = f"PostgreSQL {version}, " + (f"pgvector {vector[0]}" if vector else "no pgvector")
    fix = f"use PostgreSQL {OLDEST_POSTGRES} or newer and CREATE EXTENSION vector as a superuser"
    return Check("database", version >= OLDEST_POSTGRES and vector is not None, detail, fix)


def check_migrations() -> Check:
    """Look for migrations that the database has not seen."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    detail = f"{len(plan)} not applied" if plan else "all applied"
    return Check("migrations", not plan, detail, "run `python3 manage.py migrate`")


def check_valkey() -> Check:
    """Ask Valkey for its version and memory."""
    with _valkey() as client:
        told: Any = client.info()
    version = told.get("valkey_version") or told["redis_version"]
    return Check("valkey", ok=True, detail=f"{version}, {told['used_memory_human']} in use")


def check_storage() -> Check:
    """Write a file, read it back, remove it."""
    content = secrets.token_bytes(32)
    name = default_storage.save(f"doctor/{content.hex()}", ContentFile(content))
    try:
        with default_storage.open(name) as file:
            same = file.read() == content
    finally:
        default_storage.delete(name)
    detail = "written and read back" if same else "other bytes came back"
    return Check("storage", same, detail, "check STORAGE_URL and the disk")


def check_worker() -> Check:
    """Look for workers that live, and for queues with due work that none of them serves."""
    living = [f"{one.name} for {', '.join(one.queues)}" for one in alarms.living(alarms.WORKER)]
    unserved = [one.text for one in alarms.watchdogs() if one.what == "unserved"]
    detail = "; ".join([*unserved, *living]) or "none seen"
    fix = f"{START}, or a worker of your own that serves these queues"
    return Check("worker", bool(living) and not unserved, detail, fix)


def check_beat() -> Check:
    """Look for the clock's sign of life."""
    living = ", ".join(one.name for one in alarms.living(alarms.BEAT))
    away = "; ".join(one.text for one in alarms.watchdogs() if one.what == "beat")
    detail = living or away or "not seen"
    return Check("beat", bool(living), detail, f"{START}, or a beat of your own")


def check_schedules() -> Check:
    """Look for schedules that are late, slow or silent."""
    rows = alarms.standings()
    wrong = "; ".join(one.text for row in rows for one in row.troubles)
    off = sum(not row.schedule.enabled for row in rows)
    detail = wrong or f"{len(rows)} as they should be" + (f", {off} of them off" if off else "")
    return Check("schedules", not wrong, detail, "see System > Schedules, and the runs' errors")


def check_queues() -> Check:
    """Name what is paused, and how much waits there; a pause is somebody's will."""
    lines = queues.lines()
    held = [one.in_words for one in lines if one.queue.is_paused]
    behind = queues.oldest_due_seconds()
    detail = "; ".join(held) or f"none paused, oldest due work waits {behind:.0f} s"
    fix = "start more workers, or see System > Queues what waits"
    return Check("queues", behind <= WAITING_TOO_LONG, detail, fix)


def check_clock() -> Check:
    """Compare this machine's clock with the database's."""
    with connection.cursor() as cursor:
        before = datetime.now(UTC)
        cursor.execute("SELECT clock_timestamp()")
        skew = abs((cursor.fetchone()[0] - before).total_seconds())
    return Check(
        "clock",
        skew < SKEW_SECONDS,
        f"{skew:.3f} s apart from the database's",
        "let NTP set the clocks of both machines",
    )


def check_secrets() -> Check:
    """Make sure that nobody else may read the generated secrets."""
    path = settings.VAR / "secrets.json"
    open_to_others = [
        f"{each} is {each.stat().st_mode & 0o777:04o}"
        for each in (path, settings.VAR / "instance.json")
        if each.exists() and each.stat().st_mode & 0o077
    ]
    return Check(
        "secrets",
        not open_to_others,
        "; ".join(open_to_others) or f"{path} is the owner's only",
        f"chmod 600 {path}",
    )


def check_disk() -> Check:
    """Measure what is free where everything is stored."""
    free = shutil.disk_usage(settings.VAR).free
    detail = f"{free / FREE_BYTES:.1f} GB free at {settings.VAR}"
    return Check("disk", free >= FREE_BYTES, detail, "free some space, or move --var")


def check_pipeline() -> Check:
    """See whether collecting, reading and loading go on, and what the alert rules found."""
    found = operations.health(database_time())
    wrong = [f"{name}: {detail}" for name, (ok, detail) in found.items() if not ok]
    wrong += [alert.text for alert in operations.open_alerts()]
    detail = "; ".join(wrong) or "; ".join(f"{name}: {said}" for name, (_, said) in found.items())
    return Check("pipeline", not wrong, detail, "see System > Pipeline for the rows behind it")


def check_models() -> Check:
    """Ask the model server whether it is there, and the local model where it is chosen."""
    server = ai.configured_server()
    vectors = settings.EMBEDDING_MODEL or "our own rule"
    try:
        if vectors == LOCAL_MODEL:
            minilm.embed(["Welder"])
    except MissingModel as missing:
        return Check("models", ok=False, detail=missing.message, fix="install it anew")
    if server is None:
        return Check("models", ok=True, detail=f"no server: our own rules; vectors by {vectors}")
    wrong = ai.why_unreachable(server)
    detail = wrong or f"{server.host}: {settings.OPENAI_MODEL}; vectors by {vectors}"
    return Check("models", not wrong, detail, "check OPENAI_BASE_URL and OPENAI_API_KEY")


CHECKS: dict[str, Callable[[], Check]] = {
    "python": check_python,
    "packages": check_packages,
    "database": check_database,
    "migrations": check_migrations,
    "valkey": check_valkey,
    "storage": check_storage,
    "worker": check_worker,
    "beat": check_beat,
    "schedules": check_schedules,
    "queues": check_queues,
    "clock": check_clock,
    "secrets": check_secrets,
    "disk": check_disk,
    "models": check_models,
    "pipeline": check_pipeline,
}


def describe(setting: Setting) -> dict[str, Any]:
    """Say where a setting comes from; a secret's value is never shown."""
    chosen = setting.name in os.environ
    value = settings.ENV[setting.name]
    return {
        "name": setting.name,
        "source": "environment" if chosen else "default",
        "value": ("set" if value else "") if setting.secret else str(value),
        "default": "" if setting.secret else str(setting.default),
        "meaning": setting.meaning,
    }


def _safely(name: str, look: Callable[[], Check]) -> Check:
    try:
        found = look()
    except (DatabaseError, redis.RedisError, OSError, JoblyError) as broken:
        cause = str(broken).strip().splitlines()
        return Check(name, ok=False, detail=cause[0] if cause else repr(broken), fix=START)
    return Check(name, ok=True, detail=found.detail) if found.ok else found


def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=2, socket_connect_timeout=2)


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _remedy(fix: str) -> str:
    return f" -> {fix}" if fix else ""


def _table(rows: list[tuple[str, str, str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows]
