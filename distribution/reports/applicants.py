"""What recruiters see of applicants: where each came from, who it may be too, how long it waits."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from distribution.models import Applicant, ApplicantMove
from distribution.rules import stages
from distribution.rules.sheets import Cell

MOST_WORDS = 8  # of a search
COLUMNS = (
    "name", "e-mail", "phone", "job", "stage", "rating", "came by", "known by", "applied",
    "in this stage since", "days waiting", "answers to look at", "looks like another",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change of stage would do: how many from which stage, and how many stay, why."""

    to: str
    changes: dict[str, int]
    stay: dict[str, int]

    @property
    def moving(self) -> int:
        """How many would move."""
        return sum(self.changes.values())


def plan(rows: Iterable[Applicant], to: str) -> Plan:
    """Say what would become of applications; nothing is changed."""
    changes: dict[str, int] = {}
    stay: dict[str, int] = {}
    for row in rows:
        kept = changes if stages.may_move(row.stage, to) and not row.erased_at else stay
        kept[row.stage] = kept.get(row.stage, 0) + 1
    return Plan(to, changes, stay)


def found(rows: QuerySet[Any], words: str) -> QuerySet[Any]:
    """Keep people whose name or address has words that begin like these; none asked for = all.

    An address is one word to the index, so what stands before its @ narrows, and the rest is read.
    """
    asked = words.replace("\\", "").split()[:MOST_WORDS]
    heads = [word.partition("@")[0].replace("'", "''") for word in asked]
    query = " & ".join(f"'{head}':*" for head in heads if head)
    kept: QuerySet[Any] = rows.found_by(query) if query else rows  # type: ignore[attr-defined] # ApplicantQuerySet
    for word in asked:
        if "@" in word:
            kept = kept.filter(email__icontains=word)
    return kept


def came_by(row: Applicant) -> str:
    """Name the channel an application came by, in words."""
    if row.distribution is None:
        return "not known"
    return str(row.distribution.channel)


def waiting_days(row: Applicant, now: datetime) -> int | None:
    """Return the days since the last step of an open application; None when it has ended."""
    return (now - row.stage_at).days if row.stage in stages.OPEN else None


def silent_days(row: Applicant, now: datetime) -> int:
    """Return the days for which the person has heard nothing from us."""
    return (now - (row.heard_at or row.created_at)).days


def table(rows: QuerySet[Applicant], now: datetime) -> Iterator[Iterable[Cell]]:
    """Yield the lines of a table of applicants, its head first."""
    yield COLUMNS
    for row in rows.iterator(chunk_size=500):
        yield (
            row.name,
            row.email,
            row.phone,
            row.job.title,
            row.stage,
            row.rating,
            came_by(row),
            row.known,
            f"{row.created_at:%Y-%m-%d %H:%M}",
            f"{row.stage_at:%Y-%m-%d %H:%M}",
            waiting_days(row, now),
            row.flags,
            "yes" if getattr(row, "has_twin", False) else "no",
        )


def whole(row: Applicant, now: datetime) -> dict[str, Any]:
    """Return what the page of one applicant shows, in a constant number of queries."""
    moves = list(row.moves.select_related("actor", "undone_by").order_by("-id"))
    twins = Applicant.objects.alike(row).select_related("job").order_by("-id")
    return {
        "row": row,
        "source": came_by(row),
        "waiting": waiting_days(row, now),
        "silent": silent_days(row, now),
        "answers": list(row.answers.select_related("file")),
        "moves": moves,
        "undoable": _undoable(moves, now),
        "notes": list(row.notes.select_related("actor")),
        "ratings": list(row.ratings.select_related("actor").order_by("-stars")),
        "letters": list(row.letters.order_by("-id")),
        "twins": list(twins[:20]),
    }


def _undoable(moves: list[ApplicantMove], now: datetime) -> ApplicantMove | None:
    """Return the newest move if it can still be taken back."""
    newest = moves[0] if moves else None
    if newest is None or newest.undoes_id or newest.actor_id is None:
        return None
    return newest if newest.at > now - stages.UNDO_WITHIN else None


def undo_until(moves: QuerySet[ApplicantMove]) -> datetime | None:
    """Return when a batch of moves stays for good."""
    first = moves.order_by("at").values_list("at", flat=True).first()
    return first + stages.UNDO_WITHIN if first else None
