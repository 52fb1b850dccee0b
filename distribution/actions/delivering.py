"""Send what endpoints are to hear: many at a time, one a moment to each, until somebody says 2xx.

A try is written down before it is sent. Who dies in between leaves it open, and it is sent again
under the same id: at least once, never silently none.
"""

import random
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Max, Q
from django.db.models.functions import Coalesce, Greatest, Now

from distribution.actions import endpoints, telling
from distribution.clients import hooks
from distribution.models import HookDelivery, HookEndpoint, HookTry
from distribution.rules import signing
from distribution.rules import telling as rules
from distribution.rules.telling import Heard, Verdict
from jobly.runs.actions import start
from jobly.runs.actions.claims import clock
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress

State = HookDelivery.State
AT_ONCE = 16  # endpoints that are told at the same time, each one event
LONGEST = 60.0  # seconds of one run; the next one goes on
LOOK = 0.5  # seconds between two looks for what became due
PATIENCE = rules.TIMEOUT.total_seconds()
SOON = timedelta(seconds=90)  # what is due later waits for the clock


@dataclass(frozen=True, slots=True)
class Letter:
    """One try that is written down and about to be sent."""

    delivery: HookDelivery
    attempt: HookTry
    headers: dict[str, str]


def deliver_hooks(progress: Progress) -> dict[str, int]:
    """Send what is due, to several endpoints at a time, so that a slow one holds no other.

    Emits: EndpointDisabled. Safe to repeat at any point.
    """
    counts = {"delivered": 0, "failed": 0}
    if progress.run.crash_count:
        _recover(progress)
    end = time.monotonic() + LONGEST
    under_way: dict[Future[Heard], Letter] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hook") as pool:
        while True:
            progress.hold(rules.TIMEOUT)
            left = end - time.monotonic()
            if left > 0:
                letters = _take(progress, under_way.values(), slow=left > PATIENCE)
                crashpoint("hook.before_send")
                under_way |= {pool.submit(_send, letter): letter for letter in letters}
            if not under_way:
                break
            done, _ = wait(under_way, timeout=LOOK, return_when=FIRST_COMPLETED)
            for future in done:
                heard = future.result()
                crashpoint("hook.after_send")
                ok = _note(progress, under_way.pop(future), heard)
                counts["delivered" if ok else "failed"] += 1
    with progress.transaction():
        _go_on()
    return counts


def _recover(progress: Progress) -> None:
    """Find that our worker died with tries in the air: what they were is due again."""
    lost = HookTry.objects.filter(ended_at=None, delivery__state=State.PENDING)
    with progress.transaction():
        keys = list(lost.values_list("delivery_id", flat=True))
        lost.update(ended_at=Now(), error="we went away before the answer came")
        HookDelivery.objects.filter(pk__in=keys, state=State.PENDING).update(next_at=Now())


def _take(progress: Progress, busy: Iterable[Letter], *, slow: bool) -> list[Letter]:
    """Write down the next try of each endpoint that is not busy and may be told now.

    Not `slow`: those that timed out lately are left out, so that the end of a run waits for none.
    A delivery that is taken is nobody else's for a while: its next try is put off first.
    """
    taken = [letter.delivery.endpoint_id for letter in busy]
    free = AT_ONCE - len(taken)
    rested = Q(endpoint__resting_until=None) | Q(endpoint__resting_until__lte=Now())
    due = HookDelivery.objects.filter(rested, state=State.PENDING, next_at__lte=Now())
    due = due.filter(endpoint__enabled=True).exclude(endpoint__in=taken)
    if not slow:
        due = due.filter(endpoint__timeouts=0)
    first = due.order_by("endpoint_id", "next_at", "id").distinct("endpoint_id")
    keys = list(first.values_list("pk", flat=True)[:free])
    if not keys:
        return []
    with progress.transaction():
        rows = HookDelivery.objects.filter(pk__in=keys, state=State.PENDING, next_at__lte=Now())
        locked = rows.select_related("endpoint").select_for_update(
            of=("self",), skip_locked=True, no_key=True
        )
        return [_write(row) for row in locked]


