"""Mails to applicants: written down once by their key, then sent by a run of their own."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse

from distribution.clients import mail
from distribution.models import Applicant, ApplicantMove, ApplicationTerms, Letter
from distribution.rules import letters as words
from jobly.errors import JoblyError, Unavailable, Unknown
from jobly.runs.actions import start, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.users.models import User

Status = Letter.Status
AT_ONCE = timedelta()
CALL = timedelta(seconds=60)  # a mail server may take


def status_url(row: Applicant, origin: str) -> str:
    """Return the address at which an applicant sees how the application stands."""
    return origin + reverse("application", args=[row.secret])


def values_for(row: Applicant, origin: str) -> dict[str, str]:
    """Return what is put into the places of a letter."""
    return {
        "name": row.name,
        "job": row.job.title,
        "company": row.company.name,
        "link": status_url(row, origin),
    }


def confirm(row: Applicant, *, origin: str) -> Letter:
    """Write the letter that says an application arrived, in the company's words or ours."""
    terms = ApplicationTerms.objects.filter(company=row.company_id).first()
    subject = (terms and terms.confirm_subject) or words.CONFIRM_SUBJECT
    body = (terms and terms.confirm_text) or words.CONFIRM_TEXT
    return write(row, "confirm", Wording(subject, body, origin))


@dataclass(frozen=True, slots=True)
class Wording:
    """A letter before its places are filled; `origin` begins the links in it.

    `move` is what it tells of: undone within `after`, the letter stays here.
    """

    subject: str
    body: str
    origin: str
    move: ApplicantMove | None = None
    actor: User | None = None
    after: timedelta = AT_ONCE


def write(row: Applicant, purpose: str, text: Wording) -> Letter:
    """Write a letter down and have it sent, in the caller's transaction; once a purpose."""
    values = values_for(row, text.origin)
    letter, is_new = Letter.objects.get_or_create(
        key=f"{row.pk}:{purpose}",
        defaults={
            "applicant": row,
            "move": text.move,
            "actor": text.actor,
            "subject": words.subject_line(text.subject, values),
            "body": words.filled(text.body, values),
            "due_at": clock() + text.after,
        },
    )
    if is_new:
        post(letter, after=text.after)
    return letter


def post(letter: Letter, *, after: timedelta = AT_ONCE) -> None:
    """Have a letter sent by a run; asking twice is one run."""
    args, company = {"letter_id": str(letter.pk)}, letter.applicant.company_id
    key = f"{letter.pk}:{letter.tries}"
    start("distribution.send_letter", args, actor=None, company=company, key=key, after=after)


def send(progress: Progress, letter_id: UUID) -> dict[str, Any]:
    """Send a letter, unless it was sent or is not wanted any more: at most once by itself.

    That it goes out is written down before. Whoever comes after a death, or heard no end of the
    talk with the mail server, cannot know whether it left, and mail servers do not keep doubles
    apart: the letter is then `uncertain`, and a person says whether it goes out again, under the
    same Message-ID. Raises: Unavailable, Rejected.
    """
    letter = _begin(progress, letter_id)
    if letter is None:
        return {"sent": 0}
    progress.hold(CALL)
    crashpoint("dist.letter_begun")
    message = mail.Mail(str(letter.pk), letter.applicant.email, letter.subject, letter.body)
    try:
        mail.send(message)
    except Unknown as doubt:
        with progress.transaction():
            _doubt(letter, doubt.message)
        return {"sent": 0, "uncertain": 1}
    except JoblyError as wrong:
        with progress.transaction():
            is_last = progress.run.attempt >= progress.run.max_attempts
            again = isinstance(wrong, Unavailable) and not is_last
            status = Status.QUEUED if again else Status.FAILED
            Letter.objects.filter(pk=letter.pk).update(status=status, error=wrong.message[:300])
        raise
    crashpoint("dist.letter_sent")
    with progress.transaction():
        Letter.objects.filter(pk=letter.pk).update(status=Status.SENT, sent_at=Now(), error="")
        Applicant.objects.filter(pk=letter.applicant_id).update(heard_at=Now())
    return {"sent": 1}


def _begin(progress: Progress, letter_id: UUID) -> Letter | None:
    """Note that the letter goes out now; None when it is not to."""
    with progress.transaction():
        rows = Letter.objects.select_for_update(of=("self",), no_key=True)
        letter = rows.select_related("applicant").filter(pk=letter_id).first()
        if letter is None or letter.status not in (Status.QUEUED, Status.SENDING):
            return None
        if letter.status == Status.SENDING:
            _doubt(letter, "We went away while it was being sent.")
            return None
        if letter.applicant.erased_at is not None:
            Letter.objects.filter(pk=letter.pk).update(status=Status.CANCELLED)
            return None
        columns = {"status": Status.SENDING, "tries": F("tries") + 1}
        Letter.objects.filter(pk=letter.pk).update(**columns)
    return letter


def _doubt(letter: Letter, why: str) -> None:
    """Note that nobody knows whether a letter left."""
    words = f"{why} It may have arrived or not; send it again if it matters."
    Letter.objects.filter(pk=letter.pk).update(status=Status.UNCERTAIN, error=words[:300])


@transaction
def send_again(letter: Letter, *, actor: User | None) -> bool:
    """Send a letter that failed, or may have, once more; False when there is nothing to do."""
    rows = Letter.objects.filter(pk=letter.pk, status__in=[Status.FAILED, Status.UNCERTAIN])
    if not rows.update(status=Status.QUEUED, error="", actor=actor, due_at=clock()):
        return False
    letter.refresh_from_db()
    post(letter)
    return True
