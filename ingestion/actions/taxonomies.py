"""Bring in a taxonomy, or take it out again."""

from collections.abc import Iterable
from itertools import islice
from typing import Any, TypeVar

from django.utils import timezone

from ingestion.models import Occupation, SkillTerm, Taxonomy
from ingestion.rules.taxonomies import KINDS, SKILLS, Entry, Row, entries_of
from jobly.errors import Rejected
from jobly.runs.actions.progress import Progress

_BATCH = 2_000
Table = TypeVar("Table", SkillTerm, Occupation)


def import_taxonomy(
    progress: Progress, name: str, rows: Iterable[Row], *, version: str
) -> dict[str, Any]:
    """Put the rows of a file in the place of what the taxonomy held, all of them or none.

    Raises: Rejected when the file has not the columns of its kind, or no entry.
    """
    kind = KINDS[name]
    progress.tell(step=f"Reading {name}")
    entries = list(entries_of(kind, rows))
    if not entries:
        wanted = " or ".join(", ".join(way) for way in kind.columns)
        raise Rejected(
            f"The file holds no {kind.holds}: it needs the columns {wanted}; nothing was changed."
        )
    with progress.transaction():
        Taxonomy.objects.filter(name=name).delete()
        taxonomy = Taxonomy.objects.create(
            name=name,
            holds=kind.holds,
            version=version,
            attribution=kind.attribution,
            rows=len(entries),
            imported_at=timezone.now(),
        )
        if kind.holds == SKILLS:
            _store(taxonomy, SkillTerm, entries)
        else:
            _store(taxonomy, Occupation, entries)
    return {"taxonomy": name, "version": version, kind.holds: len(entries)}


def remove_taxonomy(name: str, *, dry_run: bool) -> dict[str, Any]:
    """Take a taxonomy out with its rows. Raises: Rejected when it was never imported."""
    taxonomy = Taxonomy.objects.filter(name=name).first()
    if taxonomy is None:
        raise Rejected(f"There is no taxonomy {name} here; nothing was removed.")
    if not dry_run:
        taxonomy.delete()
    return {"taxonomy": name, taxonomy.holds: taxonomy.rows, "removed": not dry_run}


def _store(taxonomy: Taxonomy, model: type[Table], entries: list[Entry]) -> None:
    """Write the entries of a taxonomy, some thousand at a time."""
    rows = (
        model(taxonomy=taxonomy, code=one.code, name=one.name, others=list(one.others))
        for one in entries
    )
    while batch := list(islice(rows, _BATCH)):
        model.objects.bulk_create(batch)
