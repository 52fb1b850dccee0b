"""Which job an item is: the identity of ARCHITECTURE §5 as a decision on values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

REFERENCE, URL, CONTENT = "ref", "url", "content"


class Verdict(StrEnum):
    """What to do with an item."""

    NEW = "new"
    CHANGED = "changed"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Item:
    """What an item is known by; empty strings where it has none, `pk` 0 where it is not stored."""

    row: int
    external_id: str
    url_key: str
    content_key: str
    content_hash: str
    pk: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalogue knows around a batch of items of one source.

    `here`: key at this source → job; `own`: job that this source brought → content hash;
    `by_url` and `by_content`: identity → job it may be although its key here is new;
    `shared_urls`: addresses that several different items of this collection carry, so they
    name no job.
    """

    here: Mapping[str, int]
    own: Mapping[int, str]
    by_url: Mapping[str, int]
    by_content: Mapping[str, int]
    shared_urls: frozenset[str]


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on an item, the job it is when known, and the rule that said so."""

    verdict: Verdict
    key: str
    job_id: int | None
    rule: str


def source_key(item: Item, shared_urls: frozenset[str]) -> str:
    """Return what the item is called at its source: own id, else address, else content."""
    if item.external_id:
        return f"{REFERENCE}:{item.external_id}"
    if item.url_key and item.url_key not in shared_urls:
        return f"{URL}:{item.url_key}"
    return f"{CONTENT}:{item.content_key}"


def decide(item: Item, known: Known) -> Decision:
    """Say whether an item is new, a changed job or one that is known as it is.

    A source may change what it brought itself. What another source brought is only ever
    recognised: by the same address at the same employer, else by the same content.
    """
    key = source_key(item, known.shared_urls)
    if (job := known.here.get(key)) is not None:
        changed = known.own.get(job, item.content_hash) != item.content_hash
        verdict = Verdict.CHANGED if changed else Verdict.KNOWN
        return Decision(verdict, key, job, key.partition(":")[0])
    if item.url_key and item.url_key not in known.shared_urls:
        job = known.by_url.get(item.url_key)
        return Decision(Verdict.KNOWN if job else Verdict.NEW, key, job, URL)
    job = known.by_content.get(item.content_key)
    return Decision(Verdict.KNOWN if job else Verdict.NEW, key, job, CONTENT)
