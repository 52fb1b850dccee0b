"""Remove the channels and distributions of a company that goes."""

from django.db import transaction

from distribution.models import Attempt, Channel, Distribution
from jobly.users.models import Company


@transaction.atomic
def purge_company(company: Company, *, dry_run: bool) -> dict[str, int]:
    """Remove a company's channels with all that stood on them; return how many there were.

    Boards are not called: what is live there stays until it is closed.
    """
    attempts = Attempt.objects.filter(distribution__company=company)
    distributions = Distribution.objects.filter(company=company)
    channels = Channel.objects.filter(company=company)
    counts = {
        "attempts": attempts.count(),
        "distributions": distributions.count(),
        "channels": channels.count(),
    }
    if not dry_run:
        attempts.delete()
        distributions.delete()
        channels.delete()
    return counts
