"""Give jobs their vectors: by a model on this machine, or by the model server where one is set."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog
from django.db import connection
from django.db.models.functions import Now

from ingestion.models import Job, JobEmbedding
from ingestion.reports.embeddings import local_model, outdated, outside_model
from ingestion.rules import embedding, minilm
from ingestion.rules.embedding import Text
from jobly import ai
from jobly.errors import AuthExpired, Rejected
from jobly.runs.actions.progress import Progress
from jobly.users.actions import reserve_tokens, settle_tokens
from jobly.users.models import Company

PURPOSE = "embeddings"
BATCH = 500  # jobs a transaction
ASKED = 64  # texts of one call to a model server, or between two looks whether to go on
MOST_FAILURES = 3  # calls in a row; then the rest waits for another hour
EMBED_LOCK = 0x10B4  # advisory lock: one writer of vectors at a time
BYTES_OF_A_CALL = 200  # beside the texts
# https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"
COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_END = struct.pack("!h", -1)
TABLE = JobEmbedding._meta.db_table  # noqa: SLF001 # Django's documented name
COPY = f"COPY {TABLE} (job_id, model, dimensions, content_hash, vector) FROM STDIN (FORMAT BINARY)"
log = structlog.get_logger("ingestion.embedding")
Vectors = npt.NDArray[np.float32]


@dataclass
class Counts:
    """What became of jobs: embedded, unchanged since, or left for later by a failure."""

    embedded: int = 0
    unchanged: int = 0
    failed: int = 0
    failures: int = 0  # in a row
    why: str = ""
    tokens: int = 0

    def result(self) -> dict[str, Any]:
        """Return what a run tells of itself."""
        told = ("embedded", "unchanged", "failed", "tokens", "why")
        return {name: getattr(self, name) for name in told}


@dataclass(frozen=True, slots=True)
class Work:
    """Some jobs of one company, or of nobody, that one model embeds."""

    model: str
    company: Company | None
    jobs: list[Job] = field(default_factory=list)


def embed_jobs(progress: Progress, job_ids: Sequence[int]) -> dict[str, Any]:
    """Give new and changed jobs their vectors; twice changes nothing.

    A model server that fails leaves its jobs for the hourly run, which the result counts.
    """
    counts = Counts()
    progress.tell(step="Making vectors", total=len(job_ids))
    for first in range(0, len(job_ids), BATCH):
        _embed_batch(progress, job_ids[first : first + BATCH], counts)
    return counts.result()


def embed_missing(progress: Progress) -> dict[str, Any]:
    """Give every job its vector that has none, an old one, or one of another model."""
    counts, last = Counts(), 0
    total = outdated().count()
    progress.tell(step="Making vectors", total=total)
    while counts.failures < MOST_FAILURES:
        rows = outdated().filter(pk__gt=last).order_by("pk")
        some = list(rows.values_list("pk", flat=True)[:BATCH])
        if not some:
            break
        _embed_batch(progress, some, counts)
        last = some[-1]
    return counts.result()


def _embed_batch(progress: Progress, job_ids: Sequence[int], counts: Counts) -> None:
    """Embed some jobs, by whichever model each is to have."""
    names = ("title", "skills", "description_text", "company")
    rows = (
        Job.objects.filter(pk__in=job_ids)
        .select_related("company")
        .only(*names, "company__outside_model", "company__monthly_tokens")
    )
    known = JobEmbedding.objects.filter(job__in=job_ids)
    held = {row[0]: row[1:] for row in known.values_list("job", "model", "content_hash")}
    for work in _by_model(rows):
        changed = [
            job for job in work.jobs if held.get(job.pk) != (work.model, text_of(job).fingerprint())
        ]
        new = {job.pk for job in changed}
        _mark_current(progress, [job.pk for job in work.jobs if job.pk not in new], counts)
        if work.model == local_model():
            _make(progress, work.model, changed, counts)
        else:
            _ask_for(progress, work, changed, counts)
        progress.tell(done=counts.embedded + counts.unchanged, failed=counts.failed)


def _make(progress: Progress, model: str, jobs: list[Job], counts: Counts) -> None:
    """Make the vectors of jobs on this machine."""
    at_once = ASKED if model == minilm.MODEL else BATCH
    for first in range(0, len(jobs), at_once):
        progress.checkpoint()
        some = jobs[first : first + at_once]
        texts = [text_of(job) for job in some]
        if model == minilm.MODEL:
            vectors = minilm.embed([text.plain() for text in texts])
        else:
            vectors = embedding.embed(texts)
        _store(progress, model, some, vectors)
        counts.embedded += len(some)
        progress.tell(done=counts.embedded + counts.unchanged)


def text_of(job: Job) -> Text:
    """Return what is embedded of a job."""
    return Text(job.title, tuple(job.skills), job.description_text)


def _by_model(jobs: Iterable[Job]) -> Iterator[Work]:
    """Yield jobs by the model that may see them, and by whose tokens it costs."""
    outside, local = outside_model(), local_model()
    works: dict[Any, Work] = {}
    for job in jobs:
        may_leave = outside and (job.company is None or job.company.outside_model)
        key = job.company_id if may_leave else local
        if key not in works:
            owner = job.company if may_leave else None
            works[key] = Work(outside if may_leave else local, owner)
        works[key].jobs.append(job)
    yield from works.values()


def _mark_current(progress: Progress, job_ids: list[int], counts: Counts) -> None:
    """Note that the vectors of these jobs are of their text as it is now."""
    counts.unchanged += len(job_ids)
    if job_ids:
        with progress.transaction():
            JobEmbedding.objects.filter(job__in=job_ids).update(at=Now())


def _ask_for(progress: Progress, work: Work, jobs: list[Job], counts: Counts) -> None:
    """Have the model server embed jobs; what it does not, is counted and stays as it is."""
    for first in range(0, len(jobs), ASKED):
        some = jobs[first : first + ASKED]
        progress.checkpoint()
        vectors = _ask(progress, work, some, counts) if counts.failures < MOST_FAILURES else None
        if vectors is None:
            counts.failed += len(some)
        else:
            _store(progress, work.model, some, vectors)
            counts.embedded += len(some)


def _ask(progress: Progress, work: Work, jobs: list[Job], counts: Counts) -> Vectors | None:
    """Ask once; None without vectors, with the reason noted."""
    server = ai.configured_server()
    if server is None:
        return None
    texts = [text_of(job).plain() for job in jobs]
    most = sum(len(text.encode()) for text in texts) + BYTES_OF_A_CALL
    with progress.transaction():
        spend = reserve_tokens(work.company, PURPOSE, most)
    if spend is None:
        counts.failures, counts.why = MOST_FAILURES, "The tokens of this month are used up."
        return None
    progress.hold(timedelta(seconds=server.timeout))
    reply = ai.embed(server, work.model, texts)
    used = (reply.usage.tokens_in, reply.usage.tokens_out) if reply.usage else None
    with progress.transaction():
        counts.tokens += settle_tokens(spend, most, used)
    if reply.problem is None:
        counts.failures = 0
        return _units(reply.values)
    lasting = isinstance(reply.problem, AuthExpired | Rejected)
    counts.failures = MOST_FAILURES if lasting else counts.failures + 1
    counts.why = reply.problem.message
    log.warning("no vectors", problem=reply.problem.code, jobs=len(jobs))
    return None


def _units(vectors: list[list[float]]) -> Vectors:
    """Return vectors with the length one each."""
    table = np.array(vectors, dtype=np.float64)
    table /= np.abs(table).max(axis=1, keepdims=True)  # so that no square is too large
    units: Vectors = (table / np.linalg.norm(table, axis=1, keepdims=True)).astype(np.float32)
    return units


def _store(progress: Progress, model: str, jobs: list[Job], vectors: Vectors) -> None:
    """Write vectors in place of those there were, by COPY; jobs deleted meanwhile are left out."""
    if not jobs:
        return
    ids = [job.pk for job in jobs]
    with progress.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [EMBED_LOCK])
        cursor.execute(
            "SELECT id FROM ingestion_job WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [ids]
        )
        there = {row[0] for row in cursor.fetchall()}
        cursor.execute(f"DELETE FROM {TABLE} WHERE job_id = ANY(%s)", [ids])  # noqa: S608 # ours
        rows = [
            _packed(job, model, vector)
            for job, vector in zip(jobs, vectors, strict=True)
            if job.pk in there
        ]
        with connection.wrap_database_errors, cursor.copy(COPY) as copy:
            copy.write(COPY_HEAD + b"".join(rows) + COPY_END)


def _packed(job: Job, model: str, vector: Vectors) -> bytes:
    """Return one row as COPY reads it in binary: each field behind its length."""
    fields = (
        struct.pack("!q", job.pk),
        model.encode(),
        struct.pack("!h", len(vector)),
        text_of(job).fingerprint().encode(),
        struct.pack("!hh", len(vector), 0) + vector.astype(">f4").tobytes(),
    )
    parts = (struct.pack("!i", len(one)) + one for one in fields)
    return struct.pack("!h", len(fields)) + b"".join(parts)
