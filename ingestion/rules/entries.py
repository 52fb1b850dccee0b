"""What a page of a source lists: the key of each entry, and a mark that changes when it does."""

import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ingestion.errors import FileRefused
from ingestion.rules.posting import RawPosting
from ingestion.rules.readers import HEAD_BYTES, read, recognise

#: fields that differ on every answer though the entry is the same
VOLATILE = frozenset(
    "postedOn job_posted_at job_posted_human_readable job_apply_quality_score adref "
    "redirect_url userAuthenticated".split()
)
MARK_CHARS = 32
HIRING = re.compile(r"who\s+is\s+hiring", re.IGNORECASE)
NEWEST_STORIES = 1
EMPTY_FEED = re.compile(rb"<(?:rss|feed|rdf:RDF|workzag-jobs)[\s>/]")
FEED_ITEM = re.compile(rb"<(?:item|entry|position)[\s>/]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a page: the source's own key of it, its mark, and the entry itself."""

    key: str
    mark: str
    item: Mapping[str, Any]


def postings(body: bytes, file_name: str) -> list[Entry]:
    """Return the entries of a page of postings, each key once; what no one can read is left out.

    Raises: FileRefused when the page holds no postings at all: it is none of the source's.
    """
    shape = recognise(body[:HEAD_BYTES], size=len(body), file_name=file_name)
    found: dict[str, Entry] = {}
    if EMPTY_FEED.search(body[:HEAD_BYTES]) and not FEED_ITEM.search(body):
        return []
    for item in read(io.BytesIO(body), shape):
        key = item.external_id or item.url if isinstance(item, RawPosting) else ""
        mark = mark_of(item.raw)
        found.setdefault(key or mark, Entry(key or mark, mark, item.raw))
    return list(found.values())


def stories(body: bytes, _: str) -> list[Entry]:
    """Return the newest "Who is hiring?" story of a search; new comments change its mark.

    Raises: FileRefused when this is no answer of that search.
    """
    try:
        hits = orjson.loads(body)["hits"]
        found = [
            Entry(str(hit["objectID"]), mark_of({"n": hit.get("num_comments")}), hit)
            for hit in hits
            if HIRING.search(str(hit.get("title") or ""))
        ]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as exc:
        raise FileRefused(
            "no_postings", "This is no list of stories. Nothing was changed."
        ) from exc
    return found[:NEWEST_STORIES]


def mark_of(item: Mapping[str, Any]) -> str:
    """Return a short text that changes when the entry does."""
    steady = {name: value for name, value in item.items() if name not in VOLATILE}
    text = orjson.dumps(steady, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(text).hexdigest()[:MARK_CHARS]
