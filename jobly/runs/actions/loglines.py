"""Keep the last log lines of each run, for its page.

A listener to this process's log notes what a run's body says, in memory; the heartbeat and the end
of the run write it down, many lines at once. Nothing here can fail a run, and a run that logs
nothing leaves no trace and costs no statement.
"""

import json
import logging
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from jobly.logs import LINE_BREAKS, listeners, sanitise
from jobly.runs.models import Run, RunLog

from .current import current_run

KEPT = 200  # lines of a run
KEPT_DAYS = 7
MOST_TEXT = 500  # characters of a line
MOST_TRACE = 4000  # characters of a traceback, its end
EVERY_SECONDS = 2.0  # at most this often while a run goes on
NO_NEWS = frozenset({"event", "timestamp", "level", "logger", "request_id", "exc_info"})

WRITE = """
    INSERT INTO runs_runlog AS known (run_id, lines, total, at)
    VALUES (%(run)s, %(lines)s::jsonb, %(new)s, clock_timestamp())
    ON CONFLICT (run_id) DO UPDATE SET
        lines = (
            SELECT jsonb_agg(line ORDER BY place) FROM (
                SELECT line, place
                FROM jsonb_array_elements(known.lines || EXCLUDED.lines)
                    WITH ORDINALITY AS every (line, place)
                ORDER BY place DESC LIMIT %(kept)s
            ) AS latest),
        total = known.total + EXCLUDED.total, at = EXCLUDED.at
"""

log = logging.getLogger(__name__)
_lock = threading.Lock()
_unwritten: dict[UUID, "Unwritten"] = {}


@dataclass(slots=True)
class Unwritten:
    """What a run logged since it was last written down; `new` counts what fell out too."""

    lines: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    new: int = 0
    written_at: float = 0.0  # by the monotonic clock


def note(record: logging.LogRecord) -> None:
    """Remember a line that the run executing on this thread has logged; others are none of ours."""
    run = current_run()
    if run is None:
        return
    line = _line(record, run)
    with _lock:
        unwritten = _unwritten.setdefault(run.pk, Unwritten())
        unwritten.lines.append(line)
        unwritten.new += 1


def install() -> None:
    """Begin to listen, once a process."""
    if note not in listeners:
        listeners.append(note)


def write(run: Run, *, every: float = EVERY_SECONDS) -> None:
    """Write down what a run logged meanwhile, unless that was done a moment ago."""
    unwritten = _unwritten.get(run.pk)
    now = time.monotonic()
    if unwritten is None or not unwritten.new or now - unwritten.written_at < every:
        return
    with _lock:
        lines, new = list(unwritten.lines), unwritten.new
        unwritten.lines.clear()
        unwritten.new, unwritten.written_at = 0, now
    try:
        params: dict[str, Any] = {"run": run.pk, "new": new, "kept": KEPT}
        params["lines"] = json.dumps([_clean(line) for line in lines])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(WRITE, params)
    except Exception as wrong:  # noqa: BLE001 - the lines are also in the process's own log
        log.warning("%s log lines of run %s are not kept: %r", new, run.pk, wrong)


def close(run: Run) -> None:
    """Write down the last lines of a run that this process is done with."""
    if run.pk in _unwritten:
        write(run, every=0.0)
        with _lock:
            _unwritten.pop(run.pk, None)


def forget() -> int:
    """Delete logs that nobody added to for a week; return how many."""
    old = RunLog.objects.filter(at__lt=Now() - timedelta(days=KEPT_DAYS))
    deleted, _ = old.delete()
    return deleted


def _line(record: logging.LogRecord, run: Run) -> dict[str, Any]:
    """Put a record into words; it is cleaned when it is written down."""
    line: dict[str, Any] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "name": record.name,
        "try": run.attempt,
    }
    # structlog hands its event over as it is
    said: Any = record.msg
    is_event = isinstance(said, dict)
    line["text"] = {**said} if is_event else record.getMessage()[: MOST_TEXT * 4]
    if record.exc_info and record.exc_info[0] is not None:
        line["trace"] = "".join(traceback.format_exception(*record.exc_info))
    return line


def _clean(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line without secrets, on one line and of bounded length."""
    text = sanitise(line["text"])
    if isinstance(text, dict):
        rest = (f"{name}={value}" for name, value in text.items() if name not in NO_NEWS)
        text = " ".join([str(text.get("event", "")), *rest])
    cleaned = {**line, "text": LINE_BREAKS.sub(" ", str(text))[:MOST_TEXT]}
    if "trace" in line:
        cleaned["trace"] = str(sanitise(line["trace"])).replace("\0", "")[-MOST_TRACE:]
    return cleaned
