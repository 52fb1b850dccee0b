"""Find the postings in a parsed answer of unknown shape, and map them to our fields."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from ingestion.errors import FileRefused
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers import columns, values
from ingestion.rules.readers.families import family_of, unwrapped
from ingestion.rules.readers.limits import SAMPLE_ROWS, Limits
from ingestion.rules.readers.tables import YES_NO, with_sections

CONTAINERS = (
    "jobs", "jobPostings", "postings", "offers", "positions", "results", "items", "data", "content",
    "result", "children", "SearchResultItems", "SearchResult", "hits", "records", "rows",
    "vacancies", "openings", "listings", "@graph", "itemListElement", "entries", "value",
    "jobListings", "job_postings", "response", "payload", "list", "feed", "channel",
)  # fmt: skip
NESTING = 6
LOOKED_AT = 5
MOST_KEYS = 512


@dataclass(frozen=True, slots=True)
class Found:
    """Hold the items of an answer and the object they were in (it may name the employer)."""

    items: list[Any] = field(default_factory=list)
    answer: Mapping[str, Any] = field(default_factory=dict)


def find(
    document: Any, depth: int = 0, answer: Mapping[str, Any] | None = None
) -> list[Found] | None:
    """Find the lists of postings in a document; None when there is nothing like one in it."""
    if depth > NESTING:
        return None
    if isinstance(document, list):
        return _in_list(document, depth, answer or {})
    if isinstance(document, dict):
        return _in_object(document, depth)
    return None


def _in_list(document: list[Any], depth: int, answer: Mapping[str, Any]) -> list[Found] | None:
    if not document:
        return []
    kept = [element for element in document if not _is_notice(element)]
    if any(is_posting(element) for element in kept[:LOOKED_AT]):
        return [Found(alive(kept), answer)]
    pages = [
        found
        for element in kept
        if isinstance(element, dict) and (found := find(element, depth + 1)) is not None
    ]
    return [found for page in pages for found in page] if pages else None


def _in_object(document: dict[str, Any], depth: int) -> list[Found] | None:
    family = family_of(document)
    if family and not isinstance(document.get("children"), list):
        return [Found([document])]
    empty = False
    named = [key for key in CONTAINERS if key in document]
    others = [key for key in document if key not in CONTAINERS]
    single = is_posting(document)
    for key in named if single else named + others:
        found = find(document[key], depth + 1, document)
        if found:
            return found
        empty = empty or (found == [] and key in CONTAINERS)
    if single:
        return [Found([document])]
    return [] if empty else None


def _is_notice(element: Any) -> bool:
    # RemoteOK's first element is a legal notice.
    return isinstance(element, dict) and "legal" in element and not is_posting(element)


def alive(elements: list[Any]) -> list[Any]:
    """Leave out what the source marks as no posting: unlisted, deleted, or of another type."""
    return [e for e in elements if not isinstance(e, dict) or not _is_dead(e)]


def _is_dead(element: Mapping[str, Any]) -> bool:
    if element.get("isListed") is False or _is_deleted(element):
        return True
    return "@type" in element and not family_of(element)  # an Organization in a JSON-LD graph


def _is_deleted(element: Mapping[str, Any]) -> bool:
    return (
        "text" in element and element["text"] is None and ("by" in element or "author" in element)
    )


def is_posting(element: Any) -> bool:
    """Say whether an object looks like a posting: of a known source, or with a title and more."""
    if not isinstance(element, dict) or len(element) > MOST_KEYS:
        return False
    inside = unwrapped(element)
    if family_of(inside):
        return True
    # What lies deeper belongs to something else: an answer around postings is no posting.
    own = {key: value for key, value in inside.items() if not _holds_objects(value)}
    flat = flattened(own, depth=NESTING - 1)
    mapped = columns.guess(
        list(flat), [[values.text(value) for value in flat.values()]], counted=False
    )
    if not columns.tell_of_jobs(list(flat), mapped):
        return False
    return bool(values.text(list(flat.values())[mapped["title"]]))


def _holds_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def flattened(item: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Lay nested objects out as dotted names; a list of objects gives their names, or its first."""
    flat: dict[str, Any] = {}
    for key, value in item.items():
        name = f"{prefix}{key}"
        nested = value
        if isinstance(value, list) and value and isinstance(value[0], dict):
            named = values.texts(value)
            if named:
                flat[name] = list(named)
                continue
            nested, name = value[0], name.removesuffix("s")
        if not isinstance(nested, dict):
            flat[name] = nested
        elif depth < NESTING:
            flat |= flattened(nested, f"{name}.", depth + 1)
        if len(flat) > MOST_KEYS:
            break
    return flat


