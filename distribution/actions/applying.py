"""An application arrives: its row, its files, its answers and the mail that says so."""

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError
from django.db.transaction import atomic

from distribution.actions import letters
from distribution.errors import BadApplication, NotOpen
from distribution.events import ApplicantArrived
from distribution.models import Answer, Applicant, Question
from distribution.reports.attribution import came_by
from distribution.rules import documents, screening
from ingestion.models import Job
from jobly.artifacts.actions import store
from jobly.artifacts.models import Artifact
from jobly.runs.actions import emit, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.crash import crashpoint
from jobly.users.models import Company

KIND = "applications"  # of artifacts


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was sent."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Given:
    """An answer: text, or a file."""

    question: Question
    value: str = ""
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """What the form holds, checked; `via` is what the link carried, whatever that is.

    `visitors` is what the sender may have been known by at earlier clicks (`reports.attribution`).
    """

    form_key: UUID
    name: str
    email: str
    phone: str = ""
    cover: str = ""
    cv: Document | None = None
    given: tuple[Given, ...] = field(default=())
    via: str = ""
    visitors: tuple[str, ...] = ()
    keep_longer: bool = False


def apply(job: Job, sent: Application, *, origin: str) -> tuple[Applicant, bool]:
    """Take an application in; return it, and whether it is new.

    The same form sent twice is one application: the first one. `origin` begins the link in the
    mail. Emits: ApplicantArrived. Raises: NotOpen, BadApplication, StorageFull.
    """
    known = Applicant.objects.filter(job=job, form_key=sent.form_key).first()
    if known is not None:
        return known, False
    company = _checked(job, sent)
    try:
        with transaction():
            with atomic():  # of two at the same time the second gives way here
                row = _write(company, job, sent)
            emit(_arrived(row), company=company)
            letters.confirm(row, origin=origin)
    except IntegrityError:
        return Applicant.objects.get(job=job, form_key=sent.form_key), False
    return row, True


def _checked(job: Job, sent: Application) -> Company:
    """Return who hires, or refuse what no form lets through. Raises: NotOpen, BadApplication."""
    if job.company is None or not job.takes_applications:
        raise NotOpen("One cannot apply for this job here any more; nothing was stored.")
    files = [sent.cv, *(given.document for given in sent.given)]
    wrong = [text for one in files if one and (text := documents.refusal(one.name, one.content))]
    if wrong:
        raise BadApplication(wrong[0], fields={"cv": wrong})
    return job.company


def _write(company: Company, job: Job, sent: Application) -> Applicant:
    """Store the files and insert the rows."""
    cv = _stored(sent.cv)
    files = [_stored(given.document) for given in sent.given]
    crashpoint("dist.cv_stored")
    mail_key = screening.email_key(sent.email)
    origin = came_by(
        job, token=_token(sent.via), email_key=mail_key, visitors=sent.visitors, now=clock()
    )
    answers = [_answer(given, place) for place, given in enumerate(sent.given)]
    row = Applicant.objects.create(
        company=company,
        job=job,
        distribution=origin.distribution,
        known=origin.known,
        name=sent.name,
        email=sent.email,
        phone=sent.phone,
        cover=sent.cover,
        cv=cv,
        cv_sha256=cv.sha256 if cv else "",
        name_key=screening.name_key(sent.name),
        email_key=mail_key,
        phone_key=screening.phone_key(sent.phone),
        flags=sum(answer.flagged for answer in answers),
        form_key=sent.form_key,
        keep_longer=sent.keep_longer,
    )
    for answer, file in zip(answers, files, strict=True):
        answer.applicant, answer.file = row, file
    Answer.objects.bulk_create(answers)
    return row


def _token(via: str) -> str:
    """Return what may be a token of ours, "" for anything else that a link carried."""
    fits = via.isascii() and via.isprintable() and len(via) <= 32  # noqa: PLR2004 # the column's
    return via if fits else ""


def _answer(given: Given, place: int) -> Answer:
    question = given.question
    least = Decimal(question.at_least) if question.at_least is not None else None
    flagged = screening.worth_a_look(given.value, wanted=question.wanted, at_least=least)
    return Answer(
        question=question,
        position=place,
        kind=question.kind,
        label=question.label,
        value=given.value,
        flagged=flagged,
    )


def _stored(document: Document | None) -> Artifact | None:
    """Keep a file's bytes; a death before the commit leaves an orphan that `tidy` removes."""
    if document is None:
        return None
    name = documents.shown_name(document.name)
    kind = documents.type_of(document.name)
    return store([document.content], kind=KIND, name=name, content_type=kind)


def _arrived(row: Applicant) -> ApplicantArrived:
    return ApplicantArrived(
        applicant_id=str(row.pk),
        job_id=row.job_id,
        distribution_id=str(row.distribution_id or ""),
        known=row.known,
    )
