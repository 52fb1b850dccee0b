"""Rate limits, circuit breakers and signs of life that all processes share in Valkey.

Every clock is Valkey's own. While Valkey is away breakers are closed and each process keeps to
its share of a quota, which the log says once.
"""

import math
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

NOTHING = timedelta()
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
MILLISECOND = timedelta(milliseconds=1)
SOCKET_TIMEOUT = 1.0  # seconds; a web request may wait this long for Valkey, once
LOOK_AGAIN = 5.0  # seconds before an absent Valkey is tried again
ALONE_KEYS = 10_000  # limits that a process keeps by itself
DEFAULT_WORKERS = 4  # processes that share a quota, if the settings do not say
AWAY = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
)
log = structlog.get_logger("jobly.limits")
_away: dict[str, float] = {}  # address → when to look again (monotonic)
_alone: dict[str, deque[float]] = {}  # key → this process's grants while Valkey is away
_alone_lock = threading.Lock()

# KEYS[1] log of grants; ARGV limit, window µs, cost, nonce, kept µs. Returns the ms to wait.
TAKE = """
local t = redis.call('TIME')
local now, limit = t[1] * 1000000 + t[2], tonumber(ARGV[1])
local window, cost, kept = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - kept))
local from = '(' .. string.format('%.0f', now - window)
local over = redis.call('ZCOUNT', KEYS[1], from, '+inf') + cost - limit
if over > 0 then
  local last = redis.call(
    'ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', over - 1, 1)
  return math.max(1, math.ceil((last[2] + window - now) / 1000))
end
for n = 1, cost do
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[4] .. n)
end
redis.call('PEXPIRE', KEYS[1], math.ceil(kept / 1000))
return 0
"""
# KEYS[1] log of grants; ARGV window µs. Returns {used, ms until the oldest grant leaves}.
PEEK = """
local t = redis.call('TIME')
local now, window = t[1] * 1000000 + t[2], tonumber(ARGV[1])
local from = '(' .. string.format('%.0f', now - window)
local used = redis.call('ZCOUNT', KEYS[1], from, '+inf')
if used == 0 then return {0, 0} end
local first = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {used, math.ceil((first[2] + window - now) / 1000)}
"""
# KEYS open-until, failures, probe; ARGV probe ms. Returns the wait in ms; 0 = go (maybe as probe).
ASK = """
local open = redis.call('GET', KEYS[1])
if not open then return 0 end
local t = redis.call('TIME')
local wait = math.ceil((tonumber(open) - t[1] * 1000000 - t[2]) / 1000)
if wait > 0 then return wait end
if redis.call('SET', KEYS[3], '1', 'NX', 'PX', ARGV[1]) then return 0 end
return math.max(1, redis.call('PTTL', KEYS[3]))
"""
# KEYS as above; ARGV ok, failures, window µs, opens µs, nonce, forget ms. Returns 1 if it opened.
RECORD = """
if ARGV[1] == '1' then
  redis.call('DEL', KEYS[1], KEYS[3])
  return 0
end
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local open = redis.call('GET', KEYS[1])
if open then
  if tonumber(open) > now then return 0 end
else
  redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[5])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now - ARGV[3]))
  redis.call('PEXPIRE', KEYS[2], math.ceil(ARGV[3] / 1000))
  if redis.call('ZCARD', KEYS[2]) < tonumber(ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[1], string.format('%.0f', now + ARGV[4]), 'PX', ARGV[6])
redis.call('DEL', KEYS[2], KEYS[3])
return 1
"""
# KEYS[1] log of grants; ARGV limit, window µs, place. Returns the ms until that further use may go,
# if those before it go as soon as they may.
SLOT = """
local t = redis.call('TIME')
local now, limit, window = t[1] * 1000000 + t[2], tonumber(ARGV[1]), tonumber(ARGV[2])
local place, from = tonumber(ARGV[3]), '(' .. string.format('%.0f', now - window)
local rounds = math.floor(place / limit)
local back = redis.call('ZCOUNT', KEYS[1], from, '+inf') + place % limit - limit
local at = now
if back >= 0 then
  local grant = redis.call(
    'ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', back, 1)
  at = math.max(now, grant[2] + window)
end
return math.ceil((at + rounds * window - now) / 1000)
"""
# KEYS as above; ARGV window µs. Returns {open?, ms left, failures in the window}.
STATE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local from = '(' .. string.format('%.0f', now - ARGV[1])
local failures = redis.call('ZCOUNT', KEYS[2], from, '+inf')
local open = redis.call('GET', KEYS[1])
if not open then return {0, 0, failures} end
return {1, math.max(0, math.ceil((tonumber(open) - now) / 1000)), failures}
"""
FORGET = timedelta(days=1)  # an open breaker that nobody asks is forgotten after this


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much of a limit is used, and when the oldest use leaves the window."""

    used: int
    limit: int
    resets_in: timedelta

    @property
    def left(self) -> int:
        """How many may go at once."""
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a breaker opens: `failures` within `window`, for `opens_for`; then one probe goes.

    A probe that says nothing for `probe_for` is taken for dead and another may go.
    """

    failures: int = 5
    window: timedelta = timedelta(seconds=10)
    opens_for: timedelta = timedelta(seconds=30)
    probe_for: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What a page shows: failures in the window, and how long until the next probe."""

    state: Literal["closed", "open", "half_open"]
    failures: int
    opens_for: timedelta


