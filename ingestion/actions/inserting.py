"""Make jobs of stored items: PostgreSQL carries them over, no text of theirs comes here."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import orjson
from django.db import connection

from ingestion.models import Source
from ingestion.rules.employers import employer_key
from ingestion.rules.gazetteer import Place
from ingestion.rules.geo import cells_of
from ingestion.rules.literals import array_of

from .employers import Hiring, employers_for

# what is needed of an item before it can become a job; what older versions left out is empty
NEEDED: Final = """
SELECT item.id, d.lat, d.lon, d.more_places,
    d.employer, coalesce(d.employer_url, ''), coalesce(d.employer_domain, ''),
    coalesce(d.employer_size, ''), coalesce(d.employer_logo, ''), coalesce(d.is_agency, false)
FROM ingestion_processedjob AS item
CROSS JOIN LATERAL jsonb_to_record(item.data) AS d(
    employer text, employer_url text, employer_domain text, employer_size text,
    employer_logo text, is_agency boolean, lat float8, lon float8, more_places jsonb)
WHERE item.id = ANY(%s) ORDER BY item.id
"""
IDS: Final = """
SELECT nextval(pg_get_serial_sequence('ingestion_job', 'id')) FROM generate_series(1, %s)
"""
# columns that are the item's field of the same name, by how PostgreSQL reads it out of JSON
SAME: Final = {
    **dict.fromkeys(
        (
            "title", "description_html", "description_text", "location_text", "city", "region",
            "country", "remote", "reach", "employment_type", "seniority", "department",
            "occupation", "education", "apply_url", "url", "language",
        ),
        "text",
    ),
    **dict.fromkeys(("lat", "lon"), "float8"),
    **dict.fromkeys(("posted_at", "expires_at"), "timestamptz"),
    **dict.fromkeys(("skills", "benefits"), "text[]"),
    **dict.fromkeys(("skill_facts", "more_places"), "jsonb"),
    "employer_flagged": "boolean",
    "experience_months": "integer",
}  # fmt: skip
UNSAID: Final = {"text": "''", "text[]": "'{}'", "jsonb": "'[]'", "boolean": "false"}
# columns of a salary, by the field of the item's that they are
PAID: Final = {
    "salary_min": ("min_minor", "bigint"),
    "salary_max": ("max_minor", "bigint"),
    "salary_annual_min": ("annual_min_minor", "bigint"),
    "salary_annual_max": ("annual_max_minor", "bigint"),
    "salary_confidence": ("confidence", "float8"),
    "salary_currency": ("currency", "text"),
    "salary_period": ("period", "text"),
    "salary_source": ("source", "text"),
    "salary_text": ("text", "text"),
}


def _value(field: str, kind: str) -> str:
    return f"coalesce({field}, {UNSAID[kind]})" if kind in UNSAID else field


INSERT: Final = f"""
INSERT INTO ingestion_job (
    id, company_id, source_id, reference, status, on_board, is_demo, first_seen_at, last_seen_at,
    employer_id, cells, url_key, content_key, content_hash, {", ".join((*SAME, *PAID))})
SELECT v.job_id, %(company)s, %(source)s, coalesce(d.external_id, ''), 'live', false, %(is_demo)s,
    %(seen)s, %(seen)s, v.employer_id, v.cells::integer[],
    item.url_key, item.content_key, item.content_hash,
    {", ".join(_value(f"d.{name}", kind) for name, kind in SAME.items())},
    {", ".join(_value(f"pay.{field}", kind) for field, kind in PAID.values())}
FROM unnest(%(items)s::bigint[], %(jobs)s::bigint[], %(employers)s::bigint[], %(cells)s::text[])
    AS v(item_id, job_id, employer_id, cells)
JOIN ingestion_processedjob AS item ON item.id = v.item_id
CROSS JOIN LATERAL jsonb_to_record(item.data) AS d(
    external_id text, salary jsonb, {", ".join(f"{name} {kind}" for name, kind in SAME.items())})
CROSS JOIN LATERAL jsonb_to_record(coalesce(nullif(d.salary, 'null'), '{{}}')) AS pay(
    {", ".join(f"{field} {kind}" for field, kind in PAID.values())})
RETURNING id, coalesce(nullif(url, ''), apply_url)
"""  # noqa: S608 # our own names


class Inserted(NamedTuple):
    """The new job of an item, and the address it was seen at."""

    job_id: int
    url: str


def insert_jobs(source: Source, items: Iterable[int], *, seen: datetime) -> Mapping[int, Inserted]:
    """Make a job of each stored item of a source, live and seen there then; by the item's id.

    The columns are those that `values_of` gives for the item's posting. Cost: about 70 µs an item
    of 3 KB on one core, nearly all of it PostgreSQL's own for the row and its indexes.
    """
    wanted = list(items)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(NEEDED, [array_of(wanted)])
        items, hiring, cells = [], [], []
        for pk, lat, lon, more_places, *employer in cursor.fetchall():
            others = orjson.loads(more_places or "[]")
            places = (Place(lat=lat, lon=lon), *(Place(**place) for place in others))
            items.append(pk)
            hiring.append(Hiring(*employer))
            cells.append(array_of(cells_of(places)))
        employers = employers_for(hiring)
        cursor.execute(IDS, [len(items)])
        jobs = [job_id for (job_id,) in cursor.fetchall()]
        columns = {
            "items": array_of(items),
            "jobs": array_of(jobs),
            "employers": array_of([employers[employer_key(one.employer)] for one in hiring]),
            "cells": array_of(cells),
        }
        item_of = dict(zip(jobs, items, strict=True))
        told = {"company": source.company_id, "source": source.pk, "is_demo": source.is_demo}
        cursor.execute(INSERT, columns | told | {"seen": seen})
        return {item_of[job_id]: Inserted(job_id, url) for job_id, url in cursor.fetchall()}
