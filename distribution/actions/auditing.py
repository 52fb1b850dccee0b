"""Compare the ledger with what boards carry at this moment; nothing is changed anywhere."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from distribution.actions import boards, looking
from distribution.actions.follow import see_today
from distribution.clients.listing import shown_by
from distribution.models import Channel, Distribution
from distribution.reports.auditing import Check, check_of
from distribution.rules import states
from distribution.rules.channels import SANDBOX
from jobly.errors import JoblyError
from jobly.runs.actions.claims import clock
from jobly.users.models import Company

MOST = 1000  # publications asked for one by one, on boards that list nothing
OURS = "jobly-"
Found = tuple[set[str], Counter[str], list[str]]


def audit_boards(company: Company | None) -> list[Check]:
    """Check that each id is on its board once, that published is there and closed is not.

    The practice boards list all they carry; others are asked for each posting. A board that does
    not answer is a finding of its own.
    """
    channels = Channel.everything.filter(enabled=True)
    if company is not None:
        channels = channels.filter(company=company)
    called = [channel for channel in channels if channel.is_called]
    listed: dict[str, list[Channel]] = {}
    for channel in called:
        if channel.base_url.startswith(SANDBOX):
            listed.setdefault(_board(channel), []).append(channel)
    wrong: dict[str, list[str]] = {name: [] for name in DETAILS}
    for board, some in listed.items():
        _compare_list(board, some, wrong, is_all=company is None)
    for channel in called:
        if not channel.base_url.startswith(SANDBOX) and channel.lookup:
            _compare_each(channel, wrong)
    return [check_of(name, detail, wrong[name]) for name, detail in DETAILS.items()]


DETAILS = {
    "boards_answered": "every board that can be asked said what it carries",
    "boards_once": "no id is on a board more than once",
    "published_present": "what is published is on its board",
    "closed_absent": "what was closed is not on its board any more",
    "boards_accounted": "a board carries nothing of ours that we do not know of",
}


def _board(channel: Channel) -> str:
    """Return the practice board's name: the first part of the path of its address."""
    return channel.base_url.removeprefix(SANDBOX).strip("/").split("/")[0]


def _compare_list(
    board: str, channels: list[Channel], wrong: dict[str, list[str]], *, is_all: bool
) -> None:
    """Compare what a practice board lists with the publications of the channels that lead there."""
    try:
        shown = Counter(one.external_id for one in shown_by(settings.SANDBOX_URL, board))
    except JoblyError as exc:
        wrong["boards_answered"].append(exc.message)
        return
    rows = Distribution.everything.filter(channel__in=channels)
    known = dict(rows.values_list("external_id", "status"))
    wrong["boards_once"] += [key for key, n in shown.items() if n > 1 and (is_all or key in known)]
    wrong["published_present"] += _of(known, {"published"}) - shown.keys()
    wrong["closed_absent"] += _of(known, states.ENDED) & shown.keys()
    if is_all:
        ours = {key for key in shown if key.startswith(OURS)}
        wrong["boards_accounted"] += sorted(ours - known.keys())


def _of(known: dict[str, str], statuses: Any) -> set[str]:
    return {key for key, status in known.items() if status in statuses}


def _compare_each(channel: Channel, wrong: dict[str, list[str]]) -> None:
    """Ask a board for each posting that should be there, or was taken down lately."""
    for row in _asked(channel):
        try:
            boards.admit(row, submits=False)
            state = see_today(row).state
        except JoblyError as exc:
            wrong["boards_answered"].append(f"{channel}: {exc.message}")
            return
        if row.status == "published" and state in ("absent", "refused"):
            wrong["published_present"].append(row.external_id)
        if row.status in states.ENDED and state == "live":
            wrong["closed_absent"].append(row.external_id)


def _asked(channel: Channel) -> Iterator[Distribution]:
    rows = Distribution.everything.filter(channel=channel).select_related("channel")
    yield from rows.filter(status="published").order_by("id")[:MOST]
    since = clock() - looking.LEFT
    yield from rows.filter(status__in=states.ENDED, closed_at__gt=since).order_by("id")[:MOST]
