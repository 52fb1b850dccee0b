"""Keep what the sitemap's files hold, so that none is counted when it is asked for."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from distribution.models import Sitemap, SitemapPart
from distribution.reports.sitemaps import PART, PUBLIC
from jobly.runs.actions import transaction

COUNTED_EVERY = timedelta(minutes=5)

# the parts in which a job changed since; all of them the first time
CHANGED = """
    SELECT DISTINCT job_id / %(part)s FROM ingestion_jobchange WHERE xid >= %(mark)s
"""
COUNTED = f"""
    INSERT INTO distribution_sitemappart AS p (number, urls, digest, changed_at)
    SELECT j.id / %(part)s, count(*), md5(sum(hashtextextended(
        ROW(j.id, j.title, e.name, j.updated_at)::text, 0))::text), max(j.updated_at)
    FROM ingestion_job j JOIN ingestion_employer e ON e.id = j.employer_id
    LEFT JOIN ingestion_jobdesk k ON k.job_id = j.id
    WHERE {PUBLIC} AND j.id >= %(low)s AND j.id < %(high)s GROUP BY 1
    ON CONFLICT (number) DO UPDATE SET urls = EXCLUDED.urls, digest = EXCLUDED.digest,
        changed_at = greatest(EXCLUDED.changed_at, now())
    WHERE p.digest <> EXCLUDED.digest
"""  # noqa: S608 # our own words
GONE = """
    DELETE FROM distribution_sitemappart p WHERE number = %(number)s AND NOT EXISTS (
        SELECT FROM ingestion_job j LEFT JOIN ingestion_jobdesk k ON k.job_id = j.id
        WHERE {public} AND j.id >= %(low)s AND j.id < %(high)s)
"""


def present() -> None:
    """Bring the parts up to date, unless that was done minutes ago."""
    known = Sitemap.objects.filter(pk=1).values_list("checked_at", flat=True).first()
    if known is None or timezone.now() - known >= COUNTED_EVERY:
        refresh()


@transaction
def refresh() -> int:
    """Count the parts in which a job changed since the last time; returns how many those were.

    One at a time: who comes while another counts takes what is there.
    """
    Sitemap.objects.get_or_create(pk=1)
    row = Sitemap.objects.select_for_update(skip_locked=True).filter(pk=1).first()
    if row is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        mark = cursor.fetchone()[0]
        cursor.execute(CHANGED, {"part": PART, "mark": row.mark})
        numbers = sorted(number for (number,) in cursor.fetchall())
        for number in numbers:
            span = {"part": PART, "low": number * PART, "high": (number + 1) * PART}
            cursor.execute(COUNTED, span)
            cursor.execute(GONE.format(public=PUBLIC), {"number": number, **span})
    Sitemap.objects.filter(pk=1).update(mark=mark, checked_at=timezone.now())
    return len(numbers)


def parts() -> list[SitemapPart]:
    """Return the parts as they are now, the first numbers first."""
    present()
    return list(SitemapPart.objects.order_by("number"))
