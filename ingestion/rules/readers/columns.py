"""Which column holds which of our fields: told by its header, checked against its values."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from ingestion.errors import FileRefused
from ingestion.rules.cells import REJECT_COLUMNS
from ingestion.rules.readers.spellings import SECTIONS, SPELLINGS, TELLTALES

FIELDS = frozenset(SPELLINGS)
# Words in front of a name that say nothing: "posting date", "attributes.title", "_source.city".
FILLERS = frozenset(
    {
        "job",
        "jobs",
        "position",
        "posting",
        "vacancy",
        "listing",
        "offer",
        "field",
        "fields",
        "attributes",
        "data",
        "node",
        "source",
        "document",
        "details",
        "record",
        "properties",
    }
)
KINDS_OF_ITEM = frozenset({"job", "jobs", "posting", "JobPosting", "vacancy", "position"})
STATES_OF_JOBS = frozenset(
    {"published", "open", "active", "closed", "draft", "live", "public", "enabled"}
)
INDEX_NAMES = frozenset(
    {"", "unnamed0", "index", "row", "rownumber", "no", "sno", "srno", "nr", "rowid"}
)
BARE_IDS = frozenset({"id", "identifier", "reference", "ref", "uniqueid", "number"})
# Fields that tell of a job, not only of something that has a name.
JOBBISH = frozenset(
    {
        "employer",
        "location",
        "city",
        "description",
        "url",
        "apply_url",
        "salary",
        "salary_min",
        "employment_type",
        "posted_at",
        "expires_at",
        "remote",
    }
)
WEAK_TITLES = frozenset({"name", "headline", "job", "role"})  # people, places and links have names
STRONG_TITLES = frozenset(
    {"jobtitle", "positiontitle", "postingtitle", "vacancytitle", "businesstitle"}
)
PROSE = 160  # characters a cell of prose has on average
SHORT = 60
SEEN = 50  # values looked at
MOST, NEARLY_ALL = 0.5, 0.9  # shares of the values that must look right
TELLING = 5  # fewer values prove nothing
REPEATED = 0.3  # a reference may repeat (internal and external twins), a label repeats more
LISTED = 12  # columns named in a message
URL = re.compile(r"(?:https?://|www\.|mailto:)\S+$", re.IGNORECASE)
BARE_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,12}(?:/\S*)?$", re.IGNORECASE)
DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d\d)\b"
    r"|\d{1,2}\.? [A-Za-z]{3,9}\.?,? \d{4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}"
)
WHEN = re.compile(r"\d|ago|today|yesterday|just|now", re.IGNORECASE)
LETTERS = re.compile(r"[^\W\d_]{2}")
NOT_POSTED = re.compile(
    r"clos|expir|dead|end|updat|modif|scrap|crawl|birth|start|until|process|seen|hired|founded|extract"
)

Mapped = dict[str, int]


@cache
def squashed(header: str) -> str:
    """Reduce a header to its letters and digits: every spelling of it becomes one."""
    return re.sub(r"[\W_]+", "", header.lower())


def words(header: str) -> list[str]:
    """Split a header into lower-case words, at blanks, punctuation and camelCase."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header)
    return [word for word in re.split(r"[\W_]+", apart.lower()) if word]


@cache
def _index() -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for field, spellings in SPELLINGS.items():
        for rank, spelling in enumerate(spellings):
            found.setdefault(squashed(spelling), []).append((field, rank))
    return found


@cache
def _sections() -> frozenset[str]:
    return frozenset(squashed(spelling) for spelling in SECTIONS)


