"""Links that a source leaves out of its answers and that its own site builds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

from ingestion.rules.posting import RawPosting

#: adapter → the path of a posting's page on the host that was asked
PATHS = {"personio": "/job/{id}"}


def linked(item: RawPosting, adapter: str, request: Mapping[str, Any]) -> RawPosting:
    """Return the item with the link of its page, where its source gives none but its id."""
    path, asked = PATHS.get(adapter), urlsplit(str(request.get("url") or ""))
    if path is None or item.url or not item.external_id or not asked.netloc:
        return item
    address = path.format(id=quote(item.external_id, safe=""))
    return replace(item, url=f"{asked.scheme}://{asked.netloc}{address}")
