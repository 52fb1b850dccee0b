"""Tell Indeed how the applications go on that came by it, where a channel wants that."""

from datetime import datetime, timedelta
from typing import Any

from distribution.actions import boards
from distribution.clients import indeed
from distribution.models import ApplicantMove, Channel
from distribution.rules.dispositions import disposition
from jobly.errors import JoblyError
from jobly.runs.actions import transaction
from jobly.runs.actions.claims import clock

# a move is written down before it can be read; told twice does no harm, not told does
OVERLAP = timedelta(minutes=5)
FIRST = timedelta(days=1)  # how far back a channel begins that has told nothing yet
BATCH = 500  # moves read at once


def tell_dispositions() -> dict[str, int]:
    """Tell each Indeed channel that wants it what moved since it was told last. Repeatable."""
    counts = {"told": 0, "refused": 0, "put_off": 0}
    wanted = Channel.objects.usable().filter(
        kind=Channel.Kind.INDEED, options__dispositions=True, credentials_refused_at=None
    )
    for channel in wanted.order_by("id"):
        try:
            taken, refused = tell_channel(channel)
        except JoblyError:
            counts["put_off"] += 1  # the next time begins where the last one ended
            continue
        counts["told"] += taken
        counts["refused"] += len(refused)
    return counts


def tell_channel(channel: Channel) -> tuple[int, list[str]]:
    """Tell one channel its applicants' new stages; how many were taken, and why others were not.

    Raises: Held, Throttled, Unavailable; nothing counts as told then.
    """
    since, begun = channel.told_until or clock() - FIRST, clock()
    taken, refused, start = 0, list[str](), 0
    while items := [_item(move) for move in _moves(channel, since, start)]:
        good, bad = _tell(channel, items)
        taken, refused, start = taken + good, [*refused, *bad], start + len(items)
    if start:
        _note(channel, begun - OVERLAP)
    return taken, refused


def _tell(channel: Channel, items: list[dict[str, Any]]) -> tuple[int, list[str]]:
    answer: tuple[int, list[str]] = boards.ask(channel, lambda _, link: indeed.tell(link, items))
    return answer


def _moves(channel: Channel, since: datetime, start: int) -> list[ApplicantMove]:
    """Return some of the moves of a channel's applicants since a moment, oldest first."""
    rows = ApplicantMove.objects.filter(
        applicant__distribution__channel=channel, applicant__erased_at=None, at__gte=since
    )
    rows = rows.select_related("applicant__distribution").order_by("at", "id")
    return list(rows[start : start + BATCH])


def _item(move: ApplicantMove) -> dict[str, Any]:
    applicant = move.applicant
    publication = applicant.distribution
    external_id = publication.external_id if publication else ""
    return disposition(move.became, move.at, external_id=external_id, applicant=str(applicant.pk))


@transaction
def _note(channel: Channel, until: datetime) -> None:
    """Remember up to when a channel was told."""
    Channel.objects.filter(pk=channel.pk).update(told_until=until)
