"""Take in what boards tell by themselves: verify, keep, then apply it in a run."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db import transaction as django_transaction
from django.db.models import F
from django.db.models.functions import Now

from distribution import events
from distribution.actions import changes, fate
from distribution.actions.applying import Application, apply
from distribution.actions.publish import locked
from distribution.actions.telling import emit
from distribution.errors import SignatureRefused
from distribution.models import Attempt, Channel, Distribution, HookKey, InboundHook
from distribution.rules import inbound as rules
from distribution.rules import signing
from distribution.rules.answers import Seen
from distribution.rules.inbound import Told, Verdict
from jobly.errors import Deferred, JoblyError
from jobly.runs.actions import start, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run

State = InboundHook.State
Status = Distribution.Status
STALE = timedelta(minutes=2)  # an event that waits longer has lost its run
LINE = 500  # characters
ENDED_THERE = "the board told us so"
BATCH = 1000  # rows a sweep looks at


class End(NamedTuple):
    """Where an event goes, and why; one that waits says until when."""

    state: State
    why: str = ""
    until: datetime | None = None


def new_key(channel: Channel, *, scheme: str = "", secret: str = "") -> str:
    """Give a channel the secret its events are signed with, and return it, once.

    A secret of the sender's own may be given. The one before stays valid for a day.
    """
    text = secret or signing.new_secret()
    with django_transaction.atomic():
        row, _ = HookKey.objects.select_for_update().get_or_create(channel=channel)
        before = row.secret
        row.before = {"secret": before["secret"]} if before else None
        row.before_until = clock() + signing.OVERLAP if before else None
        row.secret, row.changed_at = {"secret": text}, Now()
        row.scheme = scheme or row.scheme
        row.save()
    return text


def end_overlap(channel: Channel) -> None:
    """Take the secret before the last change out of use at once."""
    HookKey.objects.filter(channel=channel).update(before=None, before_until=None)


def receive(channel: Channel, headers: Mapping[str, str], body: bytes) -> tuple[InboundHook, bool]:
    """Verify an event and keep it as it came; return its row and whether it is new.

    Header names are in lower case. What was kept is applied by a run of its own.
    Raises: SignatureRefused, before anything is read or kept.
    """
    now = clock()
    key = HookKey.objects.filter(channel=channel).first()
    if key is None:
        raise SignatureRefused("This channel has no secret for webhooks yet.")
    found = _verify(key, headers, body, now)
    kept = {name: headers[name][:300] for name in rules.HEADERS_KEPT if name in headers}
    with transaction():
        try:
            with django_transaction.atomic():
                row = InboundHook.objects.create(
                    channel=channel,
                    event_id=found.event_id,
                    body=body,
                    headers=kept,
                    signed_at=found.signed_at,
                )
        except IntegrityError:
            rows = InboundHook.objects.filter(channel=channel, event_id=found.event_id)
            rows.update(repeats=F("repeats") + 1)
            return rows.without_body().get(), False
        _begin(row, channel.company_id)
    return row, True


def _verify(
    key: HookKey, headers: Mapping[str, str], body: bytes, now: datetime
) -> signing.Verified:
    valid = [key.secret["secret"]]
    if key.before and key.before_until and now < key.before_until:
        valid.append(key.before["secret"])
    if key.scheme == HookKey.Scheme.INDEED:
        return signing.verify_indeed(valid, headers, body)
    return signing.verify_standard(valid, headers, body, now=now)


def _begin(row: InboundHook, company_id: UUID) -> None:
    start(
        "distribution.apply_hook",
        {"hook_id": str(row.pk)},
        actor=None,
        company=company_id,
        detached=True,
    )


@transaction
def apply_again(hook: InboundHook) -> InboundHook:
    """Have a kept event applied once more; what is newer than it stays as it is."""
    row = InboundHook.objects.without_body().select_for_update(of=("self",)).get(pk=hook.pk)
    InboundHook.objects.filter(pk=row.pk).update(state=State.RECEIVED, why="", settled_at=None)
    _begin(row, row.channel.company_id)
    row.refresh_from_db(fields=["state", "why", "settled_at"])
    return row


def apply_hook(progress: Progress, hook_id: UUID) -> dict[str, Any]:
    """Do what a kept event says, once; one that comes before our own commit waits for it.

    Emits what the change of a publication emits. Raises: Deferred while it waits.
    """
    with progress.transaction():
        rows = InboundHook.objects.select_related("channel").select_for_update(of=("self",))
        hook = rows.get(pk=hook_id)
        if hook.state not in (State.RECEIVED, State.PARKED):
            return {"state": hook.state, "why": hook.why}
        end = _apply(hook)
        settled = None if end.state == State.PARKED else Now()
        why = " ".join(end.why.split())[:LINE]
        InboundHook.objects.filter(pk=hook.pk).update(
            state=end.state,
            why=why,
            settled_at=settled,
            type=hook.type,
            topic=hook.topic,
            version=hook.version,
            distribution=hook.distribution_id,
        )
        crashpoint("hook.before_applied")
    if end.until is not None:
        raise Deferred(why, until=end.until)
    return {"state": end.state, "why": why}


def _apply(hook: InboundHook) -> End:
    """Read an event and follow it; fills in what it is about, as far as that is known."""
    try:
        told = rules.read(bytes(hook.body), came=hook.signed_at or hook.received_at)
        hook.type, hook.topic, hook.version = told.type, told.topic, told.version
        with django_transaction.atomic():
            return _follow(hook, told)
    except JoblyError as wrong:
        return End(State.FAILED, wrong.message)


def _follow(hook: InboundHook, told: Told) -> End:
    if told.topic == "other":
        return End(State.IGNORED, f"events of type {told.type} change nothing here")
    row = _publication(hook.channel, told)
    if row is None:
        return _of_nobody(hook, told)
    hook.distribution_id = row.pk
    if told.topic == "metrics":
        return _count(row, told)
    if told.topic == "applicant":
        return _take_application(hook, row, told)
    newer = InboundHook.objects.of_posting(row.pk, "status").exclude(pk=hook.pk)
    newest = newer.filter(version__gte=told.version).values_list("version", flat=True).first()
    if newest is not None:
        return End(State.IGNORED, f"version {newest} was applied before; this is {told.version}")
    return _move(hook, row, told)


def _publication(channel: Channel, told: Told) -> Distribution | None:
    """Return the publication an event is about, locked: by our id, else by the board's."""
    rows = Distribution.objects.filter(channel=channel).order_by("-id")
    if told.external_id:
        rows = rows.filter(external_id=told.external_id)
    elif told.post_id:
        rows = rows.filter(post_id=told.post_id)
    else:
        return None
    key = rows.values_list("pk", flat=True).first()
    return locked(key) if key else None


