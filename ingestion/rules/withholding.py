"""Digests of what was taken down: they tell it again when it comes back, and say nothing of it."""

import hashlib
from uuid import UUID

from ingestion.rules.identity import comparable_url

CODE = "taken_down"
MESSAGE = "It was taken down and is not taken in again; nothing of it was kept."


def of_key(source_id: UUID, key: str) -> str:
    """Digest an entry by its key at its source, such as `ref:17`."""
    return _digest("key", str(source_id), key)


def of_content(source_id: UUID, content_key: str) -> str:
    """Digest an entry by what it says; others may say the same, so it holds for its source only."""
    return _digest("content", str(source_id), content_key)


def of_url(url: str) -> str:
    """Digest a posting's own address, whoever brings it; empty where it has none."""
    try:
        return _digest("url", comparable_url(url)) if url else ""
    except ValueError:
        return ""


def of_bytes(sha256: str) -> str:
    """Digest a whole answer by the hash of its bytes."""
    return _digest("bytes", sha256)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
