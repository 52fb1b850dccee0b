"""Write many rows by COPY, which is several times faster than INSERT for wide rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model


def copy_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add rows to a model's table; a column that is not named takes the database's own value.

    Lists and JSON are to be given as the texts PostgreSQL reads them in. Raises Django's errors.
    """
    table = model._meta.db_table  # noqa: SLF001 # Django's documented name
    names = ", ".join(f'"{name}"' for name in columns)
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,  # Django knows no copy: a lost line is to be its error
        cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
