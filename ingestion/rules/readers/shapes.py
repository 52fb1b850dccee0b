"""What a file is, told by its first bytes and never by its name alone."""

import csv
import re
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import orjson

from ingestion.errors import FileRefused
from ingestion.rules.readers.limits import HEAD_BYTES, LIMITS
from ingestion.rules.readers.texts import encoding_of

Kind = Literal["csv", "xlsx", "json", "jsonl", "xml", "html"]

CONTENT_TYPES: dict[Kind, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "xml": "application/xml",
    "html": "text/html",
}
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a media file"),
    (b"\xd0\xcf\x11\xe0", "an old Office file (.xls or .doc)"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"#!", "a script"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"Obj\x01", "an Avro file"),
    (b"{\\rtf", "an RTF document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
)
GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
HTML = re.compile(
    r"<!doctype\s+html|<(?:html|head|body)[\s>]|<(?:div|section|span|table|script|style|meta|p)[\s>]",
    re.IGNORECASE,
)
PAGE = re.compile(r"<!doctype\s+html|<(?:html|head)[\s>]", re.IGNORECASE)
POSTING_DATA = re.compile(r"<script[^>]{0,300}application/ld\+json", re.IGNORECASE)
FEED = re.compile(r"<(?:rss|feed|rdf:RDF|source|jobs|workzag-jobs)[\s>]")
COMMENTS = re.compile(r"(?:<!--.*?-->\s*)+", re.DOTALL)  # before the first element
XML_START = re.compile(r"<(\?xml|!--|!DOCTYPE|[A-Za-z_][\w.:-]*[\s/>])", re.IGNORECASE)
JSON_START = re.compile(r'\{\s*(["}]|$)|\[\s*([\[{"\]\-\d]|true|false|null|$)')
DELIMITERS = (",", ";", "\t", "|")
SNIFFED_CHARS = 128 * 1024
SNIFFED_ROWS = 100
OFFERED = "Upload CSV, TSV, XLSX, JSON, JSON Lines or RSS/XML."


@dataclass(frozen=True, slots=True)
class Shape:
    """Say how to read a file: container, encoding and, for a table, its dialect."""

    kind: Kind
    encoding: str = "utf-8"
    delimiter: str = ","
    escape: str = ""
    gzipped: bool = False

    @property
    def content_type(self) -> str:
        """Name the media type to store the file under."""
        return "application/gzip" if self.gzipped else CONTENT_TYPES[self.kind]


def recognise(head: bytes, *, size: int, file_name: str = "", page: bool = False) -> Shape:
    """Tell the shape of a file by its first HEAD_BYTES bytes (or the whole file, if shorter).

    A web page is taken when it carries JobPosting data, or when a `page` was asked for.

    Raises: FileRefused for what cannot hold postings: other types, NUL bytes, no bytes, too many.
    """
    if size == 0 or (size <= len(head) and not head.strip()):
        raise FileRefused("empty_file", f"The file is empty. Nothing was changed. {OFFERED}")
    if size > LIMITS.file_bytes:
        most = LIMITS.file_bytes >> 20
        raise FileRefused(
            "file_too_large",
            f"The file is larger than {most} MB. Nothing was "
            "changed. Split it and upload the parts.",
        )
    if head.startswith(GZIP):
        inside = _gunzipped(head)
        if inside.startswith(GZIP):
            raise _wrong_type("an archive inside an archive")
        shape = _plain(inside, file_name.removesuffix(".gz"), page=page)
        if shape.kind == "xlsx":
            raise _wrong_type("an archive inside an archive")
        return replace(shape, gzipped=True)
    return _plain(head, file_name, page=page)


