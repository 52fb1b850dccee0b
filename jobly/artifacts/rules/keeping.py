"""How long each kind of artifact is kept."""

from collections.abc import Iterable, Mapping

LONGEST_DAYS = 36_500
FOR_EVER = "ever"

#: kind → days until its bytes go, None = never; a kind without a line here cannot be stored
KEEP_DAYS: Mapping[str, int | None] = {
    "applications": None,  # CVs and files of applicants: erased with the application, not by age
    "raw": None,  # what sources answered and people sent: all else can be made from it anew
    "rejects": 30,
    "exports": 7,
    "reports": 90,
    "backups": 30,
    "runs": None,  # rows that left the ledger
}
KEPT_FOR_EVER = frozenset({"raw"})  # no setting shortens these


def keeping(changes: Iterable[str]) -> dict[str, int | None]:
    """Return the table with changes such as `exports=3` or `rejects=ever`.

    Raises ValueError, with a reason for people, for a change that makes no sense.
    """
    table = dict(KEEP_DAYS)
    for change in changes:
        kind, _, days = (part.strip() for part in change.partition("="))
        if kind not in KEEP_DAYS:
            raise ValueError(f"{kind!r} is no kind of artifact; there are {', '.join(KEEP_DAYS)}")
        if kind in KEPT_FOR_EVER and days != FOR_EVER:
            raise ValueError(f"{kind} is kept for ever: everything else is made from it")
        table[kind] = None if days == FOR_EVER else _days(change, days)
    return table


def _days(change: str, days: str) -> int:
    is_number = days.isascii() and days.isdigit() and len(days) < 10  # noqa: PLR2004 - digits
    if not is_number or not 1 <= int(days) <= LONGEST_DAYS:
        raise ValueError(f"{change!r}: expected kind=days, from 1 to {LONGEST_DAYS}, or kind=ever")
    return int(days)