def guess(header: Sequence[str], rows: Sequence[Sequence[str]], *, counted: bool = True) -> Mapped:
    """Map our fields to column numbers, by header first, by content where that fails.

    `counted` says that a column "id" may just count the rows, as exports of tables have it.
    """
    columns = [_column(rows, number) for number in range(len(header))]
    offers: list[tuple[int, int, str]] = []
    ours = len(REJECT_COLUMNS) if is_rejects(header) else 0
    for number, name in enumerate(header[ours:], start=ours):
        for field, rank in _meanings(name):
            is_id = field == "external_id" and not counted
            if is_id or _fits(field, name, columns[number]):
                # An empty column proves nothing: any filled one is better.
                offers.append((rank if any(columns[number]) else rank + 1000, number, field))
    chosen: Mapped = {}
    for _, number, field in sorted(offers):
        if field not in chosen and number not in chosen.values():
            chosen[field] = number
    _guess_by_content(header, columns, chosen)
    return chosen


def is_rejects(header: Sequence[str]) -> bool:
    """Say whether these are the columns of a rejects file of ours, mended and sent again."""
    return tuple(header[: len(REJECT_COLUMNS)]) == REJECT_COLUMNS


def tell_of_jobs(header: Sequence[str], mapped: Mapped) -> bool:
    """Say whether columns describe jobs: a title, and enough beside it that only jobs have."""
    if "title" not in mapped:
        return False
    name = squashed(header[mapped["title"]])
    needed = 2 if name in WEAK_TITLES else 0 if name in STRONG_TITLES else 1
    return len(mapped.keys() & JOBBISH) >= needed


def sections(header: Sequence[str], mapped: Mapped) -> tuple[int, ...]:
    """Find the columns of prose that belong to the description besides the one mapped to it."""
    taken = set(mapped.values())
    return tuple(
        number
        for number, name in enumerate(header)
        if number not in taken and squashed(name) in _sections()
    )


def explicit(mapping: Mapping[str, str], header: Sequence[str]) -> Mapped:
    """Map our fields to the columns a person named for them.

    Raises: FileRefused when a field is none of ours or a column is not in the file.
    """
    named = {squashed(name): number for number, name in reversed(list(enumerate(header)))}
    chosen: Mapped = {}
    for field, column in mapping.items():
        if field not in FIELDS:
            raise FileRefused(
                "unknown_field",
                f"“{field}” is no field of a job. Known are: {', '.join(sorted(FIELDS))}.",
            )
        if not column:
            continue
        number = header.index(column) if column in header else named.get(squashed(column), -1)
        if number < 0:
            raise FileRefused(
                "unknown_column",
                f"The mapping names the column “{column}”, but the "
                f"file has {_listed(header)}. Correct the mapping and try again.",
            )
        chosen[field] = number
    return chosen


def no_title(header: Sequence[str]) -> FileRefused:
    """Make the refusal of a file in which no column is the job title."""
    return FileRefused(
        "no_title_column",
        f"No column holds the job title; the file has "
        f"{_listed(header)}. Nothing was changed. Name one column “Job Title” or "
        "map it by hand.",
        columns=list(header)[:50],
    )


def _listed(header: Sequence[str]) -> str:
    names = [f"“{name[:40]}”" for name in header if name.strip()]
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return "the columns " + ", ".join(names[:LISTED]) + more if names else "no named columns"


def _column(rows: Sequence[Sequence[str]], number: int) -> list[str]:
    found = (row[number].strip() for row in rows if number < len(row))
    return [value for value in found if value][:SEEN]


@cache
def _meanings(name: str) -> list[tuple[str, int]]:
    if name.startswith("@"):
        return []  # JSON-LD's own words
    squashed_name = squashed(name)
    if squashed_name in _index():
        return _index()[squashed_name]
    parts = words(name)
    while len(parts) > 1 and parts[0] in FILLERS:
        parts = parts[1:]
        rest = _index().get("".join(parts), [])
        if rest:
            return [(f, rank + 100) for f, rank in rest if f != "title" or parts == ["title"]]
    if squashed_name in _sections():
        return []
    present = set(words(name))
    return [
        (field, 200 + number)
        for number, (field, wanted, unwanted) in enumerate(TELLTALES)
        if present & wanted and not present & unwanted
    ]


def _share(values: Sequence[str], test: Callable[[str], object]) -> float:
    return sum(bool(test(value)) for value in values) / len(values) if values else 1.0


def _mean_length(values: Sequence[str]) -> float:
    return sum(map(len, values)) / len(values) if values else 0.0


