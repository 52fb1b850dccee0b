"""Write postings by hand: new ones, changes, copies, earlier versions; every change is kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from ingestion.errors import NewerVersion
from ingestion.events import JobHidden, JobsLoaded
from ingestion.models import Job, JobDesk, JobVersion, PostingTemplate, ProcessedJob, Source
from ingestion.reports.postings import posting_of
from ingestion.reports.versions import changes_since
from ingestion.rules.identity import content_hash, content_key, url_key
from ingestion.rules.normalise import Posting, RowRejected, normalise
from ingestion.rules.writing import Written, merged, raw_posting, with_typed_skills
from jobly.errors import Rejected
from jobly.runs.actions import emit, transaction
from jobly.users.models import Company, User

from .catalogue import CONTENT, close_job, values_of, write_columns
from .collections import source_named
from .employers import employers_for
from .searching import index_next
from .versions import Note, note_first, noting

HAND = "Written by hand"  # the source of a company that its own words belong to
MOST_COPIES = 50
How = JobVersion.How


@dataclass(frozen=True, slots=True)
class Desk:
    """What a company keeps beside its job."""

    owner_id: UUID | None = None
    recruiter_id: UUID | None = None
    openings: int = 1
    is_hot: bool = False
    is_public: bool = True
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """One save of the form: its fields, those a person changed, and the version it was based on.

    Of text and desk only what is named in `touched` is written, so that two people who change
    different fields both get what they want.
    """

    text: Written
    desk: Desk
    touched: Collection[str]
    base: int
    why: str = ""


@transaction
def write_posting(
    company: Company, text: Written, desk: Desk, *, actor: User | None, is_live: bool = True
) -> Job:
    """Make a job of what a person wrote, by the rules that all sources go by.

    Emits: JobsLoaded. Raises: Rejected without a title.
    """
    posting = _read(replace(text, employer=text.employer or company.name), company)
    if text.skills.strip():
        posting = with_typed_skills(posting, text)
    source = source_named(HAND, company=company, kind=Source.Kind.UPLOAD, is_demo=company.is_demo)
    return _insert(source, [posting], desk, actor=actor, is_live=is_live)[0]


def _insert(
    source: Source, postings: Sequence[Posting], desk: Desk, *, actor: User | None, is_live: bool
) -> list[Job]:
    """Insert jobs that a person made, with desk and first version."""
    now = timezone.now()
    if is_live:
        postings = [replace(one, posted_at=one.posted_at or now) for one in postings]
    employers = employers_for(postings)
    jobs = [
        Job(
            **dict(zip(CONTENT, values_of(_keys(one), one, employers), strict=True)),
            company=source.company,
            source=source,
            reference=one.external_id,
            status=Job.Status.LIVE if is_live else Job.Status.DRAFT,
            is_demo=source.is_demo,
            first_seen_at=now,
            last_seen_at=now,
        )
        for one in postings
    ]
    ids = [job.pk for job in Job.objects.bulk_create(jobs)]
    JobDesk.objects.bulk_create([JobDesk(job_id=pk, **asdict(desk)) for pk in ids])
    note_first(ids, Note(How.WRITTEN, actor))
    _tell(ids, source.company, actor)
    rows = Job.objects.select_related("employer", "company").in_bulk(ids)
    return [rows[pk] for pk in ids]


@transaction
def edit_posting(job: Job, edit: Edit, *, actor: User | None) -> Job:
    """Change what a person changed in the form, and nothing else; unchanged text stays as it is.

    Emits: JobsLoaded, JobHidden. Raises: NewerVersion if somebody saved meanwhile; Rejected without
    a title.
    """
    row = _locked(job)
    if (newest := newest_version(row)) != edit.base:
        raise NewerVersion(
            "Somebody changed this job meanwhile; your text was not saved and stands below.",
            changes=changes_since(row, edit.base),
            newest=newest,
        )
    old = posting_of(row)
    posting = merged(old, _read(edit.text, row.company), edit.touched)
    if "skills" in edit.touched:
        posting = with_typed_skills(posting, edit.text)
    was_public = desk_of(row).is_public
    with noting([row.pk], Note(How.EDIT, actor, edit.why)):
        if posting != old:
            _write(row, posting)
        typed = asdict(edit.desk)
        desk = {name: typed[name] for name in typed if name.removesuffix("_id") in edit.touched}
        if posting != old:
            desk["edited_at"] = Now()
        if desk:
            JobDesk.objects.update_or_create(job=row, defaults=desk)
    _tell([row.pk], row.company, actor)
    _tell_hidden(row, actor, was_public=was_public)
    return _reloaded(row)


def take_over(
    job: Job, posting: Posting, columns: Mapping[str, Any], *, actor: User | None
) -> None:
    """Write suggested values to a job that is locked, as an edit: what a file says later yields.

    `columns` are those that no posting has. Emits: JobsLoaded.
    """
    with noting([job.pk], Note(How.ENRICHMENT, actor)):
        if posting != posting_of(job):
            _write(job, posting)
        Job.objects.filter(pk=job.pk).update(**columns, updated_at=Now())
        JobDesk.objects.update_or_create(job=job, defaults={"edited_at": Now()})
    _tell([job.pk], job.company, actor)


@transaction
def restore_version(job: Job, number: int, *, actor: User | None) -> Job:
    """Bring back what a job said in an earlier version, as a new version; its status stays.

    Emits: JobsLoaded, JobHidden. Raises: Rejected for a number that is not there.
    """
    row = _locked(job)
    version = JobVersion.objects.filter(job=row, number=number).first()
    if version is None:
        raise Rejected(f"There is no version {number} of this job; nothing was changed.")
    known = version.values
    patch = {name: known[name] for name in CONTENT if name in known}
    desk, was_public = _desk_in(known), desk_of(row).is_public
    with noting([row.pk], Note(How.RESTORE, actor, f"Version {number}")):
        write_columns({row.pk: patch})
        Job.objects.filter(pk=row.pk).update(reference=known.get("reference", row.reference))
        JobDesk.objects.update_or_create(job=row, defaults=desk | {"edited_at": Now()})
    _tell([row.pk], row.company, actor)
    _tell_hidden(row, actor, was_public=was_public)
    return _reloaded(row)


@transaction
def replicate(
    job: Job, places: Sequence[tuple[str, str]], *, actor: User | None, is_live: bool
) -> list[Job]:
    """Make a copy of a job for each (place, language tag or ""), all or none.

    A copy has the job's words and desk, its own place, and its reference with a number behind it.
    Emits: JobsLoaded. Raises: Rejected naming the lines that are wrong.
    """
    row = _locked(job)
    if not places or len(places) > MOST_COPIES:
        raise Rejected(f"Name 1 to {MOST_COPIES} places, one a line; nothing was copied.")
    postings, wrong, seen = [], [], {posting_place(posting_of(row))}
    for number, (place, language) in enumerate(places, start=1):
        copy = placed(posting_of(row), place, language, number)
        if posting_place(copy) in seen:
            wrong.append(f"Line {number}: “{place}” is where the job, or another copy, is already.")
        seen.add(posting_place(copy))
        postings.append(copy)
    if wrong:
        raise Rejected("Nothing was copied.", fields={"places": wrong})
    source = source_named(HAND, company=row.company, kind=Source.Kind.UPLOAD, is_demo=row.is_demo)
    desk = desk_of(row)
    return _insert(source, postings, replace(desk, notes=""), actor=actor, is_live=is_live)


def placed(posting: Posting, place: str, language: str, number: int) -> Posting:
    """Return a posting moved to another place; where it is not understood its text stands."""
    moved, _ = normalise(
        raw_posting(Written(title=posting.title, location=place)), now=timezone.now()
    )
    reference = f"{posting.external_id}-{number}" if posting.external_id else ""
    return replace(
        posting,
        external_id=reference,
        location_text=moved.location_text,
        city=moved.city,
        region=moved.region,
        country=moved.country,
        lat=moved.lat,
        lon=moved.lon,
        remote=moved.remote or posting.remote,
        language=language or posting.language,
        posted_at=None,
    )


def posting_place(posting: Posting) -> tuple[str, str, str, str]:
    """Return what two copies may not share: place and language."""
    place = posting.city or posting.location_text
    return (place.casefold(), posting.region, posting.country, posting.language)


@transaction
def close_posting(job: Job, *, actor: User | None, why: str = "") -> Job:
    """Close a job to applicants, for a reason. Emits: JobClosed. Raises: JobMoved."""
    with noting([job.pk], Note(How.STATUS, actor, why)):
        return close_job(job, actor=actor)


@transaction
def open_posting(job: Job, *, actor: User | None) -> Job:
    """Open a draft, a closed or an expired job. Emits: JobsLoaded.

    Raises: JobMoved; Rejected where its closing date has passed.
    """
    if job.expires_at and job.expires_at <= timezone.now():
        raise Rejected(
            f"Its closing date has passed ({job.expires_at:%-d %B %Y}): set a later one, or none,"
            " then open it. Nothing was changed.",
            fields={"expires_at": ["has passed"]},
        )
    with noting([job.pk], Note(How.STATUS, actor)):
        job.move(Job.Status.LIVE, posted_at=Coalesce("posted_at", Now()))
    _tell([job.pk], job.company, actor)
    return job


@transaction
def drop_draft(job: Job, *, actor: User | None) -> Job:
    """Take a draft out of the lists; its history stays. Raises: Rejected for what was open once."""
    if job.status != Job.Status.DRAFT:
        raise Rejected("Only drafts are deleted; close an open job instead. Nothing was changed.")
    with noting([job.pk], Note(How.STATUS, actor, "Draft deleted")):
        job.move(Job.Status.REMOVED)
    return job


def save_template(
    company: Company, name: str, fields: dict[str, str], *, actor: User | None
) -> PostingTemplate:
    """Keep fields of the form for new postings; a template of that name is replaced."""
    row, _ = PostingTemplate.objects.update_or_create(
        company=company,
        name=name.strip(),
        defaults={"fields": fields, "saved_by": actor, "saved_at": Now()},
    )
    return row


def delete_template(template: PostingTemplate) -> None:
    """Forget a template; jobs made of it stay."""
    template.delete()


def newest_version(job: Job) -> int:
    """Return the number of a job's newest version; 0 while nothing changed it."""
    found: int | None = JobVersion.objects.filter(job=job).aggregate(n=Max("number"))["n"]
    return found or 0


