"""Learn what sources send, tell when it changes, and let people decide what it means."""

from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from ingestion.errors import BreachMoved, FileRefused
from ingestion.events import ContractBroken
from ingestion.models import Contract, ContractBreach, Processing, RawCollection, Source
from ingestion.rules.contracts import (
    UNKNOWN_SHAPE,
    Breach,
    Census,
    allowed,
    breaches,
    is_learning,
    learned,
)
from jobly.runs.actions import emit, start, transaction
from jobly.runs.actions.progress import Progress
from jobly.users.models import User

BROKEN = "contract_broken"  # why a collection is set aside
MOST_BREACHES = 50  # noted of one collection
MOST_TOLD = 10  # named in the fact
# People send files of any columns; a contract is with who sends the same again and again.
WITHOUT = frozenset({Source.Kind.FILE, Source.Kind.UPLOAD})
Tolerance = Contract.Tolerance
Status = ContractBreach.Status


def check_contract(progress: Progress, collection: RawCollection, census: Census) -> None:
    """Compare what was read of a collection with what its source is known to send.

    `census` is of all its items. Once: a pass that broke off behind this goes by what was noted.
    Emits: ContractBroken, when something is new about it. Raises: FileRefused for a collection that
    is to be set aside, again when it is asked again.
    """
    with progress.transaction():
        contract = _contract(collection)
        collection.refresh_from_db(fields=["schema_fingerprint"])
        is_new = bool(census.items) and not collection.schema_fingerprint
        if is_new:
            collection.schema_fingerprint = census.fingerprint()
            collection.save(update_fields=["schema_fingerprint"])
        if contract is None:
            return
        if is_new:
            _compare(contract, collection, census)
        waiting = contract.breaches.filter(waiting__contains=[collection.pk])
        reasons = list(waiting.exclude(status=Status.ACCEPTED).order_by("pk")[:MOST_TOLD])
    if reasons:
        told = " ".join(as_rule(row).sentence for row in reasons)
        raise FileRefused(
            BROKEN,
            f"The source sends something else than before: {told} Nothing was loaded and the bytes"
            " are kept. Accept the changes under Contract breaches to load it, or refuse them.",
        )


def _contract(collection: RawCollection) -> Contract | None:
    """Return the contract with the source, locked; None where there is none to be kept."""
    rows = Contract.objects.select_for_update()
    if collection.source.kind in WITHOUT:
        return rows.filter(source=collection.source).first()
    return rows.get_or_create(source=collection.source)[0]


def _compare(contract: Contract, collection: RawCollection, census: Census) -> None:
    """Learn from a collection, or note how it departs."""
    open_minded = contract.tolerance == Tolerance.ACCEPT or is_learning(contract.known)
    found = [] if open_minded else breaches(contract.known, census)[:MOST_BREACHES]
    if not found:
        contract.known = learned(contract.known, census)
    contract.fingerprint = collection.schema_fingerprint
    contract.updated_at = Now()
    contract.save()
    if found:
        _note(contract, collection, found)


def _note(contract: Contract, collection: RawCollection, found: list[Breach]) -> None:
    """Write breaches down, each once while it stands, and tell of those that are new."""
    standing = {
        (row.kind, row.field, row.got): row
        for row in contract.breaches.filter(status__in=[Status.OPEN, Status.REFUSED])
    }
    known = [(breach, standing.get((breach.kind, breach.field, breach.got))) for breach in found]
    grave = [_sets_aside(contract, breach, row) for breach, row in known]
    for (breach, row), sets_aside in zip(known, grave, strict=True):
        now = {
            "collection": collection,
            "count": breach.count,
            "row": breach.row,
            "example": breach.example,
            "waiting": [*(row.waiting if row else ()), *([collection.pk] if sets_aside else ())],
            "seen_at": Now(),
        }
        if row is None:
            kinds = {"kind": breach.kind, "field": breach.field, "got": breach.got}
            contract.breaches.create(**kinds, expected=breach.expected, **now)
        else:
            ContractBreach.objects.filter(pk=row.pk).update(times=F("times") + 1, **now)
    fresh = [breach.sentence for breach, row in known if row is None]
    if fresh or any(grave):
        source = collection.source
        told = fresh or [breach.sentence for breach in found]
        emit(
            ContractBroken(
                source_id=str(source.pk),
                source=source.name,
                collection_id=str(collection.pk),
                set_aside=any(grave),
                breaches=told[:MOST_TOLD],
            ),
            company=source.company,
        )


