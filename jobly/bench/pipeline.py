"""Bench `pipeline`: a CSV becomes searchable jobs, against the same stages row by row.

The other line is a bound, not a rival: the words of a search entry are made by PostgreSQL, and no
pipeline is faster than all cores doing nothing else.
"""

import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from django.contrib.postgres.search import SearchVector
from django.db import connection
from django.db.models import Value
from django.utils.timezone import now

from ingestion.actions.catalogue import CONTENT, values_of
from ingestion.actions.collections import Arrival, source_named, store_collection
from ingestion.models import (
    Employer,
    Job,
    JobSearch,
    ProcessedJob,
    Processing,
    RawCollection,
    Sighting,
)
from ingestion.rules.employers import employer_key
from ingestion.rules.identity import content_hash, content_key, url_key
from ingestion.rules.normalise import Posting, normalise
from ingestion.rules.readers import Shape, read
from ingestion.rules.texts import fold
from jobly.runs.actions import transaction
from jobly.runs.actions.execution import foreground

from .loading import catalogue_answer, empty
from .measuring import Memory, Report, Side, compare, in_turns, summary
from .postings import make, write_csv

MOST_SLOW_ROWS = 500  # of the side that works row by row: rates are compared
MOST_WORDS = 5_000
MOST_ROWS = 150_000  # in one file: no upload may be larger than 256 MB


def bench(rows: int, repeats: int) -> Report:
    """Import `rows` rows of a CSV, and fewer by the baseline; both end searchable."""
    memory = Memory()
    with TemporaryDirectory(prefix="jobly-bench-") as folder:
        few = Path(folder, "few.csv")
        slow_rows = min(rows, MOST_SLOW_ROWS)
        files = _write(folder, rows)
        write_csv(few, slow_rows)
        words = _words(min(rows, MOST_WORDS))
        ours = Side("pipeline", rows, partial(_import, files, memory), empty)
        slow = Side("the same stages row by row", slow_rows, partial(_row_by_row, few), empty)
        bound = Side("to_tsvector alone", len(words), partial(_make_words, words))
        in_turns([ours, slow, bound], repeats)
        cores = len(os.sched_getaffinity(0))
        return Report(
            name="pipeline",
            rows=rows,
            repeats=repeats,
            ours=summary(ours) | {"over_start_mb": round(memory.most, 1)},
            against=[compare(ours, slow), _against_bound(ours, bound, cores)],
            growth=_growth(folder, ours),
            answers_equal=_equal(few),
        )


def _write(folder: str, rows: int) -> list[Path]:
    """Write postings as files that one may upload; return them in order."""
    files = []
    for first in range(0, rows, MOST_ROWS):
        files.append(Path(folder, f"{rows}-{first}.csv"))
        write_csv(files[-1], min(MOST_ROWS, rows - first), first=first)
    return files


def _import(files: Sequence[Path], memory: Memory | None = None) -> None:
    """Store, read, load and index files in the foreground, as `import_jobs` does, one by one."""
    with memory or Memory():
        for file in files:
            foreground("bench.import", {}, actor=None, body=partial(_store, file))


def _store(file: Path, _: Any) -> dict[str, Any]:
    """Store one file; reading and loading it follow by themselves."""
    with file.open("rb") as stream:
        row = store_collection(source_named("bench"), Arrival(stream, file.name), actor=None)
    return {"collection": str(row.pk)}


def _row_by_row(file: Path) -> None:
    """Read a row, normalise it, look whether it is known, and save what it is."""
    with file.open("rb") as stream, transaction():
        collection = store_collection(
            source_named("bench"), Arrival(stream, file.name, held=True), actor=None
        )
    processing = Processing.objects.create(collection=collection, transformer="bench")
    with collection.artifact.open() as stream:
        for item in read(stream, Shape(**collection.shape)):
            posting, _ = normalise(item, now=now(), default_employer="")  # type: ignore[arg-type] # none is broken
            _save(processing, item.row, posting, collection)


def _save(processing: Processing, number: int, posting: Posting, collection: RawCollection) -> None:
    """Save one row at each stage, as one writes it with the ORM."""
    row = ProcessedJob.objects.create(
        processing=processing,
        row=number,
        external_id=posting.external_id,
        url_key=url_key(posting.apply_url, posting.employer),
        content_key=content_key(posting),
        content_hash=content_hash(posting),
        data=orjson.loads(orjson.dumps(posting.to_dict())),
    )
    key = f"ref:{posting.external_id}"
    if Sighting.objects.filter(source=collection.source, key=key).exists():
        return
    if Job.objects.filter(company=None, url_key=row.url_key).exists():
        return
    employer, _ = Employer.objects.get_or_create(
        key=employer_key(posting.employer), defaults={"name": posting.employer}
    )
    values = values_of(row, posting, {employer.key: employer.pk})
    known = dict(zip(CONTENT, values, strict=True))
    job = Job.objects.create(source=collection.source, reference=posting.external_id, **known)
    Sighting.objects.create(job=job, source=collection.source, key=key, processing=processing)
    parts = (posting.title, posting.employer, posting.location_text, posting.city, "")
    text = "\n".join((*parts, " ".join(posting.skills), posting.description_text))
    document = SearchVector(Value(fold(text)), config="english")
    JobSearch.objects.create(job=job, document=document, newest=now())
    row.status, row.job_id = ProcessedJob.Status.LOADED, job.pk
    row.save(update_fields=["status", "job_id"])


def _words(rows: int) -> list[str]:
    """Return the texts of so many postings, as the search has them."""
    return [f"{o.posting.title}\n{o.posting.description_text}".lower() for o in make(rows)]


def _make_words(words: list[str]) -> None:
    """Have PostgreSQL make the words of texts, on one connection and so on one core."""
    with connection.cursor() as cursor:
        sql = "SELECT sum(length(strip(to_tsvector('english', w)))) FROM unnest(%s::text[]) AS w"
        cursor.execute(sql, [words])


def _against_bound(ours: Side, bound: Side, cores: int) -> dict[str, Any]:
    """Return our rate as a part of what all cores could make of words alone."""
    line = compare(ours, bound)
    rate = bound.rate * cores
    name = f"to_tsvector on {cores} cores"
    return line | {"name": name, "rate": round(rate, 1), "ratio": round(ours.rate / rate, 2)}


def _growth(folder: str, ours: Side) -> list[dict[str, float]]:
    """Time a tenth of the rows once, beside what all of them took."""
    tenth = max(1, ours.rows // 10)
    files = _write(folder, tenth)
    empty()
    began = time.perf_counter()
    _import(files)
    seconds = time.perf_counter() - began
    known = {tenth: seconds, ours.rows: ours.median}
    return [{"rows": rows, "seconds": round(took, 3)} for rows, took in known.items()]


def _equal(few: Path) -> bool:
    """Whether both leave the same jobs and the same search hits."""
    answers = []
    for work in (partial(_import, [few]), partial(_row_by_row, few)):
        empty()
        work()
        answers.append(catalogue_answer())
    return bool(answers[0] == answers[1])
