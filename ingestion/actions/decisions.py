"""Decide what each item of a batch is: new, a job that changed, or one that is known as it is.

Nothing is written here, so a shadow and a person's preview decide exactly as a load does.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef, QuerySet

from ingestion.models import Employer, Job, JobVersion, ProcessedJob, Processing, Sighting
from ingestion.rules.choices import MEANT, SEPARATE, SKIP, SKIPPED, Wishes, obeyed
from ingestion.rules.duplicates import Decision, Item, Known, Verdict, decide, source_key
from ingestion.rules.employers import employer_key
from ingestion.rules.literals import array_of
from ingestion.rules.normalise import Posting

from .catalogue import CONTENT, values_of

REPEATED, OLDER = "repeated", "older"
UNSEEN = frozenset({REPEATED, OLDER, SKIPPED})  # rules that say nothing about a sighting
BATCH = 500  # items decided at once where their texts are read
LIGHT = ("row", "external_id", "url_key", "content_key", "content_hash", "pk")
BY_HAND = (
    JobVersion.How.WRITTEN,
    JobVersion.How.EDIT,
    JobVersion.How.ENRICHMENT,
    JobVersion.How.RESTORE,
)
NOBODY = 0  # the employer id of one that is not in the catalogue yet


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting as the decision needs it, with the collection and the job it names."""

    pk: int
    key: str
    job_id: int
    processing_id: UUID
    collected_at: datetime
    source_id: UUID
    content_hash: str


@dataclass(slots=True)
class Batch:
    """One batch of items with what was decided about each.

    `differing` names the columns that a repeated pass would change, by job; `renamed` the sightings
    that get another key because the transformer now reads another one.
    """

    processing: Processing
    rows: list[Item]
    wishes: Wishes = field(default_factory=Wishes)
    postings: dict[int, Posting] = field(default_factory=dict)
    decisions: dict[int, Decision] = field(default_factory=dict)
    here: dict[str, int] = field(default_factory=dict)
    differing: dict[int, dict[str, tuple[Any, Any]]] = field(default_factory=dict)
    renamed: dict[int, str] = field(default_factory=dict)

    @property
    def is_again(self) -> bool:
        """Whether the pass reads what was read before."""
        return self.processing.reprocessing_id is not None

    def of(self, verdict: Verdict) -> list[Item]:
        """Return the rows with this verdict."""
        return [row for row in self.rows if self.decisions[row.pk].verdict == verdict]

    def read(self, *verdicts: Verdict) -> None:
        """Fetch the postings of the rows with these verdicts."""
        _read([row for verdict in verdicts for row in self.of(verdict)], self.postings)


def pending(
    processing: Processing, *, behind: int = 0, until: int | None = None, most: int | None = None
) -> list[Item]:
    """Return the next items that could be read and are not loaded, behind a row and until one."""
    rows = ProcessedJob.objects.filter(processing=processing, status="pending", row__gt=behind)
    rows = rows if until is None else rows.filter(row__lte=until)
    return [Item(*row) for row in rows.order_by("row").values_list(*LIGHT)[: most or BATCH]]


def shared_urls(processing: Processing) -> frozenset[str]:
    """Find addresses that items without an own id share though their content differs."""
    rows = (
        processing.items.filter(external_id="")
        .exclude(url_key="")
        .values("url_key")
        .annotate(contents=Count("content_key", distinct=True))
        .filter(contents__gt=1)
    )
    return frozenset(rows.values_list("url_key", flat=True))


