"""Remove the channels and distributions of a company that goes."""

from django.db import transaction
from django.db.models import Q, QuerySet

from distribution.models import (
    Answer,
    Applicant,
    Attempt,
    Budget,
    Channel,
    Charge,
    Distribution,
)
from jobly.artifacts.actions import discard
from jobly.artifacts.models import Artifact
from jobly.users.models import Company


@transaction.atomic
def purge_company(company: Company, *, dry_run: bool) -> dict[str, int]:
    """Remove a company's channels with all that stood on them; return how many there were.

    Boards are not called: what is live there stays until it is closed.
    """
    attempts = Attempt.objects.filter(distribution__company=company)
    distributions = Distribution.everything.filter(company=company)
    channels = Channel.everything.filter(company=company)
    applicants = Applicant.objects.filter(company=company)
    charges = Charge.objects.filter(company=company)
    budgets = Budget.objects.filter(company=company)
    counts = {
        "applicants": applicants.count(),
        "charges": charges.count(),
        "budgets": budgets.count(),
        "attempts": attempts.count(),
        "distributions": distributions.count(),
        "channels": channels.count(),
    }
    if not dry_run:
        files = list(files_of(applicants))
        applicants.delete()
        for artifact in files:
            discard(artifact)
            artifact.delete()
        charges.delete()
        budgets.delete()
        attempts.delete()
        distributions.update(relisted_from=None)
        distributions.delete()
        channels.delete()
    return counts


def files_of(applicants: QuerySet[Applicant]) -> QuerySet[Artifact]:
    """Return what applicants sent along: their CVs and the files of their answers."""
    answers = Answer.objects.filter(applicant__in=applicants).exclude(file=None)
    sent = Q(pk__in=applicants.exclude(cv=None).values("cv")) | Q(pk__in=answers.values("file"))
    return Artifact.objects.filter(sent)
