"""The way to a board: its client, its token, and whether we may call it now."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from distribution.actions import credentials
from distribution.clients import indeed, internal, linkedin, rest, uncalled, webhook
from distribution.errors import BoardGone, CredentialsRefused, NotDistributable, OutOfQuota
from distribution.models import Channel, Distribution
from distribution.rules import channels as rules
from distribution.rules.channels import BoardKind, Connection
from jobly import limits
from jobly.errors import AuthExpired, Deferred, JoblyError, Rejected, Unavailable
from jobly.runs.actions.claims import clock, clock_read_once

CHANNELS: dict[BoardKind, ModuleType] = {
    rules.LINKEDIN: linkedin,
    rules.INDEED: indeed,
    rules.REST: rest,
    rules.WEBHOOK: webhook,
    rules.FEED: uncalled,
    rules.INTRANET: internal,
    rules.INTERNAL: internal,
}
REFRESH_SHARE = 0.8  # of a token's life; refreshed before it can end on the way (§2.6)
TOKEN_TIMEOUT = timedelta(seconds=10)
# a grant is used a moment after it was given: as much room keeps the board's own count below
QUOTA_WINDOW = rules.RATE_WINDOW + timedelta(seconds=0.5)
QUEUE = timedelta(seconds=0.1)  # for each of those that come back after a pause
WAVE = 32  # come back at once: where the pause goes on, they are put off together
Answer = TypeVar("Answer")


def ask(channel: Channel, call: Callable[[ModuleType, Connection], Answer]) -> Answer:
    """Call a board with a token that lives, refreshing a refused one once, and tell the breaker.

    Raises: what the client raises; Unavailable when a fresh token was refused too.
    """
    client = client_of(channel)
    try:
        token = token_for(channel)
        try:
            answer = call(client, channel.connection(token))
        except AuthExpired:
            answer = call(client, channel.connection(token_for(channel, refused=token)))
    except JoblyError as exc:
        raise heard(channel, exc) from exc
    well(channel)
    return answer


def well(channel: Channel) -> None:
    """Tell the breaker of a call that succeeded, and that the token is taken again."""
    limits.record(channel.breaker_key, ok=True)
    if (channel.token or {}).get("refused"):
        Channel.everything.filter(pk=channel.pk).update(token={**channel.token, "refused": 0})


def heard(channel: Channel, error: JoblyError) -> JoblyError:
    """Tell the breaker of a call that failed; return the error that the caller goes on with.

    Refused credentials are noted and become Held; an address that is gone switches the channel off.
    Emits: ChannelDisconnected.
    """
    if isinstance(error, Deferred):
        return error
    if isinstance(error, AuthExpired):
        return _judged(channel, error)
    if isinstance(error, CredentialsRefused):
        return credentials.disconnect(channel, error)
    if isinstance(error, BoardGone):
        credentials.switch_off(channel, error)
    if isinstance(error, Unavailable):
        spoken = "status" in error.context and _is_spoken(error)
        limits.record(channel.breaker_key, ok=spoken)
    elif isinstance(error, Rejected):
        limits.record(channel.breaker_key, ok=True)
    return error


def _judged(channel: Channel, error: AuthExpired) -> JoblyError:
    """Ask a board that refused one call whether it knows us; the channel is marked if not.

    A board that does is taken for one that stumbled, so the call is tried again.
    """
    known = channel.token or {}
    try:
        token = token_for(channel, refused=str(known.get("text", "")))
        client_of(channel).probe(channel.connection(token))
    except (AuthExpired, CredentialsRefused):
        return credentials.disconnect(channel, CredentialsRefused(error.message))
    except Unavailable as exc:
        return exc
    return Unavailable(f"{channel.name} refused a call, but knows us: {error.message}")


def client_of(channel: Channel) -> ModuleType:
    """Return the module that speaks a channel's language, by its kind and its route."""
    return uncalled if channel.is_fetched or channel.is_mirrored else CHANNELS[channel.board]


def _is_spoken(error: Unavailable) -> bool:
    """Whether a board that is well said no for now, as with 429."""
    status = error.context.get("status")
    return isinstance(status, int) and status < 500  # noqa: PLR2004 # HTTP's server errors