def desk_of(job: Job) -> Desk:
    """Return what is kept beside a job, or what a new one begins with."""
    row = JobDesk.objects.filter(job=job).first()
    if row is None:
        return Desk()
    names = ("owner_id", "recruiter_id", "openings", "is_hot", "is_public", "notes")
    return Desk(**{name: getattr(row, name) for name in names})


def _desk_in(values: dict[str, Any]) -> dict[str, Any]:
    """Return the desk of a version; who has left meanwhile looks after nothing any more."""
    desk = {
        name.removeprefix("desk__"): value
        for name, value in values.items()
        if name.startswith("desk__") and value is not None
    }
    people = {desk[name] for name in ("owner_id", "recruiter_id") if name in desk}
    here = {str(pk) for pk in User.objects.filter(pk__in=people).values_list("pk", flat=True)}
    return {name: value for name, value in desk.items() if value in here or value not in people}


def _read(text: Written, company: Company | None) -> Posting:
    """Read the form by the rules of all sources."""
    name = company.name if company else ""
    try:
        return normalise(raw_posting(text), now=_now(), default_employer=name)[0]
    except RowRejected as wrong:
        raise Rejected(wrong.message, fields={wrong.field: [wrong.message]}) from wrong


def _now() -> datetime:
    return timezone.now()


