"""What is kept of one applicant: as the person sees it, and as a file to take away."""

import io
import json
import zipfile
from typing import Any

from distribution.models import Answer, Applicant
from distribution.rules import stages
from jobly.artifacts.errors import ArtifactGone
from jobly.artifacts.models import Artifact


def to_erase() -> dict[str, int]:
    """Count the applications whose time is over."""
    return {"applicants_erased": Applicant.objects.past_their_time().count()}


def own_view(row: Applicant) -> dict[str, Any]:
    """Return what the status page shows: no notes, no stars, no names of colleagues."""
    return {
        "row": row,
        "job": row.job,
        "said": stages.FRIENDLY[row.stage],
        "may_withdraw": stages.may_withdraw(row.stage),
        "letter": row.letters.filter(key=f"{row.pk}:confirm").first(),
    }


def data_of(row: Applicant, *, whole: bool) -> dict[str, Any]:
    """Return the data about a person as JSON values; `whole` = with what colleagues wrote."""
    told = {
        "id": str(row.pk),
        "job": {"id": row.job_id, "title": row.job.title, "company": row.company.name},
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "cover": row.cover,
        "applied_at": row.created_at.isoformat(),
        "came_by": row.known,
        "stage": row.stage,
        "steps": [
            {"at": move.at.isoformat(), "was": move.was, "became": move.became}
            for move in row.moves.all()
        ],
        "answers": [_answered(answer) for answer in row.answers.all()],
        "letters": [
            {"at": letter.created_at.isoformat(), "subject": letter.subject, "body": letter.body}
            for letter in row.letters.all()
        ],
        "consent": {"at": row.consent_at.isoformat(), "keep_longer": row.keep_longer},
        "erased_at": row.erased_at.isoformat() if row.erased_at else None,
        "decided_by_machines": False,
    }
    return told | _inner(row) if whole else told


def _inner(row: Applicant) -> dict[str, Any]:
    """Return what recruiters wrote about a person."""
    return {
        "reasons": [move.reason for move in row.moves.all() if move.reason],
        "notes": [{"at": note.at.isoformat(), "text": note.text} for note in row.notes.all()],
        "ratings": [rating.stars for rating in row.ratings.all()],
        "flagged": [answer.label for answer in row.answers.all() if answer.flagged],
    }


def _answered(answer: Answer) -> dict[str, Any]:
    return {"question": answer.label, "answer": answer.value}


def archive_of(row: Applicant, *, whole: bool) -> bytes:
    """Return a zip of `data.json` and the files that were sent along."""
    told = data_of(row, whole=whole)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(told, indent=2, ensure_ascii=False))
        sent = [row.cv, *(answer.file for answer in row.answers.select_related("file"))]
        for number, file in enumerate((one for one in sent if one), start=1):
            archive.writestr(f"{number}-{file.name}", _bytes_of(file))
    return made.getvalue()


def _bytes_of(file: Artifact) -> bytes:
    try:
        with file.open() as stream:
            return stream.read()
    except ArtifactGone:
        return b""
