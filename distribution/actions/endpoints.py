"""Endpoints of companies: added, changed, switched off, pinged, told again."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError
from django.db import transaction as django_transaction
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from distribution import events
from distribution.actions import telling
from distribution.errors import EndpointExists, EndpointOff
from distribution.models import HookDelivery, HookEndpoint
from distribution.rules import signing
from distribution.rules import telling as rules
from jobly.errors import Rejected
from jobly.http.addresses import is_public, parse
from jobly.runs.actions import emit, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.models import Stream
from jobly.runs.rules.streams import company_stream
from jobly.users.models import Company

State = HookDelivery.State
MOST = 50  # endpoints of a company
BATCH = 1000  # tellings changed at a time


def create_endpoint(
    company: Company, *, url: str, events: list[str] | None = None, description: str = ""
) -> tuple[HookEndpoint, str]:
    """Add an address; return it with its secret, which is never shown again.

    It hears of what happens from now on. Raises: Rejected, EndpointExists.
    """
    check(url, events or [])
    if HookEndpoint.objects.filter(company=company).count() >= MOST:
        raise Rejected(f"A company has at most {MOST} endpoints; remove one first.")
    text = signing.new_secret()
    key = company_stream(company.pk)
    last = Stream.objects.filter(pk=key).values_list("last_seq", flat=True).first()
    try:
        with django_transaction.atomic():
            row = HookEndpoint(company=company, url=url, description=description)
            row.events, row.secret, row.cursor = events or [], {"secret": text}, last or 0
            row.save(force_insert=True)
    except IntegrityError as exc:
        raise _taken(url) from exc
    telling.look_again()
    return row, text


def _taken(url: str) -> EndpointExists:
    message = "Your company has an endpoint at this address already."
    return EndpointExists(message, fields={"url": ["taken"]}, url=rules.origin_of(url))


def check(url: str, chosen: list[str]) -> None:
    """Refuse what can never be told: an address of no public place, an event nobody tells.

    Names are looked up at each try, not here: what they lead to may change. Raises: Rejected.
    """
    unknown = [name for name in chosen if name not in rules.EVENTS]
    if unknown:
        text = f"There is no event {', '.join(map(str, unknown))[:200]}."
        raise Rejected(text, fields={"events": [text]})
    problem = _why_not(url)
    if problem:
        raise Rejected(problem, fields={"url": [problem]})


def is_private(url: str) -> bool:
    """Whether the operator lets this address be on a private network."""
    return rules.origin_of(url) in settings.HOOK_PRIVATE_ORIGINS


def _why_not(url: str) -> str:
    if is_private(url):
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        return "This is not a valid web address."
    if parts.scheme != "https" or not parts.hostname:
        return "Events are told over https only."
    if "@" in parts.netloc or port not in (80, 443):
        return "An address has no user name in it and no port of its own."
    address = parse(parts.hostname)
    local = parts.hostname == "localhost" or parts.hostname.endswith((".localhost", ".local"))
    if local or (address is not None and not is_public(address)):
        return "This is not a public address."
    return ""


@transaction
def change_endpoint(endpoint: HookEndpoint, **columns: Any) -> HookEndpoint:
    """Change an endpoint. Switched on again it hears of what happened meanwhile (7 days at most).

    Raises: Rejected, EndpointExists.
    """
    row = HookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    check(columns.get("url", row.url), columns.get("events", row.events))
    if columns.get("enabled") and not row.enabled:
        columns |= {"disabled_reason": "", "disabled_at": None, "failing_since": None}
        columns |= {"timeouts": 0, "resting_until": None}
        telling.look_again()
        telling.wake()
    for name, value in columns.items():
        setattr(row, name, value)
    try:
        with django_transaction.atomic():
            row.save(update_fields=list(columns))
    except IntegrityError as exc:
        raise _taken(row.url) from exc
    if columns.get("enabled") is False:
        give_up_rest(row, "the endpoint was switched off")
    return row


def remove_endpoint(endpoint: HookEndpoint) -> None:
    """Remove an endpoint with its log; what it was not told yet is told nobody."""
    endpoint.delete()


def rotate_secret(endpoint: HookEndpoint) -> str:
    """Give an endpoint a new secret and return it, once; both sign for a day."""
    text = signing.new_secret()
    with django_transaction.atomic():
        row = HookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        row.before, row.before_until = row.secret, clock() + signing.OVERLAP
        row.secret = {"secret": text}
        row.save(update_fields=["secret", "before", "before_until"])
    return text


@transaction
def ping(endpoint: HookEndpoint) -> HookDelivery:
    """Send an event that says nothing, to see whether it arrives. Raises: EndpointOff."""
    _on(endpoint)
    row = HookDelivery.objects.create(
        endpoint=endpoint,
        event_id=f"ping_{uuid7().hex}",
        type=rules.PING,
        body=rules.body_of(rules.PING, clock(), {"endpoint_id": str(endpoint.pk)}),
    )
    telling.wake_delivery(soon=True)
    return row


@transaction
def replay(delivery: HookDelivery) -> HookDelivery:
    """Tell an event once more under its own id, with a new round of tries. Raises: EndpointOff."""
    row = HookDelivery.objects.select_related("endpoint").select_for_update(of=("self",))
    found = row.get(pk=delivery.pk)
    _on(found.endpoint)
    _begin_again([found.pk])
    found.refresh_from_db()
    return found


@transaction
def replay_dead(endpoint: HookEndpoint) -> int:
    """Tell everything again that was given up; return how much. Raises: EndpointOff."""
    _on(endpoint)
    rows = HookDelivery.objects.filter(endpoint=endpoint, state=State.DEAD).order_by("id")
    keys = list(rows.values_list("pk", flat=True)[:BATCH])
    _begin_again(keys)
    return len(keys)


def _begin_again(keys: list[Any]) -> None:
    HookDelivery.objects.filter(pk__in=keys).update(
        state=State.PENDING, tries=0, why="", ended_at=None, next_at=Now()
    )
    telling.wake_delivery(soon=True)


def _on(endpoint: HookEndpoint) -> None:
    if not endpoint.enabled:
        raise EndpointOff(
            "The endpoint is switched off; switch it on first.", endpoint=str(endpoint.pk)
        )


def disable(endpoint: HookEndpoint, why: str) -> None:
    """Stop telling an endpoint that does not take it. Emits: EndpointDisabled."""
    rows = HookEndpoint.objects.filter(pk=endpoint.pk, enabled=True)
    if rows.update(enabled=False, disabled_reason=why[:300], disabled_at=Now()):
        give_up_rest(endpoint, f"the endpoint was disabled: {why}")
        fact = events.EndpointDisabled(endpoint_id=str(endpoint.pk), why=why)
        emit(fact, company=endpoint.company_id)


def give_up_rest(endpoint: HookEndpoint, why: str) -> None:
    """End what an endpoint was still to be told; it may be told by hand later."""
    rows = HookDelivery.objects.filter(endpoint=endpoint, state=State.PENDING)
    rows.update(state=State.DEAD, why=why[:300], next_at=None, ended_at=Now())


def forget_deliveries() -> dict[str, int]:
    """Drop tellings that ended long ago."""
    old = HookDelivery.objects.filter(ended_at__lt=Now() - rules.KEEP)
    keys = list(old.values_list("pk", flat=True)[: 10 * BATCH])
    HookDelivery.objects.filter(pk__in=keys).delete()
    return {"tellings": len(keys)}
