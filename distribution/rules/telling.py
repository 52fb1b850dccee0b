"""Telling endpoints: which facts, in which words, when again, and when no more."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

PING = "ping"
#: the facts a company may hear of, by the name they have in the event log, and what each means
EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "distribution.published": "a job is live on a board",
        "distribution.accepted": "a board took a job and works on it",
        "distribution.failed": "a job did not get onto a board, or a person has to decide",
        "distribution.closed": "a job is not on a board any more",
        "distribution.drifted": "a board does not show what it should",
        "distribution.metrics_updated": "views, clicks or applications of a publication moved",
        "distribution.expiring": "a publication ends soon",
        "distribution.relist_due": "a publication has ended and may be listed anew",
        "distribution.overdue_found": "publications wait longer than they should",
        "distribution.left_over": "a board shows what has ended, however often it was asked",
        "distribution.budget_reached": "a budget is spent so far",
        "distribution.applicant_arrived": "somebody applied for a job",
        "distribution.applicant_moved": "an application came to another stage",
        "distribution.applicant_erased": "all that was known of an applicant is gone",
        "distribution.endpoint_disabled": "we stopped telling one of your endpoints",
        "ingestion.collection_stored": "a file or an answer of your source is stored",
        "ingestion.processing_done": "every row of a file was read",
        "ingestion.jobs_loaded": "jobs of yours are new or changed",
        "ingestion.job_closed": "a job of yours is not open any more",
        "ingestion.job_hidden": "a job of yours is internal from now on",
    }
)
# seconds and hours of the Standard Webhooks' own table: ten tries in about 75 hours
STEPS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
TRIES = len(STEPS)
PATIENCE = timedelta(hours=72)  # without one success, then a telling given up ends the endpoint
TIMEOUT = timedelta(seconds=20)
CLAIM = TIMEOUT + timedelta(seconds=10)  # in which nobody else tries the same telling
REST = timedelta(seconds=5)  # after a timeout, doubling
LONGEST_REST = timedelta(minutes=10)
KEEP = timedelta(days=30)  # of tellings that have ended
HEAD = 2_000  # characters of an answer that are kept
GONE, TOO_MANY, AWAY = 410, 429, 503
OK, REDIRECT, WRONG = 200, 300, 400


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one try: a status, or why there is none."""

    status: int | None = None
    head: str = ""
    error: str = ""
    timed_out: bool = False
    retry_after: timedelta | None = None
    ms: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows: it is delivered, tried again after `wait`, or given up."""

    end: Literal["delivered", "again", "dead", "gone"]
    why: str = ""
    wait: timedelta = timedelta(0)


def wants(chosen: Sequence[str], fact: str) -> bool:
    """Whether an endpoint that chose these events hears of a fact; none chosen = all we tell."""
    return fact in EVENTS and (not chosen or fact in chosen)


def body_of(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """Return the text that is signed and sent: type, time and the fact's own small values."""
    told = {"type": kind, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": dict(data)}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def judge(heard: Heard, tries: int, draw: float) -> Verdict:
    """Say what follows try number `tries` (from 1); `draw` of [0, 1) spreads the next one."""
    if heard.status is not None and OK <= heard.status < REDIRECT:
        return Verdict("delivered")
    if heard.status == GONE:
        return Verdict("gone", "it answered 410 Gone")
    why = heard.error or f"it answered {heard.status}"
    if heard.status is not None and REDIRECT <= heard.status < WRONG:
        why = f"it answered {heard.status}; redirects are not followed"
    if tries >= TRIES:
        return Verdict("dead", f"given up after {tries} tries; the last time {why}")
    wait = STEPS[tries] * (0.9 + 0.2 * draw)
    if heard.status in (TOO_MANY, AWAY) and heard.retry_after is not None:
        wait = max(wait, heard.retry_after)
    return Verdict("again", why, wait)


def rest(timeouts: int) -> timedelta:
    """Say how long an endpoint is left alone after so many timeouts in a row."""
    doublings: int = 2 ** min(max(timeouts, 1) - 1, 10)
    return min(LONGEST_REST, REST * doublings)


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, as operators list them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()