def _of_nobody(hook: InboundHook, told: Told) -> End:
    """Keep an event about a posting nobody knows; the board's id may not be in our books yet."""
    if told.external_id or not told.post_id:
        name = told.external_id or "no posting"
        return End(State.IGNORED, f"{name} is no publication of this channel")
    why = f"the board's id {told.post_id} is not in our books"
    return _park(hook, why, late=End(State.IGNORED, why))


def _park(hook: InboundHook, why: str, *, late: End) -> End:
    """Have an event wait, as long as patience lasts."""
    now = clock()
    elapsed = now - hook.received_at
    if elapsed >= rules.patience(hook.channel.settle_window):
        return late
    return End(State.PARKED, why, until=now + rules.next_wait(elapsed))


def _count(row: Distribution, told: Told) -> End:
    given = {"views": told.views, "clicks": told.clicks, "applications": told.applications}
    if all(value is None for value in given.values()):
        return End(State.FAILED, "it has none of views, clicks and applications as whole numbers")
    changes.update_metrics(row, **given, source="webhook", at=told.at)
    return End(State.APPLIED, "counters noted")


def _take_application(hook: InboundHook, row: Distribution, told: Told) -> End:
    """Take over who applied at the board, once an event. Emits: ApplicantArrived."""
    person = rules.person_of(told)
    if told.type not in rules.ARRIVALS:
        return End(State.IGNORED, f"events of type {told.type} change nothing here")
    if person is None:
        return End(State.FAILED, "it has no name or no mail address of who applied")
    sent = Application(
        form_key=hook.pk,
        name=person.name,
        email=person.email,
        phone=person.phone,
        cover=person.cover,
        via=row.token,
    )
    _, fresh = apply(row.job, sent, origin=settings.PUBLIC_URL)
    return End(State.APPLIED, "an applicant was added" if fresh else "the applicant was here")


def _move(hook: InboundHook, row: Distribution, told: Told) -> End:
    """Follow an event about the state of a posting."""
    verdict = rules.decide(told.state, row.status, exchanging=_is_exchanging(row))
    if verdict.step == "park":
        late = End(State.FAILED, f"{verdict.why}; apply it again when it is")
        return _park(hook, verdict.why, late=late)
    if verdict.step == "ignore":
        return End(State.IGNORED, verdict.why)
    return _carry_out(row, told, verdict)


def _is_exchanging(row: Distribution) -> bool:
    """Whether an exchange of ours has no outcome yet; a look at the board changes nothing."""
    return row.attempts.open().exclude(op__in=[Attempt.Op.LOOKUP, Attempt.Op.POLL]).exists()


def _carry_out(row: Distribution, told: Told, verdict: Verdict) -> End:
    """Move a publication as the board says. Emits what the move emits."""
    was = row.status
    seen = Seen("live", post_id=told.post_id, post_url=told.post_url)
    if verdict.step == "publish":
        fate.publish(row, seen)
    elif verdict.step == "accept":
        fate.accept(row, seen)
    elif verdict.step == "refuse":
        text = told.message or f"{row.channel.name} turned it down."
        fate.end(row, Status.REJECTED, "board_refused", text)
    elif verdict.step == "close":
        asked = row.attempts.filter(op=Attempt.Op.CLOSE).exists() or was == Status.NEEDS_ATTENTION
        if not asked:
            Distribution.objects.filter(pk=row.pk).update(close_reason=ENDED_THERE)
        fate.close(row, Status.CLOSED if asked else Status.EXPIRED)
    elif verdict.step == "drift":
        fact = events.DistributionDrifted(**fate.names(row), found="live")
        emit(fact, company=row.company_id)
    now = row.status
    return End(State.APPLIED, f"{was} → {now}" if now != was else verdict.why or "noted")


@transaction
def sweep_hooks() -> int:
    """Start the run of events that lost theirs; return how many."""
    rows = InboundHook.objects.waiting().filter(received_at__lt=Now() - STALE)
    started = 0
    for row in rows.without_body().select_related("channel").order_by("received_at")[:BATCH]:
        runs = Run.objects.unfinished().filter(kind="distribution.apply_hook")
        company_id = row.channel.company_id
        if not runs.filter(company_id=company_id, args__hook_id=str(row.pk)).exists():
            _begin(row, company_id)
            started += 1
    return started


def forget_hooks() -> dict[str, int]:
    """Drop events past their time: long after the last repeat of a sender could come."""
    old = InboundHook.objects.filter(received_at__lt=Now() - rules.KEEP)
    keys = list(old.values_list("pk", flat=True)[: 10 * BATCH])
    InboundHook.objects.filter(pk__in=keys).delete()
    return {"events": len(keys)}
