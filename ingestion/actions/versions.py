"""Note what each change of a company's job changed, in the transaction of the change."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from ingestion.models import Job, JobVersion
from jobly.users.models import User

from .catalogue import CONTENT

DESK = ("desk__owner_id", "desk__recruiter_id", "desk__openings", "desk__is_hot", "desk__is_public")
NOTED = (*CONTENT, "summary", "reference", "status", *DESK)
NEW_DESK = {"desk__openings": 1, "desk__is_hot": False, "desk__is_public": True}
#: names of the row as it is, not what it says
SILENT = frozenset({"url_key", "content_key", "content_hash", "cells"})
BATCH = 500


@dataclass(frozen=True, slots=True)
class Note:
    """By which door a change comes (`JobVersion.How`), whose it is, and why."""

    how: str
    actor: User | None = None
    why: str = ""


@contextmanager
def noting(job_ids: Collection[int], note: Note) -> Iterator[None]:
    """Write a version of each company's job that the block changes; the catalogue's have none.

    To be used inside the transaction of the change: the rows stay locked until it ends, so two
    changes at a time get two numbers. Five queries, however many the jobs are.
    """
    before = _values(job_ids, lock=True)
    yield
    after = _values(before)
    changed = {pk: _differing(before[pk], after[pk]) for pk in after}
    changed = {pk: names for pk, names in changed.items() if names}
    if not changed:
        return
    last = _last_numbers(changed)
    rows = []
    for pk, names in changed.items():
        number = last.get(pk, 0)
        if not number:
            number = 1
            rows.append(_first(pk, before[pk]))
        rows.append(_version(pk, number + 1, after[pk], note, names))
    JobVersion.objects.bulk_create(rows, batch_size=BATCH)


def note_first(job_ids: Collection[int], note: Note) -> None:
    """Write version 1 of jobs that a person has just made."""
    rows = [_version(pk, 1, values, note, []) for pk, values in _values(job_ids).items()]
    JobVersion.objects.bulk_create(rows, batch_size=BATCH)


def _values(job_ids: Collection[int], *, lock: bool = False) -> dict[int, dict[str, Any]]:
    """Return what is noted of companies' jobs, as JSON values by job."""
    if not job_ids:
        return {}
    rows = Job.objects.filter(pk__in=list(job_ids), company__isnull=False).order_by("pk")
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    names = ("pk", "updated_at", "employer__name", *NOTED)
    found = rows.values(*names)
    return {row["pk"]: {name: _plain(_held(row, name)) for name in names} for row in found}


def _held(row: dict[str, Any], name: str) -> Any:
    """Return a value of a row; a job without a desk has what a new desk begins with."""
    value = row[name]
    return NEW_DESK.get(name) if value is None else value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else _text(value)


def _text(value: Any) -> Any:
    """Return ids as text; what JSON knows stays."""
    known = value is None or isinstance(value, str | int | float | bool | list | dict)
    return value if known else str(value)


def _differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Name the columns that differ, without those that only name the row."""
    return [name for name in NOTED if name not in SILENT and before[name] != after[name]]


def _last_numbers(job_ids: Collection[int]) -> dict[int, int]:
    rows = JobVersion.objects.filter(job__in=list(job_ids)).values("job_id").order_by()
    return dict(rows.annotate(last=Max("number")).values_list("job_id", "last"))


def _first(job_id: int, values: dict[str, Any]) -> JobVersion:
    """Return version 1: the job as it came, which nobody kept until something changed it."""
    row = _version(job_id, 1, values, Note(JobVersion.How.FIRST), [])
    row.at = datetime.fromisoformat(values["updated_at"])
    return row


def _version(
    job_id: int, number: int, values: dict[str, Any], note: Note, changed: list[str]
) -> JobVersion:
    kept = {name: value for name, value in values.items() if name not in ("pk", "updated_at")}
    return JobVersion(
        job_id=job_id,
        number=number,
        how=note.how,
        changed=changed,
        values=kept,
        why=note.why,
        actor=note.actor,
    )