def _write(row: HookDelivery) -> Letter:
    """Write a try down and sign it with the secrets that are valid now."""
    now = clock()
    HookDelivery.objects.filter(pk=row.pk).update(tries=F("tries") + 1, next_at=now + rules.CLAIM)
    row.tries += 1
    row.attempts.filter(ended_at=None).update(
        ended_at=now, error="we went away before the answer came"
    )
    last = row.attempts.aggregate(n=Coalesce(Max("number"), 0))["n"]
    attempt = HookTry.objects.create(delivery=row, number=last + 1)
    return Letter(row, attempt, _headers(row, now))


def _headers(row: HookDelivery, now: datetime) -> dict[str, str]:
    endpoint, moment = row.endpoint, int(now.timestamp())
    secrets = [endpoint.secret["secret"]]
    if endpoint.before and endpoint.before_until and now < endpoint.before_until:
        secrets.append(endpoint.before["secret"])
    body = row.body.encode()
    return {
        "content-type": "application/json",
        "user-agent": "Jobly-Webhooks/1",
        "webhook-id": row.event_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(
            signing.sign(secret, row.event_id, moment, body) for secret in secrets
        ),
    }


def _send(letter: Letter) -> Heard:
    """Send one try; runs in a thread, so it touches nothing but the network."""
    row = letter.delivery
    private = rules.origin_of(row.endpoint.url) in settings.HOOK_PRIVATE_ORIGINS
    return hooks.post(row.endpoint.url, letter.headers, row.body.encode(), private=private)


def _note(progress: Progress, letter: Letter, heard: Heard) -> bool:
    """Write down what came of a try and what follows; whether it was delivered."""
    row = letter.delivery
    verdict = rules.judge(heard, row.tries, random.random())  # noqa: S311 # only spreads tries
    with progress.transaction():
        HookTry.objects.filter(pk=letter.attempt.pk).update(
            ended_at=Now(),
            http_status=heard.status,
            answer=heard.head,
            error=heard.error[:300],
            ms=heard.ms,
        )
        mine = HookDelivery.objects.filter(pk=row.pk, state=State.PENDING)
        if verdict.end == "again":
            mine.update(why=verdict.why[:300], next_at=Now() + verdict.wait)
        else:
            state = State.DELIVERED if verdict.end == "delivered" else State.DEAD
            mine.update(state=state, why=verdict.why[:300], next_at=None, ended_at=Now())
        _of_endpoint(row.endpoint_id, heard, verdict)
    return verdict.end == "delivered"


def _of_endpoint(key: UUID, heard: Heard, verdict: Verdict) -> None:
    """Note how an endpoint does: well, silent, to be left alone for a while, or gone for good."""
    rows = HookEndpoint.objects.filter(pk=key)
    if verdict.end == "delivered":
        rows.filter(~Q(failing_since=None) | Q(timeouts__gt=0)).update(
            failing_since=None, timeouts=0, resting_until=None
        )
        return
    endpoint = rows.select_for_update(no_key=True).first()
    if endpoint is None:
        return
    now = clock()
    columns: dict[str, Any] = {"failing_since": endpoint.failing_since or now, "timeouts": 0}
    if heard.timed_out:
        count = min(endpoint.timeouts + 1, 1000)
        columns |= {"timeouts": count, "resting_until": now + rules.rest(count)}
    elif heard.status in (rules.TOO_MANY, rules.AWAY) and heard.retry_after is not None:
        columns["resting_until"] = now + heard.retry_after
    rows.update(**columns)
    if verdict.end == "gone":
        endpoints.disable(endpoint, verdict.why)
    elif verdict.end == "dead" and now - columns["failing_since"] >= rules.PATIENCE:
        hours = round(rules.PATIENCE / timedelta(hours=1))
        endpoints.disable(endpoint, f"it took nothing for {hours} hours")


def _go_on() -> None:
    """Start the next run when something is due soon; the clock finds what is due later."""
    rows = HookDelivery.objects.filter(state=State.PENDING, next_at__lte=Now() + SOON)
    ready = Greatest("endpoint__resting_until", "next_at")  # PostgreSQL leaves nulls out
    first = rows.filter(endpoint__enabled=True).annotate(ready=ready)
    at = first.order_by("ready").values_list("ready", flat=True).first()
    if at is None:
        return
    start(
        telling.DELIVER,
        {},
        actor=None,
        stream="staff",
        after=max(at, clock() + timedelta(seconds=1)),
        detached=True,
    )
