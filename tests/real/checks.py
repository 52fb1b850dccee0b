"""The invariants of RELIABILITY §3.1 as functions over what a world left behind.

Each returns one line for every violation. They read plain rows, so that a test can show by
doctored ones that each of them turns red.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import Any, ParamSpec

from .load import Sent
from .world import REST, World

Row = dict[str, Any]
Given = ParamSpec("Given")
WINDOW = timedelta(minutes=1)
SLACK = timedelta(milliseconds=500)  # an intent is stamped a moment before its quota is taken
ENDS = ("job.completed", "job.failed")
SUBMITS = ("create", "update", "renew", "close")

CHECKED: ContextVar[set[str] | None] = ContextVar("CHECKED", default=None)


def invariant(
    name: str,
) -> Callable[[Callable[Given, list[str]]], Callable[Given, list[str]]]:
    """Note that an invariant of the charter was looked at, for the report."""

    def noting(check: Callable[Given, list[str]]) -> Callable[Given, list[str]]:
        @wraps(check)
        def noted(*args: Given.args, **kwargs: Given.kwargs) -> list[str]:
            seen = CHECKED.get()
            if seen is not None:
                seen.add(name)
            return check(*args, **kwargs)

        return noted

    return noting


@dataclass
class Evidence:
    """What a world left behind: rows, the boards' ledger, and what clients were told and saw."""

    runs: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    streams: list[Row] = field(default_factory=list)
    distributions: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)
    channels: list[Row] = field(default_factory=list)
    processings: list[Row] = field(default_factory=list)
    items: list[Row] = field(default_factory=list)
    jobs: list[Row] = field(default_factory=list)
    artifacts: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    live: list[Row] = field(default_factory=list)
    storage: Path = Path("/nonexistent")
    #: when the broker forgot everything: what it counted begins anew then, once (row 5)
    forgotten: list[datetime] = field(default_factory=list)
    uploads: list[Row] = field(default_factory=list)
    slots: list[Row] = field(default_factory=list)
    #: kinds of run that are to break in this world
    doomed: set[str] = field(default_factory=set)


QUERIES = {
    "runs": "SELECT * FROM runs_run ORDER BY id",
    "events": "SELECT * FROM runs_event ORDER BY stream, seq",
    "streams": "SELECT * FROM runs_stream ORDER BY key",
    "distributions": (
        "SELECT d.*, c.kind, c.slug, j.on_board FROM distribution_distribution d"
        " JOIN distribution_channel c ON c.id = d.channel_id"
        " JOIN ingestion_job j ON j.id = d.job_id ORDER BY d.id"
    ),
    "attempts": "SELECT * FROM distribution_attempt ORDER BY distribution_id, number",
    "channels": "SELECT id, slug, kind, limit_per_minute FROM distribution_channel",
    "processings": "SELECT * FROM ingestion_processing ORDER BY id",
    "items": "SELECT processing_id, row, status, job_id FROM ingestion_processedjob ORDER BY id",
    "jobs": (
        "SELECT j.id, j.title, j.status, j.content_key, s.job_id IS NOT NULL AS searchable"
        " FROM ingestion_job j LEFT JOIN ingestion_jobsearch s ON s.job_id = j.id ORDER BY j.id"
    ),
    "artifacts": "SELECT path, sha256, size FROM artifacts_artifact WHERE deleted_at IS NULL",
    "uploads": (
        "SELECT u.id, u.status, u.run_id, c.file_name FROM ingestion_upload u"
        " JOIN ingestion_rawcollection c ON c.id = u.collection_id ORDER BY u.id"
    ),
    "slots": (
        "SELECT s.slot, s.run_id, s.outcome, h.name FROM runs_scheduleslot s"
        " JOIN runs_schedule h ON h.id = s.schedule_id ORDER BY h.name, s.slot"
    ),
}


def gather(world: World) -> Evidence:
    """Read everything a world has to say."""
    rows: dict[str, Any] = {name: world.query(sql) for name, sql in QUERIES.items()}
    return Evidence(
        ledger=world.ledger(),
        live=world.live(),
        storage=(world.var / "storage").resolve(),
        **rows,
    )