def _sets_aside(contract: Contract, breach: Breach, row: ContractBreach | None) -> bool:
    """Say whether a breach keeps its collection from being loaded."""
    return (
        contract.tolerance == Tolerance.QUARANTINE
        or breach.kind == UNKNOWN_SHAPE
        or (row is not None and row.status == Status.REFUSED)
    )


def as_rule(row: ContractBreach) -> Breach:
    """Return a stored breach as the rules know it."""
    return Breach(
        kind=row.kind,
        field=row.field,
        expected=row.expected,
        got=row.got,
        count=row.count,
        row=row.row,
        example=row.example,
    )


@transaction
def accept_breach(breach: ContractBreach, *, actor: User | None) -> int:
    """Say that the source is right: it may do so from now on, and what waited for it is loaded.

    Returns how many collections go on: those that wait for nothing else. Raises: BreachMoved when
    it was accepted before.
    """
    contract = Contract.objects.select_for_update().get(pk=breach.contract_id)
    row = _decide(breach, Status.ACCEPTED, actor)
    contract.known = allowed(contract.known, as_rule(row))
    contract.updated_at = Now()
    contract.save()
    others = contract.breaches.exclude(status=Status.ACCEPTED).values_list("waiting", flat=True)
    still = {pk for waiting in others for pk in waiting}
    return _release([pk for pk in row.waiting if pk not in still], actor)


@transaction
def refuse_breach(breach: ContractBreach, *, actor: User | None) -> None:
    """Say that the source is wrong: collections that have it are set aside from now on.

    Raises: BreachMoved when somebody decided already.
    """
    _decide(breach, Status.REFUSED, actor)


def _decide(breach: ContractBreach, status: str, actor: User | None) -> ContractBreach:
    """Write a person's word on a breach that still stands; a refused one may be accepted later."""
    row = ContractBreach.objects.select_for_update().get(pk=breach.pk)
    if row.status not in {Status.OPEN, Status.REFUSED} or row.status == status:
        raise BreachMoved("Somebody decided on it already; nothing was changed.")
    row.status, row.decided_by, row.decided_at = status, actor, Now()
    row.save(update_fields=["status", "decided_by", "decided_at"])
    return row


def _release(collection_ids: list[UUID], actor: User | None) -> int:
    """Let collections that were set aside go on from where they stopped: every row is read."""
    rows = RawCollection.objects.select_for_update(of=("self",)).select_related("source__company")
    rows = rows.filter(pk__in=collection_ids, error_code=BROKEN)
    freed = list(rows.filter(status=RawCollection.Status.QUARANTINED).order_by("collected_at"))
    for collection in freed:
        collection.status, collection.error_code = RawCollection.Status.STORED, ""
        collection.error = ""
        collection.save(update_fields=["status", "error_code", "error"])
        Processing.objects.filter(collection=collection, reprocessing=None).update(
            status=Processing.Status.PROCESSING, processed_at=None
        )
        args = {"collection_id": str(collection.pk)}
        start("ingestion.process", args, actor=actor, company=collection.source.company)
    return len(freed)


@transaction
def tolerate(contract: Contract, tolerance: str) -> None:
    """Choose what becomes of collections that depart from now on."""
    Contract.objects.filter(pk=contract.pk).update(tolerance=tolerance, updated_at=Now())
