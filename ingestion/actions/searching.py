"""Fill what the full-text search looks into."""

from django.db import connection

from ingestion.rules.normalise import Posting
from ingestion.rules.texts import fold

# strip() drops positions: ranking is by date, so they would only make the index larger
INDEX = """
INSERT INTO ingestion_jobsearch AS s (job_id, document, newest)
SELECT v.id, strip(to_tsvector('english', v.words)), coalesce(j.posted_at, j.first_seen_at)
FROM unnest(%s::bigint[], %s::text[]) AS v(id, words) JOIN ingestion_job AS j ON j.id = v.id
ON CONFLICT (job_id) DO UPDATE SET document = EXCLUDED.document, newest = EXCLUDED.newest
"""


def index_jobs(rows: list[tuple[int, Posting]]) -> None:
    """Make jobs findable by title, employer, place, skills and description."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(INDEX, [[job_id for job_id, _ in rows], [_words(p) for _, p in rows]])


def _words(posting: Posting) -> str:
    """Return all a person may search by, accents folded."""
    parts = (
        posting.title,
        posting.employer,
        posting.location_text,
        posting.city,
        posting.region,
        " ".join(posting.skills),
        posting.description_text,
    )
    return fold("\n".join(parts))