@invariant("I1")
def i1_all_work_ends(found: Evidence) -> list[str]:
    """Every run is terminal, and none because something of ours broke."""
    wrong = []
    for run in found.runs:
        if run["status"] not in REST:
            due, lease = run["available_at"], run["lease_until"]
            wrong.append(f"{_name(run)} is {run['status']}: due {due}, leased until {lease}")
        if run["error_code"] in ("internal_error", "poison") and run["kind"] not in found.doomed:
            wrong.append(f"{_name(run)} broke: {run['error_code']} {run['error']}")
    return wrong


@invariant("I2")
def i2_each_run_ends_once(found: Evidence) -> list[str]:
    """One terminal write a run, fences that only grow, and no effect under an overtaken fence."""
    wrong = []
    ends = Counter(event["run_id"] for event in found.events if event["type"] in ENDS)
    for run in found.runs:
        if run["status"] in REST and ends[run["id"]] != 1:
            wrong.append(f"{_name(run)} ended {ends[run['id']]} times")
        fences = [entry["fence"] for entry in run["history"] if entry["what"] == "claimed"]
        if fences != sorted(set(fences)):
            wrong.append(f"{_name(run)} was claimed under fences {fences}")
        last = [entry for entry in run["history"] if entry["what"] in REST]
        if last and fences and last[-1]["fence"] != max(fences):
            wrong.append(f"{_name(run)} ended under fence {last[-1]['fence']} of {max(fences)}")
    return wrong + _overtaken(found)


def _overtaken(found: Evidence) -> list[str]:
    """Find intents written by a worker whose run somebody else had claimed by then."""
    claims: dict[str, list[list[tuple[datetime, int]]]] = defaultdict(list)
    for run in found.runs:
        key = str(run["args"].get("distribution_id", ""))
        entries = [entry for entry in run["history"] if entry["what"] == "claimed"]
        if key and entries:
            claims[key].append([(_at(entry["at"]), entry["fence"]) for entry in entries])
    wrong = []
    for attempt in found.attempts:
        runs = claims.get(str(attempt["distribution_id"]), [])
        held = [_holder(run, attempt["sent_at"]) for run in runs]
        if runs and attempt["fence"] not in held:
            number, fence = attempt["number"], attempt["fence"]
            wrong.append(f"attempt {number} was written under fence {fence}, held were {held}")
    return wrong + _woken_too_late(found)


def _woken_too_late(found: Evidence) -> list[str]:
    """Find effects of `proof.sleep` that somebody wrote whose run had gone on without him."""
    last = {
        run["id"]: [entry["fence"] for entry in run["history"] if entry["what"] == "claimed"][-1:]
        for run in found.runs
    }
    return [
        f"run {event['run_id']} has an effect under fence {event['data']['fence']}"
        for event in found.events
        if event["type"] == "proof.woken" and [event["data"]["fence"]] != last[event["run_id"]]
    ]


def _holder(claims: Sequence[tuple[datetime, int]], moment: datetime) -> int | None:
    """Return the fence of whoever held a run at a moment."""
    held = [fence for at, fence in claims if at <= moment]
    return held[-1] if held else None


@invariant("I3")
def i3_what_was_promised_was_done(
    found: Evidence, *, accepted: Iterable[str], refused: Iterable[str] = ()
) -> list[str]:
    """What a client got a 2xx for has succeeded; what it was refused is nowhere."""
    runs = {str(run["id"]): run for run in found.runs}
    wrong = []
    for key in accepted:
        if key not in runs:
            wrong.append(f"accepted run {key} is lost")
        elif runs[key]["status"] != "succeeded":
            wrong.append(f"accepted {_name(runs[key])} is {runs[key]['status']}")
    return wrong + [f"refused run {key} exists" for key in refused if key in runs]


@invariant("I3")
def i3_each_file_is_taken_once(found: Evidence, history: Iterable[Sent]) -> list[str]:
    """A file with a 202 is there once and loaded, one refused is not, of one nobody knows."""
    names = [row["file_name"] for row in found.uploads]
    there, wrong = Counter(name for name in names if name.startswith("file-")), []
    for sent in history:
        most, least = {"ok": (1, 1), "refused": (0, 0)}.get(sent.outcome, (1, 0))
        if not least <= there.pop(sent.name, 0) <= most:
            wrong.append(f"{sent.name} ({sent.outcome}; {sent.answers}) is not there as promised")
    wrong += [f"{name} is there and nobody sent it" for name in there]
    waiting = [row["file_name"] for row in found.uploads if row["status"] != "loaded"]
    return wrong + [f"{name} is not loaded" for name in waiting]


