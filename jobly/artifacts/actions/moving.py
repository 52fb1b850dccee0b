"""Moving all artifacts to another place: copied, read again, compared by hash."""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from jobly.artifacts.clients.places import Place
from jobly.artifacts.models import Artifact
from jobly.artifacts.rules.comparing import side_by_side
from jobly.artifacts.rules.names import is_ours
from jobly.artifacts.rules.places import Stored

from . import Counted, hash_of, put
from .upkeep import BATCH, EXAMPLES, Kept, Loss, batched, kept_rows, still_kept

AT_ONCE = 4  # files under way: places answer slower than one file at a time could use
PASSES = 20  # over the rows, to catch up with what is stored meanwhile
ARRIVED = frozenset({"copied", "present"})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move has done so far; `present` were at the target and are what they should be.

    `failed` sums up what did not arrive: missing, damaged or unreadable at the source, or not the
    same when it was read again at the target.
    """

    passes: int = 1
    present: int = 0
    copied: int = 0
    copied_bytes: int = 0
    failed: int = 0
    losses: tuple[Loss, ...] = ()


def move(source: Place, target: Place, *, dry_run: bool = False) -> Iterator[Moved]:
    """Copy what the target lacks, pass after pass until nothing new is found; yield sums so far.

    The first pass reads everything that is at the target already; so whoever comes back after a
    death goes on and trusts nothing. The product may write meanwhile. A dry run only compares
    names and sizes. Raises: StorageFull when the target takes no more; OSError when one is away.
    """
    bring = (lambda _: "copied") if dry_run else partial(_bring, source=source, target=target)
    moved, given_up = Moved(passes=0), set[str]()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while moved.passes < PASSES:
            first, before = moved.passes == 0, moved.copied
            moved = replace(moved, passes=moved.passes + 1)
            for pairs in batched(side_by_side(kept_rows(), target.walk()), BATCH):
                todo, present = _sorted_out(pairs, given_up, read=first and not dry_run)
                moved = replace(moved, present=moved.present + (present if first else 0))
                for row, what in zip(todo, pool.map(bring, todo), strict=True):
                    moved = _added(moved, row, what)
                    if what not in ARRIVED:
                        given_up.add(row.path)
                    yield moved
                yield moved
            if dry_run or moved.copied == before:
                return


def _sorted_out(
    pairs: Iterable[tuple[Kept | None, Stored | None]], given_up: set[str], *, read: bool
) -> tuple[list[Kept], int]:
    """Say which rows need work, and how many need none; `read` wants work on every one of them."""
    todo, present = [], 0
    for row, file in pairs:
        if row is None or row.path in given_up:
            continue
        if read or file is None or file.size != row.size:
            todo.append(row)
        else:
            present += 1
    return todo, present


def _bring(row: Kept, *, source: Place, target: Place) -> str:
    """Make sure that one file is whole at the target; say what came of it in one word."""
    if target.exists(row.path) and _is_whole(row, target):
        return "present"
    try:
        if target.exists(row.path) and not _is_whole(row, source):
            return "damaged"  # what is at the target may be the better one of two bad ones
        target.delete(row.path)
        return _copy(row, source, target)
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError as exc:
        log.warning("artifact %s cannot be read: %s", row.pk, exc)
        return "unreadable"


def _copy(row: Kept, source: Place, target: Place) -> str:
    """Stream one file over and read it again there; what turned out wrong does not stay."""
    with source.open(row.path) as stream:
        content = Counted(stream)
        name = put(target, row.path, content)
    if content.sha256 == row.sha256 and name == row.path and _is_whole(row, target):
        return "copied"
    target.delete(name)
    return "failed" if content.sha256 == row.sha256 else "damaged"


def _is_whole(row: Kept, place: Place) -> bool:
    try:
        with place.open(row.path) as stream:
            return hash_of(stream) == row.sha256
    except (FileNotFoundError, NotADirectoryError):
        return False


def _added(moved: Moved, row: Kept, what: str) -> Moved:
    """Count what came of one file; one that was discarded meanwhile is no loss."""
    if what == "present":
        return replace(moved, present=moved.present + 1)
    if what == "copied":
        bytes_now = moved.copied_bytes + row.size
        return replace(moved, copied=moved.copied + 1, copied_bytes=bytes_now)
    if not still_kept([row]):
        return moved
    losses = (*moved.losses, Loss(str(row.pk), row.path, what))[:EXAMPLES]
    return replace(moved, failed=moved.failed + 1, losses=losses)


def empty(source: Place, target: Place) -> Iterator[int]:
    """Delete from the source what the target has, after a move that lost nothing; yield how many.

    Only files of ours go, each after a look at the target.
    """
    deleted = 0
    for batch in batched(source.walk(), BATCH):
        paths = [file.path for file in batch if is_ours(file.path)]
        rows = Artifact.objects.kept().filter(path__in=paths)
        for path, size in rows.values_list("path", "size"):
            if target.exists(path) and target.size(path) == size:
                source.delete(path)
                deleted += 1
        yield deleted
