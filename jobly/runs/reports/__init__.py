"""Reads of the ledger that live pages, health and commands share."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from jobly.runs.models import Event, Run, Stream

from .queues import oldest_due_seconds

__all__ = [
    "Window",
    "item",
    "items_after",
    "oldest_due_seconds",
    "position",
    "positions",
    "window",
]

SNAPSHOT_RUNS = 100  # newest runs a client gets when its place in the stream is gone


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a stream behind some number, oldest first.

    `reset`: the number is no place in the stream any more, or never was; go on behind `last_seq`
    from `snapshot` instead.
    """

    events: list[dict[str, Any]]
    last_seq: int
    min_seq: int
    reset: bool
    snapshot: list[dict[str, Any]] = field(default_factory=list)


def window(stream: str, after: int, limit: int) -> Window:
    """Return up to `limit` items that followed number `after` on a stream."""
    # events first: what is told or taken away between the two reads then cannot make a hole
    events = items_after(stream, after, limit)
    row = Stream.objects.filter(pk=stream).first()
    last, first = (row.last_seq, row.min_seq) if row else (0, 1)
    if after > last or after < first - 1 or (events and events[0]["seq"] != after + 1):
        return Window([], last, first, reset=True, snapshot=_snapshot(stream))
    return Window(events, last, first, reset=False)


def items_after(stream: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` items that followed number `after`, by one query."""
    return [item(event) for event in Event.objects.after(stream, after)[:limit]]


def item(event: Event) -> dict[str, Any]:
    """Return an event as websocket, SSE and REST all give it."""
    return {
        "stream": event.stream,
        "seq": event.seq,
        "type": event.type,
        "at": event.at.isoformat(),
        "data": event.data,
    }


def _snapshot(stream: str) -> list[dict[str, Any]]:
    """Return the newest runs of a stream as they are now."""
    fields = ("kind", "status", "progress", "step", "done", "failed", "skipped", "total")
    runs = Run.objects.filter(stream=stream).order_by("-created_at")[:SNAPSHOT_RUNS]
    return [{"run": str(r.pk)} | {name: getattr(r, name) for name in fields} for r in runs]


def position(stream: str) -> int:
    """Return the number of a stream's newest event; 0 for one nothing was told on."""
    return positions([stream]).get(stream, 0)


def positions(streams: Collection[str]) -> dict[str, int]:
    """Return the numbers of the newest events of those of these streams that have any."""
    return dict(Stream.objects.filter(pk__in=streams).values_list("key", "last_seq"))