def decide_all(batch: Batch, shared: frozenset[str], before: set[str] | None = None) -> None:
    """Decide each item; what comes twice in a collection is what it was the first time.

    What a person chose for a row is stronger. `before` are the keys of earlier batches where none
    of them was written; they grow by this batch's.
    """
    keys = {row.pk: source_key(row, shared) for row in batch.rows}
    seen = _sightings(batch.processing, keys.values())
    if batch.is_again:
        seen += _inherited(batch, keys, {s.key for s in seen})
    known = _known(batch, seen, shared)
    batch.here = dict(known.here)
    older = _older(batch, seen)
    repeated = before if before is not None else set()
    repeated |= {s.key for s in seen if s.processing_id == batch.processing.pk}
    for row in batch.rows:
        key = keys[row.pk]
        if key in repeated:
            decision = Decision(Verdict.KNOWN, key, known.here.get(key), REPEATED)
        else:
            repeated.add(key)
            decision = decide(row, known)
            if key in older:
                decision = replace(decision, verdict=Verdict.KNOWN, rule=OLDER)
        batch.decisions[row.pk] = _as_wished(batch, row, decision)
    if batch.is_again:
        _compare(batch, known)


def _as_wished(batch: Batch, row: Item, decision: Decision) -> Decision:
    """Return the decision as the row's person wants it; a wish that was fulfilled stays so."""
    chosen = batch.wishes.choices.get(row.row)
    if not batch.is_again or chosen is None or chosen.choice == SKIP:
        return obeyed(decision, row.row, batch.wishes)
    if chosen.choice == SEPARATE and (twin := _twin(batch, row.row)):
        return twin
    return decision


def _twin(batch: Batch, row: int) -> Decision | None:
    """Find the second job that a row was meant to be, made by an earlier pass."""
    key = f"{batch.wishes.twin}:{row}"
    source = batch.processing.collection.source
    found = Sighting.objects.filter(source=source, key=key).values_list("job_id", flat=True).first()
    return Decision(Verdict.KNOWN, key, found, MEANT) if found else None


def _read(rows: Iterable[Item], into: dict[int, Posting]) -> None:
    """Fetch the postings of rows; by hand, as a JSON column of models is read several times."""
    wanted = [row.pk for row in rows if row.pk not in into]
    if not wanted:
        return
    with connection.cursor() as cursor:
        sql = "SELECT id, data::text FROM ingestion_processedjob WHERE id = ANY(%s)"
        cursor.execute(sql, [array_of(wanted)])
        for pk, data in cursor.fetchall():
            into[pk] = Posting.from_dict(orjson.loads(data))


def _sightings(processing: Processing, keys: Iterable[str]) -> list[Seen]:
    """Fetch where this source's items were seen before."""
    rows = Sighting.objects.filter(source=processing.collection.source, key__among=set(keys))
    return _seen(rows)


def _seen(rows: QuerySet[Sighting]) -> list[Seen]:
    names = ("pk", "key", "job_id", "processing_id", "processing__collection__collected_at")
    found = rows.values_list(*names, "job__source_id", "job__content_hash")
    return [Seen(*row) for row in found]


def _older(batch: Batch, seen: list[Seen]) -> set[str]:
    """Name the keys whose job was brought by a later collection: what is older changes nothing."""
    at = batch.processing.collection.collected_at
    return {s.key for s in seen if s.collected_at > at}


def _inherited(batch: Batch, keys: Mapping[int, str], found: set[str]) -> list[Seen]:
    """Find the job that a row brought in an earlier pass, when its key is read differently now.

    Only for the first row of each job, and only for jobs of this source: what was a duplicate is
    decided afresh.
    """
    strange = {row.row: keys[row.pk] for row in batch.rows if keys[row.pk] not in found}
    processing = batch.processing
    earlier = processing.collection.processings.filter(counts=True).exclude(pk=processing.pk)
    items = ProcessedJob.objects.filter(processing__in=earlier, job_id__isnull=False)
    firsts = dict(
        items.filter(job_id__in=items.filter(row__in=strange).values("job_id"))
        .values_list("job_id")
        .annotate(first=Min("row"))
    )
    source = processing.collection.source
    rows = Sighting.objects.filter(source=source, job__in=firsts, job__source=source)
    inherited = []
    for one in _seen(rows.filter(processing__in=earlier).order_by("-pk")):
        key = strange.get(firsts[one.job_id])
        if key is not None and key not in found:
            found.add(key)
            batch.renamed[one.pk] = key
            inherited.append(replace(one, key=key))
    return inherited