def token_for(channel: Channel, *, refused: str = "", ahead: timedelta = timedelta(0)) -> str:
    """Return a token to call with that serves longer than `ahead`; empty for boards without any.

    Two workers that need a new one at once fetch it once: the second waits for the row and finds
    it. Raises: Held, Unavailable.
    """
    client = client_of(channel)
    if not hasattr(client, "fetch_token"):
        return ""
    if known := _usable(channel, refused, ahead):
        return known
    try:
        with transaction.atomic():
            row = Channel.everything.select_for_update(no_key=True).get(pk=channel.pk)
            if not _usable(row, refused, ahead):
                _fetch(client, row, refused)
    except CredentialsRefused as exc:
        raise credentials.disconnect(channel, exc) from exc
    channel.refresh_from_db(fields=["token", "token_expires_at"])
    return str((channel.token or {})["text"])


def _fetch(client: ModuleType, row: Channel, refused: str) -> None:
    """Fetch and store a token; the caller holds the row's lock.

    Raises: CredentialsRefused, also when the board refuses each token that it has just given.
    """
    known = row.token or {}
    soon = refused and refused == known.get("text") and _is_young(known)
    count = int(known.get("refused", 0)) + 1 if soon else 0
    if count >= rules.TOKENS_REFUSED:
        raise CredentialsRefused(f"The board refused {count} tokens that it had just given.")
    link = row.connection()
    # a transaction waits for this answer, and the database ends idle ones after 30 s
    quick = replace(link, call_timeout=min(link.call_timeout, TOKEN_TIMEOUT))
    found = client.fetch_token(quick)
    token = {"text": found.text, "at": clock().isoformat(), "refused": count}
    Channel.everything.filter(pk=row.pk).update(
        token=token, token_expires_at=Now() + found.lifetime * REFRESH_SHARE
    )


def _is_young(token: Mapping[str, Any]) -> bool:
    """Whether a token was fetched within the last minute."""
    at = token.get("at")
    return bool(at) and clock() - datetime.fromisoformat(str(at)) < rules.RATE_WINDOW


def forget_token(channel: Channel) -> None:
    """Have the next call fetch a new token."""
    Channel.everything.filter(pk=channel.pk).update(token=None, token_expires_at=None)
    channel.refresh_from_db(fields=["token", "token_expires_at"])


def _usable(channel: Channel, refused: str, ahead: timedelta) -> str:
    """Return the stored token unless it is too old or the one that was refused."""
    end = channel.token_expires_at
    fresh = end is not None and _in_future(end - ahead)
    text = str((channel.token or {}).get("text", "")) if fresh else ""
    return "" if text == refused else text


class Line:
    """How many wait for a board before each of some publications of its channel.

    Counted by one statement when first asked; who has left the line meanwhile counts no more.
    """

    PLACES = f"""
        SELECT id, place FROM (
            SELECT id, count(*) FILTER (WHERE status = 'pending') OVER (
                ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS place
            FROM {Distribution._meta.db_table}
            WHERE channel_id = %(channel)s AND id <= %(last)s
              AND (status = 'pending' OR id = ANY(%(ids)s))
        ) line WHERE id = ANY(%(ids)s)
    """  # noqa: S608, SLF001 # the name of our own table

    def __init__(self, rows: Sequence[Distribution]) -> None:
        self._rows = rows
        self._places: dict[UUID, int] | None = None
        self._gone = 0

    def leave(self) -> None:
        """Note that the next one does not wait any more."""
        self._gone += 1

    def ahead(self, row: Distribution) -> int:
        """Count what waits for the same board and came earlier."""
        if self._places is None:
            ids = [one.pk for one in self._rows]
            given: dict[str, Any] = {"channel": row.channel_id, "ids": ids, "last": max(ids)}
            with connection.cursor() as cursor:
                cursor.execute(self.PLACES, given)
                self._places = dict(cursor.fetchall())
        return max(0, self._places[row.pk] - self._gone)

    def turn(self, row: Distribution) -> timedelta:
        """Return how long after a pause it comes back: wave by wave, at the rate boards take."""
        return self.ahead(row) // WAVE * WAVE * QUEUE


