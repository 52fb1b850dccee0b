"""Import a file of postings: collect, process and load, in the foreground."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ingestion.actions.collections import (
    UPLOADS,
    Arrival,
    source_named,
    store_collection,
    store_upload,
)
from ingestion.errors import FileRefused
from ingestion.models import RawCollection, Upload
from ingestion.reports.books import books
from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.runs.actions.execution import foreground
from jobly.runs.actions.progress import Progress
from jobly.users.models import Company
from jobly.users.reports import company_by_slug


class Command(JoblyCommand):
    """Returns when the rows are searchable; see INTERFACE.md §2 for what it prints."""

    help = "Import postings from CSV, TSV, XLSX, JSON, JSONL, RSS/XML or a recorded API answer."

    def arguments(self, parser: ArgumentParser) -> None:
        """Name the file, whose it is and how to read it."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--company", metavar="SLUG", help="a recruiter's file of this company")
        parser.add_argument("--source", metavar="NAME", help="made when new; default: file name")
        parser.add_argument("--employer", default="", help="for items that name no employer")
        parser.add_argument("--mapping", type=Path, help='JSON file {"our field": "their column"}')
        parser.add_argument("--all-or-nothing", action="store_true")

    def run(self, **options: Any) -> dict[str, Any]:
        """Import the file and return its books."""
        began = time.monotonic()
        file: Path = options["file"]
        if not file.is_file():
            raise Rejected(f"There is no file {file}; nothing was imported. Check the path.")
        company = company_by_slug(options["company"]) if options["company"] else None
        mapping = _mapping(options["mapping"])
        taken: dict[str, Any] = {}

        def body(progress: Progress) -> dict[str, Any]:
            progress.tell(step=f"Storing {file.name}")
            taken.update(_take_in(file, company, mapping, options))
            return {"collection": str(taken["collection"].pk)}

        done = foreground(
            "ingestion.import", {"file": file.name}, actor=None, company=company, body=body
        )
        if done.status != "succeeded":
            raise Rejected(done.error or f"The import was {done.status}.")
        collection: RawCollection = taken["collection"]
        collection.refresh_from_db()
        if collection.status == RawCollection.Status.QUARANTINED:
            raise FileRefused(collection.error_code, collection.error)
        return {
            "upload": taken["upload"],
            "collections": 1,
            **books([collection.pk]),
            "seconds": round(time.monotonic() - began, 2),
            "run": done.pk,
        }


def _mapping(file: Path | None) -> dict[str, str] | None:
    """Read the column mapping, or say what is wrong with it."""
    if file is None:
        return None
    try:
        mapping = json.loads(file.read_text())
    except (OSError, ValueError) as wrong:
        raise Rejected(f"The mapping {file} cannot be read: {wrong}; nothing changed.") from wrong
    if not isinstance(mapping, dict) or not all(isinstance(v, str) for v in mapping.values()):
        raise Rejected(f'The mapping {file} must be {{"our field": "their column", …}}.')
    return mapping


def _take_in(
    file: Path, company: Company | None, mapping: dict[str, str] | None, options: dict[str, Any]
) -> dict[str, Any]:
    """Store the file as an upload of the company, or as a collection of a public source."""
    mode = Upload.Mode.ALL_OR_NOTHING if options["all_or_nothing"] else Upload.Mode.SKIP
    request = {"file": file.name, "mode": mode, "mapping": mapping}
    with file.open("rb") as stream:
        arrival = Arrival(stream, file.name, request)
        if company is not None:
            upload = store_upload(company, arrival, actor=None, source=options["source"] or UPLOADS)
            if upload.status == Upload.Status.REFUSED:
                raise FileRefused(upload.error_code, upload.error)
            return {"upload": upload.pk, "collection": upload.collection}
        source = source_named(options["source"] or file.stem, employer=options["employer"])
        collection = store_collection(source, arrival, actor=None)
        return {"upload": None, "collection": collection}
