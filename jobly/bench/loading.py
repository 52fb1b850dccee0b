"""Bench `import`: the load stage against what one writes with the ORM, on the same rows."""

import io
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

import orjson
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connection
from django.db.models import Max, Value
from django.utils.timezone import now

from ingestion.actions.loading import load_processing
from ingestion.models import (
    Employer,
    Job,
    JobSearch,
    ProcessedJob,
    Processing,
    RawCollection,
    Source,
)
from ingestion.rules.employers import employer_key
from ingestion.rules.texts import fold
from jobly.artifacts.actions import store
from jobly.runs.actions import transaction
from jobly.runs.actions.execution import foreground
from jobly.runs.reports.schedules import database_time

from .measuring import Memory, Report, Side, compare, in_turns, summary
from .postings import Made, make

MOST_BULK_ROWS = 10_000
MOST_SLOW_ROWS = 1000  # of sides that write row by row: rates are compared
BULK = 1000
PROBES = ("welder", "payroll", "python services")  # words whose hits must be the same


def bench(rows: int, repeats: int) -> Report:
    """Load `rows` postings our way, and fewer by each baseline; all end searchable.

    `visible` is at what rate the rows of the same loads were committed, against rows without words.
    """
    few, bulk_rows = list(make(min(rows, MOST_SLOW_ROWS))), list(make(min(rows, MOST_BULK_ROWS)))
    shown = Shown()
    memory = Memory()
    ours = Side("load", rows, partial(_load, shown, memory), partial(_wait_empty, rows))
    again = Side("load again", rows, _load, partial(_wait_loaded, rows))
    save = Side("save() per row", len(few), lambda: _by_save(few), empty)
    upsert = Side("update_or_create", len(few), lambda: _by_upsert(few), empty)
    bulk = Side("bulk_create(1000)", len(bulk_rows), lambda: _by_bulk(bulk_rows), empty)
    bare = Side("visible: bulk_create(1000)", len(bulk_rows), lambda: _bulk_jobs(bulk_rows), empty)
    conflicts = Side(
        "identical re-import: bulk_create(update_conflicts)",
        len(bulk_rows),
        lambda: _by_conflicts(bulk_rows),
        lambda: _emptied_and_bulked(bulk_rows),
    )
    in_turns([ours, again, save, upsert, bulk, bare, conflicts], repeats)
    visible = Side("visible", rows, _load, seconds=shown.seconds)
    found = summary(ours) | {"over_start_mb": round(memory.most, 1)}
    return Report(
        name="import",
        rows=rows,
        repeats=repeats,
        ours=found | {"visible_rate": round(visible.rate, 1)},
        against=[
            *(compare(ours, s) for s in (save, upsert, bulk)),
            compare(visible, bare),
            compare(again, conflicts),
        ],
        growth=_growth(rows),
        answers_equal=_equal(few),
    )


@dataclass(slots=True)
class Shown:
    """How long loads take until their rows can be seen, in seconds."""

    seconds: list[float] = field(default_factory=list)


