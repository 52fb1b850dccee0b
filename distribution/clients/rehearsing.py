"""What a rehearsal needs of the practice boards: faults by posting, and their ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import requests

from jobly import http
from jobly.errors import Rejected, Unavailable

TIMEOUT = 20.0  # seconds
MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a practice board's ledger: what it did, whatever its answer was."""

    board: str
    op: str
    external_id: str
    outcome: str


def set_script(origin: str, script: Mapping[str, Sequence[str]]) -> None:
    """Have postings meet faults, one kind a creating call in this order; others are not touched.

    Raises: Unavailable, Rejected.
    """
    try:
        with http.configured(origin, timeout=TIMEOUT) as session:
            body = {"script": {name: list(kinds) for name, kinds in script.items()}}
            answer = session.put("/faults", json=body)
            if error := http.classify(answer, idempotent=True):
                raise error
    except requests.RequestException as exc:
        raise Unavailable("The practice boards do not answer.") from exc


def ledger_of(origin: str) -> list[Entry]:
    """Read what the practice boards did since they were last emptied, oldest first.

    Raises: Unavailable, Rejected.
    """
    try:
        with http.configured(origin, timeout=TIMEOUT, max_bytes=MAX_BYTES) as session:
            answer = session.get("/ledger")
            if error := http.classify(answer, idempotent=True):
                raise error
            entries = http.object_of(answer)["entries"]
    except (requests.RequestException, KeyError) as exc:
        raise Unavailable("The practice boards did not show their ledger.") from exc
    if not isinstance(entries, list):
        raise Rejected("The practice boards showed something else than a ledger.")
    names = ("board", "op", "external_id", "outcome")
    return [Entry(*(str(entry[name]) for name in names)) for entry in entries]