def is_link(value: str) -> bool:
    """Say whether a value is a web address or an e-mail link."""
    return bool(URL.match(value) or BARE_HOST.match(value))


def _is_reference(name: str, values: Sequence[str]) -> bool:
    if squashed(name) in INDEX_NAMES or re.fullmatch(r"unnamed\d+", squashed(name)):
        return False
    counted = [str(start) for start in (0, 1)]
    runs = values[:1] and values[0] in counted
    if squashed(name) in BARE_IDS and runs and len(values) > 1:
        first = int(values[0])
        if list(values) == [str(first + step) for step in range(len(values))]:
            return False  # it counts the rows: it names none of them
    return len(values) < TELLING or len(set(values)) > REPEATED * len(values)


def _fits(field: str, name: str, values: Sequence[str]) -> bool:
    if field == "external_id":
        return _is_reference(name, values) and _mean_length(values) < PROSE
    test = FITTING.get(field)
    return test is None or not values or test(values)


def _links(values: Sequence[str]) -> bool:
    return _share(values, is_link) >= MOST


def _dates(values: Sequence[str]) -> bool:
    return _share(values, lambda v: len(v) < SHORT and WHEN.search(v)) >= MOST


def _names(values: Sequence[str]) -> bool:
    return _share(values, LETTERS.search) >= MOST and _mean_length(values) < PROSE


def _amounts(values: Sequence[str]) -> bool:
    return _share(values, lambda v: re.search(r"\d", v)) >= MOST and _mean_length(values) < SHORT


def _labels(values: Sequence[str]) -> bool:
    return _mean_length(values) < SHORT


def _titles(values: Sequence[str]) -> bool:
    return _names(values) and _share(values, is_link) < MOST


FITTING: dict[str, Callable[[Sequence[str]], bool]] = {
    "title": _titles,
    "employer": _titles,
    "employer_url": _links,
    "location": _names,
    "city": _names,
    "region": lambda values: _share(values, lambda v: v.lower() in STATES_OF_JOBS) < MOST,
    "country": _names,
    "remote": _labels,
    "employment_type": lambda values: _labels(values) and not set(values) <= KINDS_OF_ITEM,
    "seniority": lambda values: _labels(values) and _share(values, LETTERS.search) >= MOST,
    "salary": lambda values: _mean_length(values) < PROSE,
    "salary_min": _amounts,
    "salary_max": _amounts,
    "salary_currency": _labels,
    "salary_period": _labels,
    "apply_url": _links,
    "url": _links,
    "posted_at": _dates,
    "expires_at": _dates,
    "skills": lambda values: _mean_length(values) < 2 * PROSE,
    "category": lambda values: _mean_length(values) < PROSE,
    "language": _labels,
}


def _guess_by_content(header: Sequence[str], columns: Sequence[list[str]], chosen: Mapped) -> None:
    ours = len(REJECT_COLUMNS) if is_rejects(header) else 0
    free = [n for n in range(ours, len(header)) if n not in chosen.values() and columns[n]]
    if "url" not in chosen and "apply_url" not in chosen:
        links = [
            n
            for n in free
            if _share(columns[n], URL.match) > NEARLY_ALL and not _is_image(header[n])
        ]
        varied = [n for n in links if len(set(columns[n])) > MOST * len(columns[n])]
        if varied:
            chosen["url"] = varied[0]
    if "description" not in chosen:
        prose = [n for n in free if _mean_length(columns[n]) > PROSE]
        if prose:
            chosen["description"] = max(prose, key=lambda n: _mean_length(columns[n]))
    if "posted_at" not in chosen:
        dates = [
            n
            for n in free
            if _share(columns[n], DATE.match) > NEARLY_ALL
            and not NOT_POSTED.search(header[n].lower())
        ]
        if len(dates) == 1:
            chosen["posted_at"] = dates[0]


def _is_image(name: str) -> bool:
    return bool({"logo", "image", "img", "photo", "company", "employer", "icon"} & set(words(name)))
