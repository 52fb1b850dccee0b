"""The addresses of all public pages: jobs one can apply to, and companies' boards."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Max

from distribution.reports.content import site_url
from distribution.rules.feeds.listed import iso
from distribution.rules.feeds.markup import DECLARATION, escaped
from ingestion.models import Job
from ingestion.models.catalogue import job_slug
from jobly.users.models import Company

PART = 50_000  # numbers of jobs a file: at most as many addresses as a file may hold
AT_A_TIME = 2000
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
# what everybody may see and search engines should: no copies, nothing for operators' eyes only
PUBLIC = """j.status = 'live' AND NOT j.is_copy AND coalesce(k.is_public, true)
    AND (j.on_board OR (j.company_id IS NULL AND NOT EXISTS (SELECT FROM ingestion_source s
        WHERE s.id = j.source_id AND s.rights = 'private')))"""
URLS = f"""
    SELECT j.id, j.title, e.name, j.updated_at FROM ingestion_job j
    JOIN ingestion_employer e ON e.id = j.employer_id
    LEFT JOIN ingestion_jobdesk k ON k.job_id = j.id
    WHERE {PUBLIC} AND j.id >= %(low)s AND j.id < %(high)s ORDER BY j.id LIMIT %(most)s
"""  # noqa: S608 # our own words


def index(parts: list[tuple[int, datetime]]) -> str:
    """Write the file that names all others: a part of job pages each, and one of boards."""
    site = site_url()
    files: list[tuple[str, datetime | None]] = [(f"{site}/sitemaps/boards.xml", None)]
    files += [(f"{site}/sitemaps/jobs-{number}.xml", changed) for number, changed in parts]
    lines = "".join(f"\n<sitemap>{_place(place, at)}</sitemap>" for place, at in files)
    return f"{DECLARATION}<sitemapindex {SPACE}>{lines}\n</sitemapindex>\n"


def urls(number: int) -> Iterator[bytes]:
    """Yield one part: the public live jobs of a range of numbers, some at a time."""
    site = site_url()
    yield f"{DECLARATION}<urlset {SPACE}>".encode()
    low, high = number * PART, (number + 1) * PART
    while True:
        with connection.cursor() as cursor:
            cursor.execute(URLS, {"low": low, "high": high, "most": AT_A_TIME})
            rows = cursor.fetchall()
        if not rows:
            break
        lines = [
            f"\n<url>{_place(f'{site}/jobs/{key}-{job_slug(title, employer)}/', at)}</url>"
            for key, title, employer, at in rows
        ]
        yield "".join(lines).encode()
        low = rows[-1][0] + 1
    yield b"\n</urlset>\n"


def boards() -> str:
    """Write the addresses of the boards that show a job."""
    shown = Job.objects.live().filter(on_board=True).exclude(desk__is_public=False)
    moved: dict[UUID | None, datetime] = dict(
        shown.order_by().values_list("company").annotate(at=Max("updated_at"))
    )
    slugs = Company.objects.filter(pk__in=[key for key in moved if key]).order_by("slug")
    lines = "".join(
        f"\n<url>{_place(f'{site_url()}/boards/{company.slug}/', moved[company.pk])}</url>"
        for company in slugs
    )
    return f"{DECLARATION}<urlset {SPACE}>{lines}\n</urlset>\n"


def _place(address: str, at: datetime | None) -> str:
    lastmod = f"<lastmod>{iso(at)}</lastmod>" if at else ""
    return f"<loc>{escaped(address)}</loc>{lastmod}"


def robots() -> str:
    """Write what programs may read: all public pages; where the list of them is."""
    hidden = ("/admin/", "/api/", "/go/", "/runs/", "/files/", "/applications/")
    lines = "".join(f"Disallow: {path}\n" for path in hidden)
    return f"User-agent: *\n{lines}\nSitemap: {site_url()}/sitemap.xml\n"
