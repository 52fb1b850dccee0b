"""The upkeep of storage: bytes past their time go, orphans go, losses are told."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from jobly.artifacts.clients.places import Place
from jobly.artifacts.models import Artifact
from jobly.artifacts.rules.comparing import side_by_side
from jobly.artifacts.rules.names import is_ours
from jobly.artifacts.rules.places import Stored

from . import state_of

BATCH = 500
EXAMPLES = 20
A_DAY = timedelta(days=1)  # what no transaction between bytes and their row lasts

Item = TypeVar("Item")
log = logging.getLogger(__name__)


class Kept(NamedTuple):
    """What upkeep needs of a row."""

    path: str
    size: int
    sha256: str
    pk: UUID


@dataclass(frozen=True, slots=True)
class Loss:
    """One artifact whose bytes are not as its row says: missing, damaged or failed (to copy)."""

    artifact: str
    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Tidied:
    """What a pass over the storage has found so far; `foreign` files are not ours to touch."""

    files: int = 0
    rows: int = 0
    deleted: int = 0
    deleted_bytes: int = 0
    aborted: int = 0
    foreign: int = 0
    missing: int = 0
    damaged: int = 0
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Verified:
    """What a reading of artifacts has found so far."""

    files: int = 0
    bytes: int = 0
    missing: int = 0
    damaged: int = 0
    losses: tuple[Loss, ...] = ()


def expire(limit: int = BATCH) -> list[Artifact]:
    """Say of artifacts past their kind's time that their bytes are gone; return those.

    The rows say so first, in the caller's transaction; `drop` removes the bytes when it has
    committed. Other workers' rows are skipped.
    """
    due = Artifact.objects.expired(settings.ARTIFACT_KEEP_DAYS)
    rows = list(due.select_for_update(skip_locked=True, no_key=True).order_by("pk")[:limit])
    Artifact.objects.filter(pk__in=[row.pk for row in rows]).update(deleted_at=Now())
    return rows


def drop(rows: Iterable[Artifact], place: Place) -> int:
    """Remove the bytes of discarded artifacts; return how many stayed, for `tidy` to remove."""
    stayed = 0
    for row in rows:
        try:
            place.delete(row.path)
        except OSError as exc:
            stayed += 1
            log.warning("artifact %s: bytes not removed: %s", row.pk, exc)
    return stayed


def tidy(place: Place, *, older_than: timedelta = A_DAY, dry_run: bool = False) -> Iterator[Tidied]:
    """Compare all files with all rows, batch by batch; yield the sums so far.

    Files of ours that no row keeps, and leftovers of broken writes, are deleted; `older_than`
    protects those whose row is not committed yet. Rows without their bytes are told and stay as
    they are. Safe to run at any time, and to leave. Raises: OSError when the place is away.
    """
    before = _now() - older_than
    found = Tidied(aborted=0 if dry_run else place.abort_uploads(before))
    for pairs in batched(side_by_side(kept_rows(), place.walk()), BATCH):
        found = _count(found, pairs)
        orphans = [
            file
            for row, file in pairs
            if row is None and file is not None and is_ours(file.path) and file.modified < before
        ]
        found = _remove(found, orphans, None if dry_run else place)
        doubtful = [row for row, file in pairs if row and (not file or file.size != row.size)]
        found = _tell_losses(found, doubtful, place)
        yield found


def check(rows: QuerySet[Artifact]) -> Iterator[Verified]:
    """Read artifacts and compare their hashes; yield the sums so far. Raises: StorageAway."""
    found = Verified()
    for row in rows.iterator(chunk_size=BATCH):
        state = state_of(row)
        found = replace(found, files=found.files + 1, bytes=found.bytes + row.size)
        if state != "whole" and Artifact.objects.kept().filter(pk=row.pk).exists():
            losses = _more(found.losses, [Loss(str(row.pk), row.path, state)])
            found = replace(found, losses=losses, **{state: getattr(found, state) + 1})
        yield found


def kept_rows() -> Iterator[Kept]:
    """Yield the rows whose bytes are to be there, by path; holds no transaction open."""
    after = ""
    fields = ("path", "size", "sha256", "pk")
    while True:
        rows = Artifact.objects.kept().filter(path__gt=after).order_by("path")
        batch = [Kept(*values) for values in rows.values_list(*fields)[:BATCH]]
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1].path


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield items in lists of at most `size`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def still_kept(rows: Iterable[Kept]) -> list[Kept]:
    """Look again which rows want their bytes: some may have gone since they were read."""
    known = {row.pk: row for row in rows}
    kept = Artifact.objects.kept().filter(pk__in=known).values_list("pk", flat=True)
    return [known[pk] for pk in kept]


def _count(found: Tidied, pairs: Iterable[tuple[Kept | None, Stored | None]]) -> Tidied:
    rows = files = foreign = 0
    for row, file in pairs:
        rows += row is not None
        files += file is not None
        foreign += file is not None and row is None and not is_ours(file.path)
    return replace(
        found, rows=found.rows + rows, files=found.files + files, foreign=found.foreign + foreign
    )


def _remove(found: Tidied, orphans: list[Stored], place: Place | None) -> Tidied:
    """Delete files that no row keeps, after another look at the rows; no place means count only."""
    paths = [file.path for file in orphans]
    kept = set(Artifact.objects.kept().filter(path__in=paths).values_list("path", flat=True))
    gone = [file for file in orphans if file.path not in kept]
    for file in gone:
        if place is not None:
            place.delete(file.path)
    return replace(
        found,
        deleted=found.deleted + len(gone),
        deleted_bytes=found.deleted_bytes + sum(file.size for file in gone),
    )


def _tell_losses(found: Tidied, doubtful: list[Kept], place: Place) -> Tidied:
    """Look again at rows that seem to lack their bytes, and tell those that do."""
    losses = []
    for row in doubtful:
        try:
            what = "" if place.size(row.path) == row.size else "damaged"
        except (FileNotFoundError, NotADirectoryError):
            what = "missing"
        if what:
            losses.append((row, what))
    kept = {row.pk for row in still_kept(row for row, _ in losses)}
    told = [Loss(str(row.pk), row.path, what) for row, what in losses if row.pk in kept]
    for loss in told:
        log.error("artifact %s is %s in storage: %s", loss.artifact, loss.what, loss.path)
    return replace(
        found,
        missing=found.missing + sum(loss.what == "missing" for loss in told),
        damaged=found.damaged + sum(loss.what == "damaged" for loss in told),
        losses=_more(found.losses, told),
    )


def _more(known: tuple[Loss, ...], new: Iterable[Loss]) -> tuple[Loss, ...]:
    return (*known, *new)[:EXAMPLES]


def _now() -> datetime:
    """Ask the database for the time: a clock gone wrong here must not delete anything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