def admit(distribution: Distribution, *, submits: bool, line: Line | None = None) -> None:
    """Let one call through to the board, or say when to come back, behind those before it in line.

    Looks at the parked channel, the breaker and, for submissions, takes one of the quota.
    Raises: Deferred; NotDistributable when the channel is switched off.
    """
    channel = distribution.channel
    line = line or Line([distribution])
    if not channel.enabled:
        raise NotDistributable(f"{channel.name} is switched off; enable it and retry.")
    if not channel.is_called:
        return
    now = clock()
    if pause := _pause(channel, now):
        raise _behind(pause, line.turn(distribution))
    if submits and _quota(channel):
        raise _out_of_quota(distribution, line, now)
    # asked last: whoever gets the breaker's go has to make the call
    if wait := limits.breaker_open(channel.breaker_key):
        raise _behind(_away(channel, now + wait), line.turn(distribution))


def put_off(rows: Sequence[Distribution], first: Deferred) -> list[Deferred]:
    """Say when each of some comes back, behind the first of their channel that was put off.

    None before that one. They are not looked at and take nothing of the quota.
    """
    if not rows:
        return []
    with clock_read_once():
        channel, line, now = rows[0].channel, Line(rows), clock()
        if isinstance(first, OutOfQuota):
            found = [_out_of_quota(row, line, now) for row in rows]
        else:  # one that waits for another's probe waits for no pause that stands written
            pause = _pause(channel, now) or first
            found = [_behind(pause, line.turn(row)) for row in rows]
    for error in found:
        error.until = max(error.until, first.until)
    return found


def _pause(channel: Channel, now: datetime) -> Deferred | None:
    """Say why a channel is not called at the moment and until when, if so."""
    if channel.credentials_refused_at:
        return credentials.held(channel)
    if channel.parked_until and _in_future(channel.parked_until):
        return Deferred(f"{channel.name} asked for a pause.", until=channel.parked_until)
    state = limits.breaker_state(channel.breaker_key)
    return _away(channel, now + state.opens_for) if state.state == "open" else None


def _away(channel: Channel, until: datetime) -> Deferred:
    return Deferred(f"{channel.name} does not answer at the moment.", until=until)


def _behind(pause: Deferred, turn: timedelta) -> Deferred:
    """Defer until a pause is over, and those that came earlier have had their turn."""
    return type(pause)(pause.message, until=pause.until + turn)


def _quota(channel: Channel) -> timedelta:
    """Take one submission of the channel's allowance, or say how long to wait for it."""
    return limits.take(channel.limit_key, limit=channel.limit_per_minute, window=QUOTA_WINDOW)


def _out_of_quota(distribution: Distribution, line: Line, now: datetime) -> Deferred:
    """Defer to the moment when the quota has room behind those that came earlier."""
    channel = distribution.channel
    limit, place = channel.limit_per_minute, line.ahead(distribution)
    wait = limits.slot(channel.limit_key, limit=limit, window=QUOTA_WINDOW, place=place)
    return OutOfQuota(f"{channel.name} takes {limit} a minute; waiting.", until=now + wait)


def park(channel: Channel, retry_after: timedelta | None) -> datetime:
    """Stop calling a board that answered 429, by the channel's rule; say until when."""
    waits = channel.rate_limit_rule == Channel.RateLimitRule.RETRY_AFTER
    rule: rules.RateLimitRule = "retry_after" if waits else "next_midnight"
    until = rules.parked_until(rule, clock(), retry_after)
    Channel.everything.filter(pk=channel.pk).update(parked_until=until)
    channel.parked_until = until
    return until


def health(channel: Channel) -> dict[str, Any]:
    """Say how a channel is: allowance left, breaker, pause and token."""
    state = limits.breaker_state(channel.breaker_key)
    limit = channel.limit_per_minute
    left = limits.peek(channel.limit_key, limit=limit, window=rules.RATE_WINDOW)
    parked = channel.parked_until if _in_future(channel.parked_until) else None
    return {
        "ok": channel.enabled and state.state == "closed" and parked is None,
        "enabled": channel.enabled,
        "limit_per_minute": limit,
        "allowance_left": left.left,
        "allowance_resets_in": left.resets_in.total_seconds(),
        "breaker": state.state,
        "breaker_failures": state.failures,
        "next_probe_in": state.opens_for.total_seconds(),
        "parked_until": parked,
        "token_expires_at": channel.token_expires_at,
    }


def reset_breaker(channel: Channel) -> None:
    """Let calls through again by hand: forget the failures and end a pause."""
    limits.reset(channel.breaker_key)
    Channel.everything.filter(pk=channel.pk).update(parked_until=None)


def _in_future(moment: datetime | None) -> bool:
    return moment is not None and moment > clock()