def _gunzipped(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error as exc:
        raise _wrong_type("a damaged gzip archive") from exc


def _plain(head: bytes, file_name: str, *, page: bool) -> Shape:
    if head.startswith(ZIP):
        return _zip(head)
    known = next((name for magic, name in MAGIC if head.startswith(magic)), "")
    if known or head[4:8] == b"ftyp":
        raise _wrong_type(known or "a media file")
    encoding = encoding_of(head)
    text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if not text:
        raise FileRefused("empty_file", f"The file begins with nothing but blanks. {OFFERED}")
    if XML_START.match(text):
        return _markup(text, encoding, page=page)
    if JSON_START.match(text):
        return Shape("jsonl" if _is_lines(text) else "json", encoding)
    return _table(text, encoding, file_name)


def _wrong_type(what: str) -> FileRefused:
    return FileRefused(
        "wrong_type", f"This is {what}, not a list of jobs. Nothing was changed. {OFFERED}"
    )


def _zip(head: bytes) -> Shape:
    names = re.findall(rb"PK\x03\x04.{22}(..)(?:..)([ -~]{1,200})", head, re.DOTALL)
    found = {name[: int.from_bytes(length, "little")] for length, name in names}
    if any(name.startswith((b"word/", b"ppt/")) for name in found):
        raise _wrong_type("a text document or presentation")
    if any(
        name.startswith((b"xl/", b"[Content_Types]", b"_rels/", b"docProps/")) for name in found
    ):
        return Shape("xlsx")
    raise _wrong_type("a ZIP archive")


def _markup(text: str, encoding: str, *, page: bool) -> Shape:
    start = COMMENTS.sub("", text[:4096], count=1) if text.startswith("<!--") else text[:4096]
    if page or HTML.match(start) or (PAGE.search(start) and not FEED.search(start)):
        if page or ("JobPosting" in text and POSTING_DATA.search(text)):
            return Shape("html", encoding)
        raise FileRefused(
            "html_page",
            "This is a web page without JobPosting data, not a feed or an export. Nothing was "
            "changed. Look for the site's RSS, XML or CSV export.",
        )
    if re.search(r"<svg[\s>]", start):
        raise _wrong_type("an SVG picture")
    return Shape("xml", encoding)


def _is_lines(text: str) -> bool:
    lines = [line for line in islice(text.splitlines(), 20) if line.strip()][:2]
    if len(lines) < 2 or not lines[1].lstrip().startswith(("{", "[")):  # noqa: PLR2004
        return False
    try:
        orjson.loads(lines[0])
    except orjson.JSONDecodeError:
        return False
    return True


def _table(text: str, encoding: str, file_name: str) -> Shape:
    announced = re.match(r"sep=(.)\r?\n", text)  # Excel writes and obeys this first line
    if announced and announced[1] in DELIMITERS:
        return _checked(text, Shape("csv", encoding, announced[1]))
    sample = text[:SNIFFED_CHARS]
    options = [(d, e) for e in ("", "\\") for d in DELIMITERS if d in sample]
    if "\\" not in sample:
        options = [o for o in options if not o[1]]
    if not options:
        return _checked(text, Shape("csv", encoding))
    if file_name.lower().endswith((".tsv", ".tab")) and "\t" in sample:
        options = [o for o in options if o[0] == "\t"]
    best = max(options, key=lambda o: _regularity(sample, *o))
    return _checked(text, Shape("csv", encoding, *best))


def _regularity(sample: str, delimiter: str, escape: str) -> tuple[float, float]:
    """Score a dialect: the share of records as wide as most, then how wide that is."""
    lines = sample.splitlines(keepends=True)
    if len(sample) == SNIFFED_CHARS:
        lines = lines[:-1] or lines
    reader = csv.reader(lines, delimiter=delimiter, escapechar=escape or None, strict=True)
    widths: Counter[int] = Counter()
    try:
        for cells in islice(reader, SNIFFED_ROWS):
            widths[len(cells)] += bool(cells)
    except csv.Error:
        widths[0] += 1
    width, often = widths.most_common(1)[0] if widths else (0, 0)
    if width < 2 or width > LIMITS.columns:  # noqa: PLR2004
        return (0.0, float(width))
    return (round(often / widths.total(), 1), width - 0.5 * bool(escape))


def _checked(text: str, shape: Shape) -> Shape:
    header = text.split("\n", 1)[0]
    if header.count(shape.delimiter) > LIMITS.columns and '"' not in header:
        raise too_many_columns()
    return shape


def too_many_columns() -> FileRefused:
    """Make the refusal of a table that is too wide."""
    return FileRefused(
        "too_many_columns",
        f"The table has more than {LIMITS.columns} columns. "
        "Nothing was changed. Keep the columns that describe the jobs.",
    )
