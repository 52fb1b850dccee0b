"""Every feed format: its address, its type, and how its parts are written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import boards, readers
from .listed import Frame, Listed
from .markup import is_legal, legal


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is written: a head, an entry a job (with `between` two), a foot."""

    name: str
    file: str
    content_type: str
    head: Callable[[Frame], str]
    entry: Callable[[Listed, Frame], str]
    foot: str
    between: str = ""


XML = "application/xml; charset=utf-8"
ALL = (
    Format("indeed", "indeed.xml", XML, boards.indeed_head, boards.indeed_entry, "\n</source>\n"),
    Format(
        "linkedin",
        "linkedin.xml",
        XML,
        boards.linkedin_head,
        boards.linkedin_entry,
        "\n</source>\n",
    ),
    Format("google", "google.xml", XML, readers.google_head, readers.google_entry, "\n</urlset>\n"),
    Format("jooble", "jooble.xml", XML, boards.jooble_head, boards.jooble_entry, "\n</jobs>\n"),
    Format("generic", "generic.xml", XML, boards.generic_head, boards.generic_entry, "\n</jobs>\n"),
    Format(
        "rss",
        "rss.xml",
        "application/rss+xml; charset=utf-8",
        readers.rss_head,
        readers.rss_entry,
        "\n</channel></rss>\n",
    ),
    Format(
        "atom",
        "atom.xml",
        "application/atom+xml; charset=utf-8",
        readers.atom_head,
        readers.atom_entry,
        "\n</feed>\n",
    ),
    Format(
        "json",
        "jobs.json",
        "application/feed+json; charset=utf-8",
        readers.json_head,
        readers.json_entry,
        "\n]}\n",
        between=",",
    ),
)
FORMATS = {one.name: one for one in ALL}
FILES = {one.file: one for one in ALL}


def opened(kind: Format, frame: Frame) -> bytes:
    """Write what stands before the jobs."""
    return legal(kind.head(frame)).encode()


def written(kind: Format, jobs: Iterable[Listed], frame: Frame) -> bytes:
    """Write some jobs. The texts are looked at all at once; only where XML could not say
    something are they cleaned one by one and written again.
    """
    jobs = list(jobs)
    found = _entries(kind, jobs, frame)
    try:
        piece = found.encode()
        fine = is_legal(piece)
    except UnicodeEncodeError:
        fine, piece = False, b""
    return piece if fine else _entries(kind, map(_legal, jobs), frame).encode()


def _entries(kind: Format, jobs: Iterable[Listed], frame: Frame) -> str:
    entry = kind.entry
    return kind.between.join([entry(job, frame) for job in jobs])


def _legal(job: Listed) -> Listed:
    """Return a job whose texts XML can say."""
    clean = Listed._make(legal(value) if isinstance(value, str) else value for value in job)
    places = [
        {name: legal(text) if isinstance(text, str) else text for name, text in place.items()}
        for place in job.more_places
    ]
    return clean._replace(more_places=places)
