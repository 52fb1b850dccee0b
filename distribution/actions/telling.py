"""From the event log to endpoints: which of a company's facts each of them is to hear.

The log numbers facts in the transaction that made them true, without gaps, so a position in it
can miss none, whoever tells them; and a company without endpoints pays nothing for its facts.
"""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Concat, Now

from distribution.models import HookDelivery, HookEndpoint
from distribution.rules import telling as rules
from jobly.runs import actions as runs
from jobly.runs.actions import Fact, start, transaction
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Event, Run, Stream
from jobly.runs.rules.streams import company_stream
from jobly.users.models import Company, User

TELL, DELIVER = "distribution.tell_endpoints", "distribution.deliver_hooks"
PAUSE = timedelta(seconds=1)  # in which facts gather, so that one run takes them all
BATCH = 500  # events a transaction
MEMORY = 5.0  # seconds for which a process remembers who has endpoints
_known: dict[str, Any] = {"at": float("-inf"), "companies": frozenset()}


def emit(fact: Fact, *, actor: User | None = None, company: Company | UUID | None = None) -> None:
    """Tell a fact as `runs.emit` does, and soon after the endpoints of its company, if any.

    The clock looks each minute all the same: this only makes it quicker.
    """
    runs.emit(fact, actor=actor, company=company)
    company_id = company.pk if isinstance(company, Company) else company
    if company_id is not None and company_id in _companies():
        wake()


def _companies() -> frozenset[UUID]:
    """Return whose endpoints are to be told, as of a few seconds ago."""
    if time.monotonic() - _known["at"] > MEMORY:
        rows = HookEndpoint.objects.usable().order_by().values_list("company_id", flat=True)
        _known.update(at=time.monotonic(), companies=frozenset(rows.distinct()))
    found: frozenset[UUID] = _known["companies"]
    return found


def look_again() -> None:
    """Forget who has endpoints: somebody has one more."""
    _known["at"] = float("-inf")


def wake() -> None:
    """Have the log read soon, unless that is about to happen."""
    _start_once(TELL, PAUSE)


def wake_delivery(*, soon: bool = False) -> None:
    """Have what is due sent, unless that is about to happen."""
    _start_once(DELIVER, timedelta(0) if soon else PAUSE)


def _start_once(kind: str, after: timedelta) -> None:
    waiting = Run.objects.filter(kind=kind, status=Run.Status.QUEUED)
    if not waiting.filter(available_at__lte=Now() + after).exists():
        start(kind, {}, actor=None, stream="staff", after=after, detached=True)


def tell_endpoints(progress: Progress) -> dict[str, int]:
    """Write down what each endpoint is to hear of what happened since it was asked last.

    Idempotent: an event is one telling an endpoint, and its position moves with it.
    """
    told = 0
    for key in _behind():
        more = True
        while more:
            progress.checkpoint()
            with progress.transaction():
                count, more = _tell(key)
                told += count
    with progress.transaction():
        if HookDelivery.objects.due().exists():
            wake_delivery(soon=True)
    return {"told": told}


def _behind() -> list[UUID]:
    """Return the endpoints whose company's stream went on."""
    name = Concat(Value("company:"), Cast(OuterRef("company_id"), CharField()))
    last = Stream.objects.filter(pk=name).values("last_seq")
    rows = HookEndpoint.objects.usable().annotate(last=Subquery(last))
    return list(rows.filter(last__gt=F("cursor")).order_by("pk").values_list("pk", flat=True))


def _tell(key: UUID) -> tuple[int, bool]:
    """Take an endpoint some events on; return how many it is to hear and whether more follow."""
    rows = HookEndpoint.objects.usable().select_for_update(skip_locked=True, no_key=True)
    endpoint = rows.filter(pk=key).first()
    if endpoint is None:
        return 0, False
    stream = company_stream(endpoint.company_id)
    last = Stream.objects.values_list("last_seq", flat=True).get(pk=stream)
    found = list(
        Event.objects.after(stream, endpoint.cursor)
        .filter(seq__lte=last, fact__in=endpoint.events or list(rules.EVENTS))
        .defer("run", "actor")[:BATCH]
    )
    HookDelivery.objects.bulk_create(
        [
            HookDelivery(
                endpoint=endpoint,
                event_id=f"evt_{endpoint.company_id.hex}_{event.seq}",
                type=event.fact,
                body=rules.body_of(event.fact, event.at, event.data),
            )
            for event in found
            if rules.wants(endpoint.events, event.fact)
        ],
        ignore_conflicts=True,
    )
    more = len(found) == BATCH
    HookEndpoint.objects.filter(pk=key).update(cursor=found[-1].seq if more else last)
    return len(found), more


@transaction
def sweep_tellings() -> None:
    """Have the log read and what is due sent, where that is needed and nobody is at it."""
    pending = HookDelivery.objects.filter(state="pending")
    off = list(pending.filter(endpoint__enabled=False).values_list("pk", flat=True)[:BATCH])
    pending.filter(pk__in=off).update(
        state="dead", why="the endpoint is switched off", next_at=None, ended_at=Now()
    )
    if _behind():
        _start_once(TELL, timedelta(0))
    if HookDelivery.objects.due().exists():
        wake_delivery(soon=True)
