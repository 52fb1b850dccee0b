"""Names of stored bytes: where they are put, and how a download is called."""

import re
import unicodedata
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from .keeping import KEEP_DAYS

TEMPORARY = ".part-"  # the beginning of names that nobody reads
LONGEST_NAME = 150  # characters of a download's name
# what we make ourselves: whatever else lies in a storage is not ours to remove
OURS = re.compile(
    r"(?:[a-z][a-z0-9_]{0,31}/[0-9]{4}/[0-9]{2}/[0-9]{2}|doctor)/"
    r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\.part-[0-9a-f]{32}|[0-9a-f]{64})"
)
# controls, and the marks that show a name in another order than it is written
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_FORBIDDEN = frozenset('/\\:*?"<>|')
_MISREAD = _FORBIDDEN | {"%", ";"}  # some clients decode what follows, or stop there


def place_of(kind: str, number: UUID, at: datetime) -> str:
    """Return the storage name `<kind>/<yyyy>/<mm>/<dd>/<uuid>`; nothing of it comes from users."""
    if kind not in KEEP_DAYS:
        raise ValueError(f"{kind!r} is no kind of artifact: it needs a rule in KEEP_DAYS")
    return f"{kind}/{at:%Y/%m/%d}/{number}"


def is_ours(name: str) -> bool:
    """Whether a name in storage is one that we make, leftovers of broken writes included."""
    return OURS.fullmatch(name) is not None


def attachment(name: str) -> str:
    """Return the Content-Disposition of a download (RFC 6266); any name will do.

    Old clients read the ASCII of `filename`, all others the UTF-8 of `filename*`.
    """
    safe = download_name(name)
    plain = unicodedata.normalize("NFKD", safe).encode("ascii", "ignore").decode().strip()
    plain = "".join("_" if sign in _MISREAD else sign for sign in plain)
    plain = f"download{plain}" if plain[:1] in ("", ".") else plain
    if plain == safe:
        return f'attachment; filename="{plain}"'
    encoded = quote(safe, safe="!#$&+-.^_`|~", encoding="utf-8")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def download_name(name: str) -> str:
    """Make a name that is safe in a header and on a disk: one part, no controls, no dots first."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(
        "_" if sign in _FORBIDDEN else sign
        for sign in last
        if unicodedata.category(sign) not in _UNSEEN
    )
    shown = shown.strip().lstrip(".").strip()
    return _shortened(shown).rstrip(". ") or "download"


def _shortened(name: str) -> str:
    """Cut a long name in its middle, so that its ending stays."""
    if len(name) <= LONGEST_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > LONGEST_NAME // 4:
        return name[:LONGEST_NAME]
    return stem[: LONGEST_NAME - len(ending) - 1] + dot + ending
