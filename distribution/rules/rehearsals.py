"""Rehearsals: which fault meets which publication, and what the ledger proves."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

from .channels import INDEED, LINKEDIN, REST, SANDBOX_CHANNELS, BoardKind

# one list a publication, in turn; each kind meets one creating call
FAULTS: Final[tuple[tuple[str, ...], ...]] = (
    ("timeout_after_accept",),
    ("429",),
    ("async_fail",),
    ("503", "500_after_accept"),
    ("duplicate_webhook",),
    ("late_visibility",),
    ("reorder_webhook",),
    ("cut_json",),
    (),
)
WORDS: Final = {
    "429": "asks to slow down",
    "503": "does not work for a moment",
    "timeout_after_accept": "takes it and never answers",
    "500_after_accept": "takes it and answers with an error",
    "cut_json": "takes it and its answer breaks off",
    "async_fail": "takes it and turns it down later",
    "late_visibility": "takes it and shows it late",
    "duplicate_webhook": "tells everything twice",
    "reorder_webhook": "tells things out of order",
}
PRACTICE: Final[Mapping[BoardKind, str]] = {
    LINKEDIN: "linkedin",
    INDEED: "indeed",
    REST: "glassdoor",
}
# of a real channel's settings these go along: what lint and payload are made with
KEPT_OPTIONS: Final = frozenset(
    (
        "title_max", "title_advised", "poster_email", "org_urn", "listing_type", "remote_location",
        "remote_country", "source_name", "source_type", "contact_name", "contact_email",
        "salary_required",
    )
)  # fmt: skip
FIGURES: Final[Mapping[str, Any]] = {
    "settle_window": timedelta(seconds=6),
    "poll_delay": timedelta(seconds=1),
    "poll_until": timedelta(minutes=2),
    "call_timeout": timedelta(seconds=2),
    "rate_limit_rule": "retry_after",
}
MOST_PAIRS: Final = 300
PATIENCE: Final = timedelta(minutes=4)  # for everything to come to rest
LOOK: Final = timedelta(seconds=2)  # between two looks whether it has
KEEP: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Pair:
    """What became of one publication of a rehearsal.

    `creates` counts the postings that came into being at the board: more than one is a double.
    """

    distribution: str
    job: int
    title: str
    channel: str
    faults: tuple[str, ...]
    status: str
    error: str
    attempts: int
    creates: int
    refused: int
    went_live: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the report."""
        return asdict(self)

    @property
    def is_believed(self) -> bool:
        """Whether our books say it was live and the board's ledger does not.

        So it is with a board that turns a posting down later and can only say so by webhook.
        """
        return self.went_live and not self.creates

    @property
    def words(self) -> str:
        """Say what the board did to it."""
        return ", then ".join(WORDS[kind] for kind in self.faults) or "behaves well"


def script_of(external_ids: Sequence[str], *, turn: int = 0) -> dict[str, tuple[str, ...]]:
    """Deal the faults out, one list after the other, beginning with `turn`."""
    return {name: FAULTS[(turn + place) % len(FAULTS)] for place, name in enumerate(external_ids)}


def practice_columns(kind: BoardKind, options: Mapping[str, Any], client: str) -> dict[str, Any]:
    """Return the columns of a channel that rehearses one of this kind with its own options.

    `client` is whom the practice board takes the caller for; nobody else's postings are seen.
    """
    known = SANDBOX_CHANNELS[PRACTICE[kind]]
    own = {name: value for name, value in options.items() if name in KEPT_OPTIONS and value != ""}
    first = {"linkedin": "client_id", "indeed": "client_id", "glassdoor": "partner_id"}
    secrets = {**known["credentials"], first[PRACTICE[kind]]: client}
    return {
        **FIGURES,
        "base_url": known["base_url"],
        "credentials": secrets,
        "options": {**known.get("options", {}), **own},
    }


def summary(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Add a rehearsal up: how many, how they ended, and that nothing is there twice."""
    rows = list(pairs)
    return {
        "pairs": [pair.to_dict() for pair in rows],
        "total": len(rows),
        "by_status": dict(Counter(pair.status for pair in rows)),
        "went_live": sum(pair.went_live for pair in rows),
        "faults": dict(Counter(kind for pair in rows for kind in pair.faults)),
        "doubles": sum(pair.creates > 1 for pair in rows),
        "believed": sum(pair.is_believed for pair in rows),
        "calls": sum(pair.attempts for pair in rows),
    }
