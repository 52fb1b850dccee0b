"""Applicants' data are erased when they ask, when somebody decides so, and when it is time."""

from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from distribution.events import ApplicantErased
from distribution.models import Applicant, InboundHook
from jobly.artifacts.actions import discard
from jobly.runs.actions import emit, start, transaction
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.users.models import User

from .purging import files_of

EMPTIED = "What it held was erased with the application."
BATCH = 100  # applications erased in one transaction
NOTHING = {
    **dict.fromkeys(("name", "email", "phone", "cover"), ""),
    **dict.fromkeys(("cv_sha256", "name_key", "email_key", "phone_key"), ""),
    "cv": None,
    "rating": None,
    "flags": 0,
}


@transaction
def ask(row: Applicant, *, why: str, actor: User | None) -> Run:
    """Have an application erased by a run; asking twice is one run."""
    args = {"applicant_id": str(row.pk), "why": why}
    key = f"erase:{row.pk}"
    return start("distribution.erase_applicant", args, actor=actor, company=row.company_id, key=key)


@transaction
def erase(applicant_id: UUID, why: str) -> dict[str, Any]:
    """Remove all that is known of an applicant; a tombstone with ids and stages stays.

    Files go when this commits. Idempotent. Emits: ApplicantErased.
    """
    rows = Applicant.objects.select_for_update().filter(pk=applicant_id, erased_at=None)
    row = rows.first()
    if row is None:
        return {"erased": 0}
    files = list(files_of(Applicant.objects.filter(pk=row.pk)))
    for related in (row.answers, row.notes, row.ratings, row.letters):
        related.all().delete()
    row.moves.all().update(reason="")
    # who came by a board's event is known by its id; the event had all that was sent
    InboundHook.objects.filter(pk=row.form_key).update(body=b"", why=EMPTIED)
    Applicant.objects.filter(pk=row.pk).update(**NOTHING, erased_at=Now())
    for artifact in files:
        discard(artifact)
        artifact.delete()
    crashpoint("dist.mid_erase")
    emit(ApplicantErased(str(row.pk), row.job_id, why), company=row.company_id)
    return {"erased": 1, "files": len(files)}


def erase_due(progress: Progress) -> dict[str, int]:
    """Erase applications whose time is over; what is done stays done when it is stopped."""
    erased = 0
    while True:
        with progress.transaction():
            due = Applicant.objects.past_their_time().order_by("pk").values_list("pk", flat=True)
            batch = list(due[:BATCH])
            erased += sum(erase(key, "retention")["erased"] for key in batch)
        progress.tell(done=erased)
        if len(batch) < BATCH:
            return {"applicants_erased": erased}