@invariant("I4")
def i4_each_posting_is_live_once(found: Evidence) -> list[str]:
    """Made once, live exactly where we say so, and none on a board that we do not know of."""
    made = Counter((e["board"], e["external_id"]) for e in found.ledger if e["op"] == "create")
    live = Counter(post["external_id"] for post in found.live)
    status = {row["external_id"]: row["status"] for row in found.distributions}
    wrong = [f"{key} was made {n} times on {board}" for (board, key), n in made.items() if n > 1]
    wrong += [f"{key} is live {n} times" for key, n in live.items() if n > 1]
    wrong += [
        f"{key} is live, we say {status.get(key, 'nothing')}"
        for key in live
        if status.get(key) != "published"
    ]
    for row in found.distributions:
        there = bool(row["on_board"]) if row["kind"] == "internal" else row["external_id"] in live
        if there != (row["status"] == "published"):
            said = f"{row['external_id']} on {row['slug']} is {row['status']}"
            wrong.append(f"{said}, it is {'' if there else 'not '}there")
    open_intents = [a for a in found.attempts if a["outcome"] is None]
    return wrong + [f"attempt {a['number']} has no outcome" for a in open_intents]


@invariant("I5")
def i5_books_balance(found: Evidence) -> list[str]:
    """Raw = processed + failed, processed = loaded + updated + duplicates, each row one item."""
    wrong = []
    items = defaultdict(list)
    for item in found.items:
        items[item["processing_id"]].append(item)
    for row in found.processings:
        mine = items[row["id"]]
        by = Counter(item["status"] for item in mine)
        if sorted(item["row"] for item in mine) != list(range(1, len(mine) + 1)):
            wrong.append(f"processing {row['id']}: its rows are not 1 to {len(mine)}, each once")
        told = {name: row[name] for name in ("raw", "failed", "loaded", "updated", "duplicates")}
        real = {
            "raw": len(mine),
            "failed": by["failed"],
            "loaded": by["loaded"],
            "updated": by["updated"],
            "duplicates": by["duplicate"],
        }
        if told != real:
            wrong.append(f"processing {row['id']}: books say {told}, rows say {real}")
        if row["processed"] != row["loaded"] + row["updated"] + row["duplicates"]:
            wrong.append(f"processing {row['id']}: processed is not loaded, updated, duplicates")
    return wrong + _catalogue(found)


def _catalogue(found: Evidence) -> list[str]:
    """Compare the catalogue with the items that are said to have filled it."""
    wrong = []
    loaded = Counter(i["job_id"] for i in found.items if i["status"] == "loaded")
    known = {job["id"] for job in found.jobs}
    for job_id, times in loaded.items():
        if times > 1 or job_id not in known:
            wrong.append(f"job {job_id} was loaded {times} times, exists: {job_id in known}")
    for key, times in Counter(job["content_key"] for job in found.jobs).items():
        if times > 1:
            wrong.append(f"content {key[:12]} is in the catalogue {times} times")
    hidden = [j["id"] for j in found.jobs if j["id"] in loaded and not j["searchable"]]
    return wrong + [f"job {job_id} cannot be found by search" for job_id in hidden]


@invariant("I7")
def i7_stream_is_whole(
    history: Sequence[Row], *, last: int, stored: Sequence[Row] = ()
) -> list[str]:
    """A client saw every number from 1 to `last` once, in order, as it is stored."""
    told = {row["seq"]: (row["type"], row["data"]) for row in stored}
    wrong, expected = [], 1
    for item in history:
        if item["type"] == "hello":
            continue
        if item["type"] != "reset" and item["seq"] != expected:
            wrong.append(f"expected {expected}, got {item['seq']}")
        elif item["type"] != "reset" and told.get(expected) not in (
            None,
            (item["type"], item["data"]),
        ):
            wrong.append(f"{expected} was told as {item['type']}, stored otherwise")
        expected = item["seq"] + 1
    return wrong if expected == last + 1 else [*wrong, f"saw up to {expected - 1} of {last}"]