def _growth(rows: int) -> list[dict[str, float]]:
    """Time a tenth and all of the rows, once each."""
    found = []
    for count in (max(1, rows // 10), rows):
        side = Side("growth", count, _load, partial(_wait_empty, count))
        in_turns([side], 1)
        found.append({"rows": count, "seconds": round(side.median, 3)})
    return found


def _equal(few: list[Made]) -> bool:
    """Whether each way leaves the same jobs and the same search hits."""
    _wait_empty(len(few))
    _load()
    answers = [catalogue_answer()]
    for work in (_by_save, _by_upsert, _by_bulk):
        empty()
        work(few)
        answers.append(catalogue_answer())
    return all(answer == answers[0] for answer in answers)


def catalogue_answer() -> Any:
    """Return what is in the catalogue: the jobs, and how many each probe finds."""
    jobs = sorted(Job.objects.values_list("title", "employer__name", "city", "apply_url"))
    hits = [
        Job.objects.filter(
            search__document=SearchQuery(word, config="english", search_type="websearch")
        ).count()
        for word in PROBES
    ]
    return (jobs, hits)


def empty() -> None:
    """Start from an empty catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE ingestion_jobchange, ingestion_unindexed, ingestion_job,"
            " ingestion_employer, ingestion_processedjob,"
            " ingestion_processing, ingestion_sighting, ingestion_jobsearch CASCADE"
        )


def _wait_empty(rows: int) -> None:
    """Have so many rows wait before an empty catalogue."""
    empty()
    _processing(rows)


def _wait_loaded(rows: int) -> None:
    """Have the rows wait before a catalogue that knows them all."""
    _wait_empty(rows)
    _load()
    _processing(rows)


def _emptied_and_bulked(made: list[Made]) -> None:
    empty()
    _by_bulk(made)


def _source() -> Source:
    """Return the one source of the bench."""
    return Source.objects.get_or_create(name="bench", company=None)[0]


def _processing(rows: int) -> None:
    """Store the rows as the process stage leaves them."""
    source = _source()
    with transaction():
        artifact = store(io.BytesIO(b"[]"), kind="raw", content_type="application/json")
        collection = RawCollection.objects.create(source=source, artifact=artifact)
        processing = Processing.objects.create(
            collection=collection, transformer="bench", processed_at=now(),
            raw=rows, processed=rows,
        )  # fmt: skip
        items = (
            ProcessedJob(
                processing=processing,
                row=number,
                external_id=one.posting.external_id,
                url_key=one.url_key,
                content_key=one.content_key,
                content_hash=one.content_hash,
                data=orjson.loads(orjson.dumps(one.posting.to_dict())),
            )
            for number, one in enumerate(make(rows), start=1)
        )
        while batch := list(islice(items, BULK)):
            ProcessedJob.objects.bulk_create(batch)


def _load(shown: Shown | None = None, memory: Memory | None = None) -> None:
    """Load as the product does: decide, write and index in batches, in the foreground."""
    processing = Processing.objects.get(loaded_at=None)
    began = database_time()
    with memory or nullcontext():
        foreground(
            "bench.load",
            {},
            actor=None,
            body=lambda progress: load_processing(progress, str(processing.pk)),
        )
    if shown is not None:
        shown.seconds.append(_seconds_until_shown(began))


def _seconds_until_shown(began: datetime) -> float:
    """Return how long it took until all rows could be seen.

    A row tells when its batch began: by then those of the batches before could be seen, and the
    last batch took as long a row as they did.
    """
    last = Job.objects.aggregate(last=Max("updated_at"))["last"]
    rows, before = Job.objects.count(), Job.objects.filter(updated_at__lt=last).count()
    if not before:
        return (database_time() - began).total_seconds()
    return float((last - began).total_seconds() * rows / before)


def _job(one: Made, employer: Employer, source: Source) -> Job:
    """Build an unsaved row."""
    p = one.posting
    return Job(
        source=source,
        employer=employer,
        title=p.title,
        description_html=p.description_html,
        description_text=p.description_text,
        location_text=p.location_text,
        city=p.city,
        country=p.country,
        employment_type=p.employment_type,
        skills=list(p.skills),
        apply_url=p.apply_url,
        url=p.url,
        reference=p.external_id,
        url_key=one.url_key,
        content_key=one.content_key,
        content_hash=one.content_hash,
    )


def _words(one: Made) -> SearchVector:
    """Return what makes a job findable, as our loader has it."""
    p = one.posting
    parts = (p.title, p.employer, p.location_text, p.city, "", " ".join(p.skills))
    text = fold("\n".join((*parts, p.description_text)))
    return SearchVector(Value(text), config="english")


def _employers(made: list[Made]) -> dict[str, Employer]:
    """Return the employers by key, made when new."""
    known: dict[str, Employer] = {}
    for one in made:
        key = employer_key(one.posting.employer)
        if key not in known:
            name = one.posting.employer
            known[key] = Employer.objects.get_or_create(key=key, defaults={"name": name})[0]
    return known


def _by_save(made: list[Made]) -> None:
    """Save row by row."""
    employers, source = _employers(made), _source()
    for one in made:
        job = _job(one, employers[employer_key(one.posting.employer)], source)
        job.save()
        JobSearch.objects.create(job=job, document=_words(one), newest=now())


def _by_upsert(made: list[Made]) -> None:
    """Update or create row by row."""
    employers, source = _employers(made), _source()
    for one in made:
        fresh = _job(one, employers[employer_key(one.posting.employer)], source)
        names = [f.attname for f in Job._meta.concrete_fields if f.attname in vars(fresh)]  # noqa: SLF001 # Django's documented name
        values = {name: getattr(fresh, name) for name in names if name not in {"id", "content_key"}}
        kept = {k: v for k, v in values.items() if not hasattr(v, "resolve_expression")}
        job, _ = Job.objects.update_or_create(content_key=one.content_key, defaults=kept)
        JobSearch.objects.update_or_create(
            job=job, defaults={"document": _words(one), "newest": now()}
        )


def _by_bulk(made: list[Made]) -> None:
    """Create a thousand at a time."""
    JobSearch.objects.bulk_create(
        [
            JobSearch(job=job, document=_words(one), newest=now())
            for job, one in zip(_bulk_jobs(made), made, strict=True)
        ],
        batch_size=BULK,
    )


def _bulk_jobs(made: list[Made]) -> list[Job]:
    """Create the jobs alone, so that they can be seen and not found."""
    employers, source = _employers(made), _source()
    jobs = [_job(one, employers[employer_key(one.posting.employer)], source) for one in made]
    return Job.objects.bulk_create(jobs, batch_size=BULK)


def _by_conflicts(made: list[Made]) -> None:
    """Write all again over what is there; the ids are given to it, ours has to find them."""
    employers, source = _employers(made), _source()
    ids = dict(Job.objects.values_list("content_key", "pk"))
    jobs = [_job(one, employers[employer_key(one.posting.employer)], source) for one in made]
    for job, one in zip(jobs, made, strict=True):
        job.pk = ids[one.content_key]
    names = ["title", "description_html", "description_text", "skills", "apply_url", "content_hash"]
    Job.objects.bulk_create(
        jobs, batch_size=BULK, update_conflicts=True, unique_fields=["id"], update_fields=names
    )
    JobSearch.objects.bulk_create(
        [
            JobSearch(job=job, document=_words(one), newest=now())
            for job, one in zip(jobs, made, strict=True)
        ],
        batch_size=BULK,
        update_conflicts=True,
        unique_fields=["job"],
        update_fields=["document", "newest"],
    )
