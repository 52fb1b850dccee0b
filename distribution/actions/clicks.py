"""Count who follows the links of publications, and forget single clicks in time."""

from typing import Any

from django.db import connection
from uuid_utils.compat import uuid7

from distribution.models import Distribution
from distribution.reports.attribution import visitor_on
from distribution.rules.clicks import KEPT, Reader
from jobly.runs.actions.claims import clock

FORGOTTEN_AT_ONCE = 10_000  # rows a statement deletes

# one statement, so that a click and the sum it stands in never part; a repeat changes nothing
COUNT = """
WITH fresh AS (
    INSERT INTO distribution_click (id, company_id, distribution_id, "on", visitor)
    SELECT %(key)s, %(company)s, %(distribution)s, %(day)s, %(visitor)s
    WHERE NOT %(machine)s
    ON CONFLICT DO NOTHING
    RETURNING 1
)
INSERT INTO distribution_clickday AS sums
    (id, company_id, distribution_id, "on", people, unseen, machines)
SELECT %(day_key)s, %(company)s, %(distribution)s, %(day)s,
       %(person)s::int, %(unseen)s::int, %(machine)s::int
WHERE %(machine)s OR EXISTS (SELECT FROM fresh)
ON CONFLICT (distribution_id, "on") DO UPDATE SET
    people = sums.people + excluded.people,
    unseen = sums.unseen + excluded.unseen,
    machines = sums.machines + excluded.machines
RETURNING 1
"""
FORGET = """
DELETE FROM distribution_click WHERE id IN (
    SELECT id FROM distribution_click WHERE "on" < %s LIMIT %s
)
"""


def count_click(distribution: Distribution, reader: Reader, *, address: str, agent: str) -> bool:
    """Count somebody who follows a link: once a visitor and day (UTC); True when it counted.

    Two at the same moment count once. Machines are noted in the day's sum only, and so that is
    all: no fact is told, because clicks come by the million and nobody acts on a single one.
    """
    today = clock().date()
    visitor = visitor_on(today, address=address, agent=agent) if reader == "person" else None
    told: dict[str, Any] = {
        "key": uuid7(),
        "day_key": uuid7(),
        "company": distribution.company_id,
        "distribution": distribution.pk,
        "day": today,
        "visitor": visitor,
        "person": reader == "person",
        "unseen": reader == "unseen",
        "machine": reader == "machine",
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT, told)
        return cursor.fetchone() is not None


def forget_clicks() -> dict[str, int]:
    """Delete single clicks after their time, in batches; their sums a day stay. Idempotent."""
    before = clock().date() - KEPT
    gone = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(FORGET, [before, FORGOTTEN_AT_ONCE])
            gone += cursor.rowcount
            if cursor.rowcount < FORGOTTEN_AT_ONCE:
                return {"forgotten": gone}