def _locked(job: Job) -> Job:
    """Lock a company's job and read it as it is now."""
    rows = Job.objects.filter(company__isnull=False).select_related("employer", "company")
    return rows.select_for_update(no_key=True, of=("self",)).get(pk=job.pk)


def _reloaded(job: Job) -> Job:
    return Job.objects.select_related("employer", "company").get(pk=job.pk)


def _keys(posting: Posting) -> ProcessedJob:
    """Return what a posting is known by, as the loader takes it."""
    return ProcessedJob(
        external_id=posting.external_id,
        url_key=url_key(posting.apply_url or posting.url, posting.employer),
        content_key=content_key(posting),
        content_hash=content_hash(posting),
    )


def _write(job: Job, posting: Posting) -> None:
    """Write a job's content; its reference is not part of what loaders update."""
    values = values_of(_keys(posting), posting, employers_for([posting]))
    write_columns({job.pk: dict(zip(CONTENT, values, strict=True))})
    if posting.external_id != job.reference:
        Job.objects.filter(pk=job.pk).update(reference=posting.external_id)


def _tell(job_ids: list[int], company: Company | None, actor: User | None) -> None:
    """Make jobs findable and tell who follows the catalogue."""
    index_next()
    emit(JobsLoaded(job_ids=sorted(job_ids)), actor=actor, company=company)


def _tell_hidden(job: Job, actor: User | None, *, was_public: bool) -> None:
    """Tell that a job is internal now and was not before."""
    if was_public and not desk_of(job).is_public:
        emit(JobHidden(job_id=job.pk), actor=actor, company=job.company)
