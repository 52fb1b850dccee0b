"""Remove the runs and the stream of a company that goes."""

from jobly.runs.models import Event, Run, RunLog, Stream
from jobly.runs.rules.streams import company_stream
from jobly.users.models import Company

from .outbox import transaction


@transaction
def purge_company(company: Company, *, dry_run: bool) -> dict[str, int]:
    """Remove a company's runs, events and stream; return how many there were."""
    runs = Run.objects.filter(company=company)
    events = Event.objects.filter(stream=company_stream(company.pk))
    counts = {"runs": runs.count(), "events": events.count()}
    if not dry_run:
        events.delete()
        RunLog.objects.filter(run__in=runs).delete()
        runs.delete()
        Stream.objects.filter(pk=company_stream(company.pk)).delete()
    return counts
