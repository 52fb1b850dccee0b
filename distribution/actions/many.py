"""Many rows updated by one statement, each with values of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.db import connection, models

from distribution.errors import DistributionMoved
from distribution.models import Distribution
from distribution.rules import states

Move = tuple[Distribution, Distribution.Status, Mapping[str, Any]]


def move_many(moves: Sequence[Move]) -> None:
    """Move distributions whose rows the caller has locked, each with its fields.

    Fields are plain values, with those that tell who asked (`moved_by`). As with `move` each goes
    by compare-and-set. Raises: DistributionMoved when one of them cannot; the caller rolls back.
    """
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row, to, fields in moves:
        start = row.Status(row.status)
        if to not in states.MOVES[start]:
            raise DistributionMoved(f"A {start} distribution cannot become {to}.")
        values = {"id": row.pk, "was": start, "status": to, **fields}
        groups.setdefault(tuple(values), []).append(values)
    for rows in groups.values():
        was = {"was": "text"}
        written = update_many(Distribution, rows, where="t.status = v.was", beside=was)
        if written != len(rows):
            raise DistributionMoved(f"{len(rows) - written} distributions moved meanwhile.")
    for row, to, fields in moves:
        row.take_over({"status": to, **fields})


def update_many(
    model: type[models.Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    where: str,
    beside: Mapping[str, str] | None = None,
) -> int:
    """Update rows of a model, each given by its id and the same columns; return how many.

    `where` is a condition on `t`, the table, and `v`, what was given; `beside` names what is given
    for it only, with its type.
    """
    if not rows:
        return 0
    beside = beside or {}
    meta = model._meta  # noqa: SLF001 # Django's documented interface
    types = {name: beside.get(name) or meta.get_field(name).db_type(connection) for name in rows[0]}
    shape = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    changed = [name for name in types if name != "id" and name not in beside]
    sets = ", ".join(f'"{name}" = v."{name}"' for name in changed)
    sql = (
        f'UPDATE "{meta.db_table}" t SET {sets} FROM jsonb_to_recordset(%s::jsonb) AS v ({shape})'  # noqa: S608 # names of our models
        f" WHERE t.id = v.id AND {where}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [orjson.dumps(rows).decode()])
        return int(cursor.rowcount)