@invariant("I7")
def numbers_are_contiguous(found: Evidence) -> list[str]:
    """Each stream's events are numbered 1..n without a hole."""
    wrong = []
    by_stream = defaultdict(list)
    for event in found.events:
        by_stream[event["stream"]].append(event["seq"])
    for stream in found.streams:
        numbers = by_stream[stream["key"]]
        if numbers != list(range(stream["min_seq"], stream["last_seq"] + 1)):
            wrong.append(f"{stream['key']} holds {len(numbers)} of {stream['last_seq']}")
    return wrong


@invariant("I10")
def i10_each_slot_is_accounted_for(
    found: Evidence, name: str, *, every: timedelta, until: datetime
) -> list[str]:
    """Each due time of a schedule is recorded once, with at most one run, and none is missing."""
    slots = [row for row in found.slots if row["name"] == name]
    moments = [row["slot"] for row in slots]
    wrong = [f"{name}: {at} is recorded {n} times" for at, n in Counter(moments).items() if n > 1]
    wrong += [
        f"{name}: nothing between {before} and {after}"
        for before, after in pairwise(sorted(set(moments)))
        if after - before != every
    ]
    if not moments or max(moments) < until - every:
        wrong.append(f"{name}: nothing up to {until}")
    runs = Counter(row["run_id"] for row in slots if row["run_id"])
    wrong += [f"{name}: run {run} serves {n} slots" for run, n in runs.items() if n > 1]
    return wrong + [
        f"{name}: {row['slot']} is {row['outcome']} with run {row['run_id']}"
        for row in slots
        if (row["outcome"] == "run") != (row["run_id"] is not None)
    ]


@invariant("I11")
def i11_bytes_are_whole(found: Evidence) -> list[str]:
    """Every artifact's row has bytes with that hash."""
    wrong = []
    for row in found.artifacts:
        path = found.storage / row["path"]
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != row["sha256"] or len(content) != row["size"]:
            wrong.append(f"{row['path']} is not what its row says")
    return wrong


@invariant("I12")
def i12_quota_is_kept(found: Evidence) -> list[str]:
    """No window of a minute holds more submissions than a channel allows.

    A broker that forgets refills the allowance at most once: both sides of it are looked at alone.
    """
    wrong = []
    channel_of = {row["id"]: row["channel_id"] for row in found.distributions}
    sent = defaultdict(list)
    for attempt in found.attempts:
        if attempt["op"] in SUBMITS:
            sent[channel_of[attempt["distribution_id"]]].append(attempt["sent_at"])
    for channel in found.channels:
        most = max(map(_densest, _parted(sent[channel["id"]], found.forgotten)))
        if most > channel["limit_per_minute"] and channel["kind"] != "internal":
            wrong.append(f"{channel['slug']}: {most} a minute of {channel['limit_per_minute']}")
    return wrong


def _parted(moments: Sequence[datetime], borders: Sequence[datetime]) -> list[list[datetime]]:
    """Part moments at borders."""
    parts: list[list[datetime]] = [[] for _ in range(len(borders) + 1)]
    for moment in moments:
        parts[sum(border <= moment for border in borders)].append(moment)
    return parts


def _densest(moments: Sequence[datetime]) -> int:
    """Return the most moments that any window holds."""
    ordered, most, start = sorted(moments), 0, 0
    for end, moment in enumerate(ordered):
        while ordered[start] <= moment - (WINDOW - SLACK):
            start += 1
        most = max(most, end - start + 1)
    return most


RESTING = (
    i1_all_work_ends,
    i2_each_run_ends_once,
    i4_each_posting_is_live_once,
    i5_books_balance,
    i11_bytes_are_whole,
    i12_quota_is_kept,
    numbers_are_contiguous,
)


def violations(found: Evidence) -> list[str]:
    """Run every check that holds for any world at rest."""
    return [f"{check.__name__}: {line}" for check in RESTING for line in check(found)]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _name(run: Row) -> str:
    return f"{run['kind']} {run['id']}"
