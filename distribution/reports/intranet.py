"""The jobs that a company shows to its own people."""

from django.db.models import QuerySet

from distribution.models import Channel, Distribution
from ingestion.models import Job
from jobly.users.models import Company
from jobly.users.rules import Principal


def company_seen(principal: Principal, slug: str) -> Company | None:
    """Return a company by slug if the principal is one of its people, or staff."""
    rows = Company.objects.filter(slug=slug)
    if not principal.is_staff:
        rows = rows.filter(pk__in=principal.company_ids)
    return rows.first()


def jobs_for_colleagues(principal: Principal, company: Company) -> QuerySet[Job]:
    """Return the live jobs on a company's boards for colleagues, newest first, ready for a list."""
    shown = Distribution.objects.visible_to(principal).filter(
        company=company,
        channel__kind=Channel.Kind.INTRANET,
        channel__enabled=True,
        status=Distribution.Status.PUBLISHED,
    )
    rows = Job.objects.visible_to(principal).live().filter(pk__in=shown.values("job"))
    return rows.select_related("employer", "desk").with_sources().order_by("-posted_at", "-pk")