USUAL = Breaker()


def take(
    key: str, *, limit: int, window: timedelta, cost: int = 1, kept: timedelta = NOTHING
) -> timedelta:
    """Take `cost` of the `limit` that any window of this length allows; exact over all processes.

    Returns nothing (zero) when granted, else how long to wait before asking again; a refusal takes
    nothing. Where windows differ from call to call, `kept` is the longest of them.
    Raises: ValueError when `cost` can never be granted.
    """
    if not 0 < cost <= limit:
        raise ValueError(f"a cost of {cost} never fits a limit of {limit}")
    keys = [f"limit:{key}"]
    span = max(window, kept) // MICROSECOND
    args = [limit, window // MICROSECOND, cost, secrets.token_hex(8), span]
    wait = _ask(lambda valkey: valkey.eval(TAKE, 1, *keys, *args))
    if wait is None:
        return _take_alone(key, limit, window, cost)
    return int(wait) * MILLISECOND


def slot(key: str, *, limit: int, window: timedelta, place: int) -> timedelta:
    """Say how long until the further use at a place (from 0) may go; takes nothing.

    Those before it are supposed to go as soon as they may. While Valkey is away: an even pace.
    """
    args = [limit, window // MICROSECOND, place]
    wait = _ask(lambda valkey: valkey.eval(SLOT, 1, f"limit:{key}", *args))
    return (place + 1) * window / limit if wait is None else int(wait) * MILLISECOND


def hit(key: str, *, limit: int, window: timedelta) -> bool:
    """Count one request against a limit; False when it is over."""
    return take(key, limit=limit, window=window) == NOTHING


def peek(key: str, *, limit: int, window: timedelta) -> Allowance:
    """Say how much of a limit is used without using any; while Valkey is away, that none is."""
    found = _ask(lambda valkey: valkey.eval(PEEK, 1, f"limit:{key}", window // MICROSECOND))
    used, wait = found or (0, 0)
    return Allowance(int(used), limit, int(wait) * MILLISECOND)


def breaker_open(key: str, *, rule: Breaker = USUAL) -> timedelta | None:
    """Say how long not to call, or None for go; after an opening one caller gets a go, as probe.

    Whoever got a go must `record` how it went.
    """
    wait = _ask(lambda valkey: valkey.eval(ASK, 3, *_keys(key), rule.probe_for // MILLISECOND))
    return int(wait) * MILLISECOND if wait else None


def record(key: str, *, ok: bool, rule: Breaker = USUAL) -> bool:
    """Count a call: success closes the breaker, failures open it. True when this one opened it."""
    args = [
        int(ok),
        rule.failures,
        rule.window // MICROSECOND,
        rule.opens_for // MICROSECOND,
        secrets.token_hex(8),
        (rule.opens_for + FORGET) // MILLISECOND,
    ]
    return bool(_ask(lambda valkey: valkey.eval(RECORD, 3, *_keys(key), *args)))


def breaker_state(key: str, *, rule: Breaker = USUAL) -> BreakerState:
    """Look at a breaker without taking its probe."""
    found = _ask(lambda valkey: valkey.eval(STATE, 3, *_keys(key), rule.window // MICROSECOND))
    is_open, wait, failures = found or (0, 0, 0)
    if not is_open:
        return BreakerState("closed", int(failures), NOTHING)
    return BreakerState("open" if wait else "half_open", int(failures), int(wait) * MILLISECOND)


def reset(key: str) -> None:
    """Close a breaker by hand and forget its failures."""
    _ask(lambda valkey: valkey.delete(*_keys(key)))


def seen(name: str, *, ttl: timedelta) -> None:
    """Leave a sign of life that lasts `ttl`."""
    at = datetime.now(UTC).isoformat()
    _ask(lambda valkey: valkey.set(f"seen:{name}", at, px=ttl // MILLISECOND))


def last_seen(prefix: str = "") -> dict[str, datetime]:
    """Return who left a sign of life under this prefix, and when (by their clock)."""

    def read(valkey: Any) -> dict[str, datetime]:
        names = list(valkey.scan_iter(f"seen:{prefix}*", count=500))
        found = zip(names, valkey.mget(names), strict=True) if names else ()
        return {name.removeprefix("seen:"): datetime.fromisoformat(at) for name, at in found if at}

    found: dict[str, datetime] | None = _ask(read)
    return found or {}


def is_away() -> bool:
    """Whether Valkey failed here a moment ago, so that nobody should wait for it again just now."""
    return time.monotonic() < _away.get(settings.VALKEY_URL, 0.0)


def ping() -> bool:
    """Whether Valkey answers now, however it was a moment ago."""
    try:
        return bool(client().ping())
    except redis.RedisError:
        return False


def client() -> Any:
    """Return this process's client: short timeouts, no retries; safe after a fork."""
    return _client(settings.VALKEY_URL, os.getpid())


@lru_cache(maxsize=4)
def _client(url: str, _pid: int) -> Any:
    """Make a client for one address and process."""
    return redis.Redis.from_url(
        url.replace("valkey://", "redis://", 1),
        decode_responses=True,
        socket_timeout=SOCKET_TIMEOUT,
        socket_connect_timeout=SOCKET_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )


def _keys(key: str) -> tuple[str, str, str]:
    """Return the names of a breaker: open until, failures, probe; one slot in a cluster."""
    return tuple(f"breaker:{{{key}}}:{part}" for part in ("open", "failures", "probe"))  # type: ignore[return-value] # three of three


def _ask(call: Callable[[Any], Any]) -> Any:
    """Ask Valkey; None while it is away, which is looked at again every few seconds."""
    url = settings.VALKEY_URL
    if is_away():
        return None
    for last in (False, True):  # a pooled connection may be older than a restart of Valkey
        try:
            answer = call(client())
        except AWAY as exc:
            if last or isinstance(exc, redis.TimeoutError):
                _degrade(url, exc)
                return None
        else:
            if _away.pop(url, None) is not None:
                log.info("recovered")
            return answer
    return None


def _degrade(url: str, problem: Exception) -> None:
    """Remember that Valkey is away, and say so the first time."""
    if url not in _away:
        log.warning("degraded", reason=str(problem), until="Valkey is back")
    _away[url] = time.monotonic() + LOOK_AGAIN


def _take_alone(key: str, limit: int, window: timedelta, cost: int) -> timedelta:
    """Keep to this process's share of a quota, in a longer window where the share is no whole."""
    workers = getattr(settings, "WORKER_PROCESSES", DEFAULT_WORKERS)
    share = max(limit // workers, cost)
    span = window.total_seconds() * max(1, math.ceil(share * workers / limit))
    now = time.monotonic()
    with _alone_lock:
        if key not in _alone and len(_alone) >= ALONE_KEYS:
            _alone.pop(next(iter(_alone)))
        grants = _alone.setdefault(key, deque())
        while grants and grants[0] <= now - span:
            grants.popleft()
        over = len(grants) + cost - share
        if over > 0:
            return timedelta(seconds=grants[over - 1] + span - now)
        grants.extend([now] * cost)
    return NOTHING
