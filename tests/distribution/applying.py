"""Applications as they came, with the steps they took, written straight into their table."""

from itertools import count

from uuid_utils.compat import uuid7

from distribution.models import Applicant, ApplicantMove

numbers = count(1)


def make_applicant(job, distribution=None, *, known="", steps=(), **overrides):
    """Make an application; `steps` are (stage, when it came there), each told as a move."""
    number = next(numbers)
    fields = {
        "company": job.company,
        "job": job,
        "distribution": distribution,
        "known": known or ("token" if distribution else "unknown"),
        "name": f"Ada {number}",
        "email": f"ada{number}@example.org",
        "email_key": f"ada{number}@example.org",
        "form_key": uuid7(),
    } | overrides
    at = fields.pop("created_at", None)
    row = Applicant.objects.create(**fields)
    if at is not None:
        Applicant.objects.filter(pk=row.pk).update(created_at=at, stage_at=at)
    was = "new"
    for became, when in steps:
        ApplicantMove.objects.create(applicant=row, was=was, became=became, at=when, batch=uuid7())
        Applicant.objects.filter(pk=row.pk).update(stage=became, stage_at=when)
        was = became
    row.refresh_from_db()
    return row
