"""Reads about people and companies that commands and pages share."""

from jobly.errors import Rejected

from .models import Company


def company_by_slug(slug: str) -> Company:
    """Return the company, or refuse and name the ones there are."""
    company = Company.objects.filter(slug=slug).first()
    if company is None:
        known = ", ".join(Company.objects.order_by("slug").values_list("slug", flat=True)[:10])
        raise Rejected(f"There is no company {slug}; nothing was changed. Known: {known or 'none'}")
    return company
