"""Put new runs into the ledger: one statement, however many they are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson
from django.db import connection
from django.db.models.base import ModelState
from uuid_utils.compat import uuid7

from jobly.runs.models import Run

OWN = ("id", "root_id", "args", "created_at", "available_at")  # the rest is alike for all of them


@cache
def _statement() -> str:
    """Build the statement from the model's columns; psycopg's own INSERT names each value."""
    shared = [field.column for field in _shared_fields()]
    return f"""
        WITH made AS (
            INSERT INTO runs_run (id, root_id, args, created_at, available_at, {", ".join(shared)})
            SELECT new.id, coalesce(%(root)s::uuid, new.id), new.args, statement_timestamp(),
                coalesce(%(at)s::timestamptz, statement_timestamp() + %(delay)s::interval),
                {", ".join(f"%({name})s" for name in shared)}
            FROM jsonb_to_recordset(%(new)s::jsonb) AS new (id uuid, args jsonb)
            ON CONFLICT (kind, company_id, idempotency_key) WHERE idempotency_key IS NOT NULL
            DO NOTHING
            RETURNING created_at, available_at
        ) SELECT created_at, available_at FROM made LIMIT 1
    """  # noqa: S608 # names of columns


def _shared_fields() -> list[Any]:
    fields = Run._meta.concrete_fields  # noqa: SLF001 # Django's documented name
    return [field for field in fields if field.column not in OWN]


def insert(
    template: Run, many_args: Sequence[Any], *, after: timedelta | datetime | None = None
) -> list[Run]:
    """Insert a run like the template for each set of arguments (plain JSON); return them.

    They are due at once, at a time, or a while later by the database's clock. Empty when the
    template's key is taken.
    """
    runs = _twins(template, many_args)
    params = {
        field.column: field.get_db_prep_save(getattr(template, field.attname), connection)
        for field in _shared_fields()
    }
    params |= {
        "root": template.parent_id and template.root_id,
        "at": after if isinstance(after, datetime) else None,
        "delay": after if isinstance(after, timedelta) else timedelta(0),
        "new": orjson.dumps([{"id": run.pk, "args": run.args} for run in runs]).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement(), params)
        made = cursor.fetchone()
    if made is None:
        return []
    for run in runs:
        run.created_at, run.available_at = made
    return runs


def _twins(template: Run, many_args: Sequence[Any]) -> list[Run]:
    """Copy a template as the rows that will be."""
    alias, child = connection.alias, template.parent_id is not None
    runs = []
    for args in many_args:
        run, state, pk = Run.__new__(Run), ModelState(), uuid7()
        state.adding, state.db = False, alias
        run.__dict__ = {  # copy() takes three times as long, and its state is the template's own
            **template.__dict__,
            "_state": state,
            "id": pk,
            "root_id": template.root_id if child else pk,
            "args": args,
        }
        runs.append(run)
    return runs
