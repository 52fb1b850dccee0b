"""What the pages of a recruiter's file show: its columns, the verdict on each row, look-alikes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, QuerySet

from ingestion.models import ColumnMapping, Job, ProcessedJob, Processing, RowMatch, Upload
from ingestion.rules.mapping import TABLES, fitting, signature
from ingestion.rules.normalise import Posting
from ingestion.rules.readers import Shape, describe
from ingestion.rules.readers.values import text

from .postings import CELL_OF, CELLS, posting_of, understood

PAGE = 50  # rows shown at once
PAIRS = 20  # look-alikes shown at once
SAMPLES = 3  # of a column
LONGEST = 160  # characters of a cell
GREEN, AMBER, RED = "green", "amber", "red"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: its name, values from the first rows, the field it was taken for."""

    name: str
    samples: tuple[str, ...]
    field: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file and where their meaning comes from: "remembered", "chosen", "guessed".

    `is_table` says that one header counts for all rows; otherwise `fields` may be left to
    recognition.
    """

    columns: tuple[Column, ...]
    fields: dict[str, str]
    origin: str
    is_table: bool
    remembered: ColumnMapping | None = None


def columns_of(upload: Upload) -> Columns:
    """Read the beginning of a file and say what its columns are taken for.

    Raises: FileRefused, ArtifactGone.
    """
    collection = upload.collection
    shape = Shape(**collection.shape)
    with collection.artifact.open() as stream:
        found = describe(stream, shape)
    fields, origin = found.mapping, "guessed"
    known = ColumnMapping.objects.filter(
        company=upload.company_id, signature=signature(found.columns)
    ).select_related("chosen_by")
    remembered = known.first()
    if remembered:
        fields, origin = fitting(remembered.mapping, found.columns), "remembered"
    if upload.mapping:
        fields, origin = fitting(upload.mapping, found.columns), "chosen"
    held = {column: name for name, column in fields.items()}
    columns = tuple(
        Column(name, _samples(found.samples, name), held.get(name, "")) for name in found.columns
    )
    return Columns(columns, fields, origin, shape.kind in TABLES, remembered)


def _samples(rows: Iterable[Mapping[str, str]], name: str) -> tuple[str, ...]:
    """Return the first different values of a column, cut to a line."""
    values = dict.fromkeys(value for row in rows if (value := row.get(name, "").strip()))
    return tuple(_short(value) for value in list(values)[:SAMPLES])


def _short(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the preview: what was understood, and what is wrong with it."""

    name: str
    text: str
    warnings: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """One row of a file with its verdict: green is good, amber has warnings, red is left out."""

    row: int
    verdict: str
    cells: tuple[Cell, ...]
    error: str = ""
    match: RowMatch | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of rows; `last` is the number to go on behind, 0 at the end."""

    rows: tuple[Any, ...]
    last: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def checked_pass(upload: Upload) -> Processing | None:
    """Return the newest reading of a file."""
    return upload.collection.processings.order_by("-started_at").first()


def judged_rows(upload: Upload, processing: Processing, show: str, after: int) -> Shown:
    """Return the rows behind a number, all or those of one verdict, with what they are like."""
    items = _with_verdict(processing.items.filter(row__gt=after), show).order_by("row")
    found = list(items[: PAGE + 1])
    matches = {
        m.row: m for m in RowMatch.objects.filter(upload=upload, row__in=[i.row for i in found])
    }
    rows = tuple(_judged(item, upload.mapping, matches.get(item.row)) for item in found[:PAGE])
    return Shown(rows, rows[-1].row if len(found) > PAGE else 0)


def _with_verdict(items: QuerySet[ProcessedJob], show: str) -> QuerySet[ProcessedJob]:
    failed = ProcessedJob.Status.FAILED
    if show == RED:
        return items.filter(status=failed)
    if show == AMBER:
        return items.exclude(status=failed).exclude(warnings=[])
    return items.exclude(status=failed).filter(warnings=[]) if show == GREEN else items


def verdict_counts(processing: Processing | None) -> dict[str, int]:
    """Count the rows of each verdict from the books, without looking at the rows."""
    if processing is None:
        return {"all": 0, GREEN: 0, AMBER: 0, RED: 0}
    amber, red = processing.warnings, processing.failed
    return {"all": processing.raw, GREEN: processing.processed - amber, AMBER: amber, RED: red}


def _judged(item: ProcessedJob, mapping: Mapping[str, str], match: RowMatch | None) -> Judged:
    if item.status == ProcessedJob.Status.FAILED:
        return _red(item, mapping)
    posting = Posting.from_dict(item.data or {})
    warned: dict[str, list[str]] = {}
    for issue in item.warnings:
        warned.setdefault(CELL_OF.get(issue["field"], "Text"), []).append(issue["message"])
    told = understood(posting)
    cells = tuple(Cell(n, _short(told[n]), tuple(warned.get(n, ()))) for n in CELLS)
    return Judged(item.row, AMBER if item.warnings else GREEN, cells, match=match)


def _red(item: ProcessedJob, mapping: Mapping[str, str]) -> Judged:
    """Show a failed row as it was sent, the reason in the cell it is about."""
    raw = item.raw or {}
    about = CELL_OF.get(item.error_field, "")
    cells = []
    for name, fields in CELLS.items():
        sent = (text(raw.get(mapping.get(one, ""))) for one in fields if mapping.get(one))
        words = " · ".join(value for value in sent if value)
        cells.append(Cell(name, _short(words), error=item.error if name == about else ""))
    if not mapping:
        cells[-1] = Cell("Text", _short(" · ".join(filter(None, map(text, raw.values())))))
    return Judged(item.row, RED, tuple(cells), "" if about else item.error)


def match_counts(upload: Upload) -> dict[str, int]:
    """Count the rows of a file that are like something, by kind, and those that are decided."""
    rows = RowMatch.objects.filter(upload=upload).order_by().values("kind")
    found = dict(rows.annotate(n=Count("pk")).values_list("kind", "n"))
    return {kind: found.get(kind, 0) for kind in RowMatch.Kind.values}


@dataclass(frozen=True, slots=True)
class Pair:
    """A row beside what it is like: values by column, those that differ marked."""

    match: RowMatch
    left: dict[str, str]
    right: dict[str, str]
    job: Job | None
    differing: tuple[str, ...]
    edited_by_hand: bool = False

    @property
    def lines(self) -> list[tuple[str, str, str, bool]]:
        """Return (column, the row's value, the other's, whether they differ)."""
        return [(n, self.left[n], self.right.get(n, ""), n in self.differing) for n in CELLS]


def pairs(upload: Upload, processing: Processing, kind: str, after: int) -> Shown:
    """Return look-alikes of one kind behind a row, each beside the job or row it is like."""
    rows = RowMatch.objects.filter(upload=upload, kind=kind, row__gt=after).order_by("row")
    found = list(rows[: PAIRS + 1])
    shown = found[:PAIRS]
    numbers = [m.row for m in shown] + [m.first_row for m in shown if m.first_row]
    items = {i.row: i for i in processing.items.filter(row__in=numbers).exclude(data=None)}
    jobs = Job.objects.filter(pk__in=[m.job_id for m in shown if m.job_id], company=upload.company)
    by_id = {job.pk: job for job in jobs.select_related("employer", "desk")}
    made = tuple(_pair(m, items, by_id) for m in shown if m.row in items)
    return Shown(made, shown[-1].row if len(found) > PAIRS else 0)


def _pair(match: RowMatch, items: Mapping[int, ProcessedJob], jobs: Mapping[int, Job]) -> Pair:
    left = understood(Posting.from_dict(items[match.row].data or {}))
    job = jobs.get(match.job_id or 0)
    other = items.get(match.first_row or 0)
    right: dict[str, str] = {}
    if job is not None:
        right = understood(posting_of(job))
    elif other is not None:
        right = understood(Posting.from_dict(other.data or {}))
    differing = tuple(n for n in CELLS if right and left[n] != right[n])
    desk = getattr(job, "desk", None)
    short = {n: _short(v) for n, v in left.items()}, {n: _short(v) for n, v in right.items()}
    return Pair(match, *short, job, differing, bool(desk and desk.edited_at))


def waiting_uploads(uploads: QuerySet[Upload]) -> QuerySet[Upload]:
    """Keep files that wait for a person: columns to choose, or rows to decide about."""
    statuses: Sequence[str] = (Upload.Status.DRAFT, Upload.Status.CHECKED)
    return uploads.filter(status__in=statuses)
