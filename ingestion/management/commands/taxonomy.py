"""Import lists of occupations and skills from files of the operator's, or remove them."""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from django.core.management.base import CommandError
from openpyxl import load_workbook

from ingestion.actions import taxonomies
from ingestion.models import Taxonomy
from ingestion.rules.taxonomies import KINDS, Row
from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.runs.actions.execution import foreground
from jobly.runs.actions.progress import Progress

_LONGEST_CELL = 10_000_000


class Command(JoblyCommand):
    """`taxonomy list | import NAME FILE [--version V] | remove NAME [--dry-run]`."""

    help = "Bring in ESCO, O*NET or GitHub topics from files; none of them is part of Jobly."

    def arguments(self, parser: ArgumentParser) -> None:
        """Choose what to do, with which taxonomy."""
        parser.add_argument("do", choices=["list", "import", "remove"])
        parser.add_argument("name", nargs="?", choices=sorted(KINDS))
        parser.add_argument("file", nargs="?", type=Path, help="CSV, TSV, XLSX, JSON or TXT")
        parser.add_argument("--release", default="", metavar="V", help="the taxonomy's own version")
        parser.add_argument("--dry-run", action="store_true", help="remove: only say what would go")

    def run(self, **options: Any) -> dict[str, Any]:
        """Do it and say how many rows there are now."""
        if options["do"] == "list":
            held = ("name", "holds", "version", "rows", "attribution", "imported_at")
            return {"taxonomies": list(Taxonomy.objects.values(*held))}
        name, file = options["name"], options["file"]
        if name is None or (file is None) != (options["do"] == "remove"):
            raise CommandError("Say `import NAME FILE` or `remove NAME`.", returncode=2)
        if options["do"] == "remove":
            return taxonomies.remove_taxonomy(name, dry_run=options["dry_run"])
        return self._import(name, file, options["release"])

    def _import(self, name: str, file: Path, release: str) -> dict[str, Any]:
        if not file.is_file():
            raise Rejected(f"There is no file {file}; nothing was imported. Check the path.")
        found: dict[str, Any] = {}

        def body(progress: Progress) -> dict[str, Any]:
            rows = _rows(file)
            found.update(taxonomies.import_taxonomy(progress, name, rows, version=release))
            return found

        arguments = {"name": name, "file": file.name}
        done = foreground("ingestion.import_taxonomy", arguments, actor=None, body=body)
        if done.status != "succeeded":
            raise Rejected(done.error or f"The import was {done.status}.")
        return {**found, "run": done.pk}

    def line(self, result: dict[str, Any]) -> str:
        """Show a taxonomy on a line."""
        if "taxonomies" not in result:
            return super().line(result)
        return "\n".join(map(super().line, result["taxonomies"])) or "none"


def _rows(file: Path) -> Iterator[Row]:
    """Yield the rows of a file by lower-case column. Raises: Rejected when it cannot be read."""
    try:
        yield from _READERS.get(file.suffix.lower(), _table)(file)
    except (OSError, ValueError, KeyError, csv.Error, BadZipFile) as wrong:
        raise Rejected(f"{file} cannot be read: {wrong}; nothing was changed.") from wrong


def _table(file: Path) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t" if file.suffix == ".tsv" else ","):
            yield {str(name).lower(): value for name, value in row.items()}


def _sheet(file: Path) -> Iterator[Row]:
    book = load_workbook(file, read_only=True, data_only=True)
    rows = book.worksheets[0].iter_rows(values_only=True)
    names = [str(name).lower() for name in next(rows, ())]
    for row in rows:
        yield dict(zip(names, row, strict=False))


def _list(file: Path) -> Iterator[Row]:
    items = json.loads(file.read_text("utf-8"))
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Rejected(f"{file} is no list of objects; nothing was changed.")
    yield from items


def _names(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8-sig") as lines:
        for line in lines:
            yield {"label": line}


_READERS = {".xlsx": _sheet, ".json": _list, ".txt": _names}