def _known(batch: Batch, seen: list[Seen], shared: frozenset[str]) -> Known:
    """Fetch what the catalogue knows around these items, in two queries.

    A job that this source already lists under an id of its own is no candidate for another id:
    distinct references of one source are distinct jobs, however alike.
    """
    source = batch.processing.collection.source
    here = {s.key: s.job_id for s in seen}
    own = {s.job_id: s.content_hash for s in seen if s.source_id == source.pk}
    strangers = [item for item in batch.rows if source_key(item, shared) not in here]
    # asked of each candidate: a list of all the source's sightings would grow with every batch
    listed = Sighting.objects.filter(job=OuterRef("pk"), source=source, key__startswith="ref:")
    jobs = Job.objects.filter(~Exists(listed), company=source.company_id)
    urls = {item.url_key for item in strangers if item.url_key} - shared
    contents = {item.content_key for item in strangers}
    return Known(
        here=here,
        own=own,
        # the index leaves out jobs without an address, which the planner has to be told
        by_url=_oldest(jobs.exclude(url_key=""), "url_key", urls),
        by_content=_oldest(jobs, "content_key", contents),
        shared_urls=shared,
    )


def _oldest(jobs: QuerySet[Job], name: str, wanted: Collection[str]) -> dict[str, int]:
    """Map each wanted identity to the job that had it first."""
    if not wanted:
        return {}
    rows = jobs.filter(**{f"{name}__among": set(wanted)})
    return dict(rows.order_by("-pk").values_list(name, "pk"))


def _compare(batch: Batch, known: Known) -> None:
    """Decide by every column whether a job of the source's own would change.

    The content's hash tells what a source changed, not what a newer transformer finds. What a
    person wrote into a company's job stays as it is.
    """
    rows = [
        row
        for row in batch.rows
        if (decision := batch.decisions[row.pk]).job_id in known.own and decision.rule not in UNSEEN
    ]
    _read(rows, batch.postings)
    jobs = [batch.decisions[row.pk].job_id or 0 for row in rows]
    old = {job["id"]: job for job in Job.objects.filter(pk__among=set(jobs)).values("id", *CONTENT)}
    kept = _written_by_hand(jobs)
    employers = known_employers(batch.postings[row.pk] for row in rows)
    for row in rows:
        decision = batch.decisions[row.pk]
        job_id = decision.job_id or 0
        posting = batch.postings[row.pk]
        new = dict(zip(CONTENT, values_of(row, posting, employers), strict=True))
        differing = {
            name: (old[job_id][name], new[name])
            for name in CONTENT
            if old[job_id][name] != new[name] and name not in kept.get(job_id, ())
        }
        verdict = Verdict.CHANGED if differing else Verdict.KNOWN
        batch.decisions[row.pk] = replace(decision, verdict=verdict)
        if differing:
            batch.differing[job_id] = differing


def known_employers(postings: Iterable[Posting]) -> dict[str, int]:
    """Return the employer's id for each employer key, NOBODY for one that is new."""
    keys = {employer_key(posting.employer) for posting in postings}
    found = dict(Employer.objects.filter(key__among=keys).values_list("key", "pk"))
    return {key: found.get(key, NOBODY) for key in keys}


def _written_by_hand(job_ids: Iterable[int]) -> dict[int, set[str]]:
    """Name the columns of each job that a person wrote."""
    rows = JobVersion.objects.filter(job__in=list(job_ids), how__in=BY_HAND).order_by()
    kept: dict[int, set[str]] = {}
    for job_id, changed in rows.values_list("job_id", "changed"):
        kept.setdefault(job_id, set()).update(changed)
    return kept
