"""Remove what a company published and where to, without telling the boards."""

from distribution.models import Channel, Distribution
from jobly.runs.actions import transaction
from jobly.users.models import Company


@transaction
def purge_company(company: Company, *, dry_run: bool) -> dict[str, int]:
    """Remove a company's distributions with their ledger, and its channels; return how many."""
    distributions = Distribution.objects.filter(company=company)
    channels = Channel.objects.filter(company=company)
    counts = {"distributions": distributions.count(), "channels": channels.count()}
    if not dry_run:
        distributions.delete()
        channels.delete()
    return counts
