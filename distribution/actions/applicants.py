"""What recruiters, and applicants themselves, do with applications."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Avg, QuerySet
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from distribution.actions import letters
from distribution.errors import ApplicantMoved
from distribution.events import ApplicantMoved as Moved
from distribution.models import (
    Applicant,
    ApplicantMove,
    ApplicantNote,
    ApplicantRating,
    Letter,
    ReplyTemplate,
)
from distribution.rules import stages
from jobly.errors import JoblyError, Rejected
from jobly.runs.actions import emit, transaction
from jobly.users.models import User

Stage = Applicant.Stage
MOST_AT_ONCE = 500  # applications moved by one press
LONGEST_NOTE = 4_000  # characters


@dataclass(frozen=True, slots=True)
class Step:
    """Where applications go, why, by whom; with `reply` they are written to when it stands."""

    to: str
    actor: User | None
    reason: str = ""
    reply: ReplyTemplate | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of moving many: how many moved, under which number, and who did not, why."""

    batch: UUID
    moved: int
    refused: tuple[tuple[str, str], ...]


@transaction
def move(row: Applicant, step: Step, *, batch: UUID | None = None) -> ApplicantMove:
    """Bring an application to another stage.

    A reply waits until the move cannot be undone any more. Emits: ApplicantMoved.
    Raises: ApplicantMoved.
    """
    if not stages.may_move(row.stage, step.to):
        words = "took it back" if row.stage == Stage.WITHDRAWN else "is there already"
        raise ApplicantMoved(f"{row} {words}; nothing was changed.", applicant=str(row.pk))
    made = _write(row, step, batch or uuid7())
    if step.reply is not None:
        text = letters.Wording(
            step.reply.subject,
            step.reply.body,
            step.origin,
            move=made,
            actor=step.actor,
            after=stages.UNDO_WITHIN,
        )
        letters.write(row, f"move:{made.pk}", text)
    return made


def _write(
    row: Applicant, step: Step, batch: UUID, undoes: ApplicantMove | None = None
) -> ApplicantMove:
    """Move the row and note it. Emits: ApplicantMoved. Raises: ApplicantMoved."""
    was = row.stage
    row.move(Stage(step.to))
    made = ApplicantMove.objects.create(
        applicant=row,
        was=was,
        became=step.to,
        actor=step.actor,
        reason=step.reason[:500],
        batch=batch,
        undoes=undoes,
    )
    fact = Moved(str(row.pk), row.job_id, was, step.to, undone=undoes is not None)
    emit(fact, actor=step.actor, company=row.company_id)
    return made


def move_all(rows: Iterable[Applicant], step: Step) -> Taken:
    """Move many; one that cannot move stops no other."""
    batch, moved, refused = uuid7(), 0, []
    for row in rows:
        try:
            move(row, step, batch=batch)
            moved += 1
        except JoblyError as wrong:
            refused.append((str(row.pk), wrong.message))
    return Taken(batch, moved, tuple(refused))


@transaction
def undo(moves: QuerySet[ApplicantMove], *, actor: User | None) -> tuple[int, int]:
    """Take moves back by moves of their own; return how many, and how many stay.

    What moved on since, or is older than the window, stays, and so does what an applicant took
    back. Letters that wait are not sent. Emits: ApplicantMoved.
    """
    taken = stay = 0
    fresh = moves.filter(undoes=None, undone_by=None, at__gte=Now() - stages.UNDO_WITHIN)
    fresh = fresh.exclude(became=Stage.WITHDRAWN)
    for made in fresh.select_related("applicant").select_for_update(of=("self",), no_key=True):
        row = made.applicant
        newest = row.moves.order_by("-id").values_list("pk", flat=True).first()
        if newest != made.pk or row.erased_at is not None:
            stay += 1
            continue
        step = Step(made.was, actor, f"Undone: {made.became}")
        _write(row, step, uuid7(), undoes=made)
        waiting = Letter.objects.filter(move=made, status=Letter.Status.QUEUED)
        waiting.update(status=Letter.Status.CANCELLED)
        taken += 1
    return taken, stay


@transaction
def withdraw(row: Applicant) -> ApplicantMove:
    """Note that a person takes the application back. Raises: ApplicantMoved."""
    if not stages.may_withdraw(row.stage):
        raise ApplicantMoved("This application has ended already; nothing was changed.")
    return _write(row, Step(Stage.WITHDRAWN, None, "Withdrawn by the applicant"), uuid7())


def write_note(row: Applicant, text: str, *, actor: User | None) -> ApplicantNote:
    """Add to the journal of an application. Raises: Rejected."""
    text = text.strip()
    if not text:
        raise Rejected("The note is empty.", fields={"text": ["Write something."]})
    _refuse_erased(row)
    return ApplicantNote.objects.create(applicant=row, actor=actor, text=text[:LONGEST_NOTE])


@transaction
def rate(row: Applicant, stars: int, *, actor: User) -> Applicant:
    """Give an application 1 to 5 stars, or other ones than before. Raises: Rejected."""
    if not 1 <= stars <= 5:  # noqa: PLR2004 # as the constraint says
        raise Rejected("Give 1 to 5 stars.", fields={"stars": ["1 to 5"]})
    locked = Applicant.objects.select_for_update(no_key=True).get(pk=row.pk)
    _refuse_erased(locked)
    ApplicantRating.objects.update_or_create(
        applicant=locked, actor=actor, defaults={"stars": stars, "at": Now()}
    )
    mean = locked.ratings.aggregate(mean=Avg("stars"))["mean"]
    Applicant.objects.filter(pk=row.pk).update(rating=mean)
    locked.refresh_from_db(fields=["rating"])
    return locked


@transaction
def reply(row: Applicant, text: letters.Wording, *, key: UUID) -> Letter:
    """Write to an applicant; the same key is the same letter. Raises: ApplicantMoved."""
    _refuse_erased(row)
    return letters.write(row, f"reply:{key}", text)


def _refuse_erased(row: Applicant) -> None:
    if row.erased_at is not None:
        raise ApplicantMoved("This application was erased; nothing was changed.")