def postings(
    items: Iterable[tuple[int, Any, Mapping[str, Any]]],
    limits: Limits,
    mapping: Mapping[str, str] | None = None,
) -> Iterator[RawPosting | RowProblem]:
    """Map numbered items to postings: by their source where it is known, else by their keys.

    Raises: FileRefused when the keys of unknown items name no title.
    """
    stream = iter(items)
    head = list(islice(stream, SAMPLE_ROWS))
    guessed = guessed_keys([item for _, item, _ in head], mapping)
    for number, item, answer in chain(head, stream):
        if number > limits.rows:
            raise FileRefused(
                "too_many_rows", f"There are more than {limits.rows:,} items. Split the file."
            )
        if isinstance(item, RowProblem):
            yield item
        elif not isinstance(item, dict):
            yield RowProblem(
                number,
                {"value": item},
                "",
                "not_an_object",
                "The item is not an object with fields.",
            )
        else:
            yield posting(number, item, answer, guessed)


def posting(
    number: int, item: dict[str, Any], answer: Mapping[str, Any], guessed: Mapping[str, str]
) -> RawPosting:
    """Map one item."""
    inside = unwrapped(item)
    family = None if EXPLICIT in guessed else family_of(inside)
    return values.posting(
        number, item, family.read(inside, answer) if family else by_keys(inside, guessed)
    )


EXPLICIT = "*"  # marks a mapping that a person made
SECTION = "+"  # marks prose that goes under the description


def guessed_keys(items: list[Any], mapping: Mapping[str, str] | None) -> dict[str, str]:
    """Say which dotted name holds which of our fields, for items of no known source.

    Raises: FileRefused
    """
    strangers = [unwrapped(item) for item in items if isinstance(item, dict)]
    if not mapping:
        strangers = [item for item in strangers if not family_of(item)]
    if not strangers:
        return {}
    flat = [flattened(item) for item in strangers]
    header = list(dict.fromkeys(name for item in flat for name in item))[:MOST_KEYS]
    rows = [[values.text(item.get(name)) for name in header] for item in flat]
    chosen = columns.guess(header, rows, counted=False)
    if mapping:
        explicit = columns.explicit(mapping, header)
        free = {f: n for f, n in chosen.items() if f not in mapping}
        chosen = {f: n for f, n in free.items() if n not in explicit.values()} | explicit
    if "title" not in chosen and len(strangers) == len(items):
        raise columns.no_title(header)
    guessed = {name: header[number] for name, number in chosen.items()}
    guessed |= {
        f"{SECTION}{header[number]}": header[number] for number in columns.sections(header, chosen)
    }
    return guessed | ({EXPLICIT: ""} if mapping else {})


def by_keys(item: Mapping[str, Any], guessed: Mapping[str, str]) -> dict[str, Any]:
    """Read our fields at the dotted names guessed for them."""
    flat = flattened(item)
    found: dict[str, Any] = {
        name: values.text(flat[key])
        for name, key in guessed.items()
        if name in columns.FIELDS and key in flat
    }
    more = [
        (key, values.text(flat[key]))
        for name, key in guessed.items()
        if name[0] == SECTION and flat.get(key)
    ]
    if more:
        found["description"] = with_sections(found.get("description", ""), more)
    if "skills" in found:
        found["skills"] = values.skills(flat[guessed["skills"]])
    if "remote" in found:
        found["remote"] = YES_NO.get(found["remote"].lower(), found["remote"])
    return found
