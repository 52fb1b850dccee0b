"""Tidy up old receipts of feeds: what proves something stays, the rest is summed up by month."""

from typing import Any
from uuid import UUID

from django.db import connection

from distribution.models import Feed, FeedFetch
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress

KEEP_DAYS = 90  # in which every receipt stays
SENT, UNCHANGED = int(FeedFetch.Status.SENT), int(FeedFetch.Status.UNCHANGED)

# A job is in a feed from an edition to another: the first whole fetch since the one, and the last
# before the other, prove for each program what it was offered; the newest of all stays too.
OLD = """
    WITH spans AS (SELECT job_id, min(since) AS since, max(coalesce(until, 2147483647)) AS until
            FROM distribution_feedentry WHERE feed_id = %(feed)s GROUP BY job_id),
        whole AS (SELECT id, format, who, edition, at FROM distribution_feedfetch
            WHERE feed_id = %(feed)s AND (finished > 0 OR status = %(unchanged)s)),
        readers AS (SELECT DISTINCT format, who FROM whole),
        proof AS (
            SELECT f.id FROM (SELECT DISTINCT since FROM spans) s, readers r, LATERAL (
                SELECT id FROM whole w WHERE (w.format, w.who) = (r.format, r.who)
                AND w.edition >= s.since ORDER BY w.at, w.id LIMIT 1) f
            UNION SELECT l.id FROM (SELECT DISTINCT until FROM spans) u, readers r, LATERAL (
                SELECT id FROM whole w WHERE (w.format, w.who) = (r.format, r.who)
                AND w.edition < u.until ORDER BY w.at DESC, w.id DESC LIMIT 1) l)
    SELECT id FROM distribution_feedfetch WHERE feed_id = %(feed)s
    AND at < now() - make_interval(days => %(days)s) AND id NOT IN (SELECT id FROM proof)
"""
SUMMED = f"""
    WITH old AS ({OLD}), gone AS (
        DELETE FROM distribution_feedfetch WHERE id IN (SELECT id FROM old)
        RETURNING format, who, date_trunc('month', at AT TIME ZONE 'UTC')::date AS month, count,
            finished, status),
    summed AS (INSERT INTO distribution_feedfetchsum AS s
            (feed_id, format, who, month, count, finished, unchanged)
        SELECT %(feed)s, format, who, month, sum(count),
            coalesce(sum(finished) FILTER (WHERE status = %(sent)s), 0),
            coalesce(sum(count) FILTER (WHERE status = %(unchanged)s), 0)
        FROM gone GROUP BY format, who, month
        ON CONFLICT (feed_id, format, who, month) DO UPDATE SET count = s.count + EXCLUDED.count,
            finished = s.finished + EXCLUDED.finished,
            unchanged = s.unchanged + EXCLUDED.unchanged)
    SELECT count(*) FROM gone
"""  # noqa: S608 # our own words


def tidy_receipts(progress: Progress) -> dict[str, Any]:
    """Sum up receipts that are old and prove nothing that others do not; a feed a transaction."""
    done = 0
    for feed in Feed.objects.order_by("pk").values_list("pk", flat=True):
        with progress.transaction():
            done += _tidied(feed)
            crashpoint("dist.receipts_summed")
        progress.tell(done=done)
    return {"receipts_summed_up": done}


def _tidied(feed: UUID) -> int:
    given: dict[str, Any] = {"feed": feed, "days": KEEP_DAYS, "sent": SENT, "unchanged": UNCHANGED}
    with connection.cursor() as cursor:
        cursor.execute(SUMMED, given)
        return int(cursor.fetchone()[0])
