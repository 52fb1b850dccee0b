"""How long a board keeps a posting, and when a stay is renewed, told of, and over."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

ENDED = "Its stay ended."  # why a posting was taken down that is then called expired

REMIND_BEFORE = timedelta(days=3)
MOST_ASKS = 3  # times, a day apart, that a board is asked again to end what it still shows
LOOK_AGAIN = timedelta(days=1)  # at what a board still shows after its end
LATE = timedelta(minutes=10)  # after its moment what was not done is overdue
LATE_CLOSE = timedelta(hours=1)  # boards may take their time
# ../contracts/linkedin.md §3.1: 180 days, promoted ones 30; §4: RENEW adds 30 days. Indeed keeps
# a posting until it is expired, and refuses those listed more than 90 days ago.
# ../contracts/google-for-jobs.md §4.2: Jooble leaves out what is older than 45 days.
LINKEDIN_BASIC, LINKEDIN_PROMOTED = timedelta(days=180), timedelta(days=30)
INDEED, JOOBLE = timedelta(days=90), timedelta(days=45)
LINKEDIN_RENEWAL = timedelta(days=30)
RENEWED = frozenset({"linkedin", "indeed", "rest"})


def stay_of(kind: str, options: Mapping[str, Any], days: int | None) -> timedelta | None:
    """Say how long a board keeps a posting: as the channel says, else as its contract does.

    None: until it is taken down.
    """
    if days:
        return timedelta(days=days)
    if kind == "linkedin":
        promoted = options.get("listing_type") == "PREMIUM"
        return LINKEDIN_PROMOTED if promoted else LINKEDIN_BASIC
    by_format = {"indeed": INDEED, "jooble": JOOBLE}
    return by_format.get(str(options.get("format", "")) if kind == "feed" else kind)


def can_renew(kind: str) -> bool:
    """Whether a board keeps a posting longer when asked; others need it listed anew."""
    return kind in RENEWED


def end_of_stay(
    began: datetime, stay: timedelta | None, job_end: datetime | None
) -> datetime | None:
    """Return when a stay ends: the board's end or the job's own, whichever comes first.

    An end of the job that had passed already when it was published says nothing.
    """
    ends = [end for end in (began + stay if stay else None, job_end) if end is not None]
    return min((end for end in ends if end > began), default=None)


def moved_end(
    end: datetime | None,
    now: datetime,
    *,
    board_end: datetime | None,
    job_end: datetime | None,
    was_jobs: bool,
) -> datetime | None:
    """Return when a stay ends whose job may have another closing date than when it began.

    `was_jobs`: its end was the job's closing date so far; else the board's word is only ever
    shortened. `board_end` is when it would end by the board alone. What is over stays as it is.
    """
    if any(moment is not None and moment <= now for moment in (end, job_end)):
        return end
    known = (board_end if was_jobs else end, job_end)
    return min((moment for moment in known if moment is not None), default=None)


def renewed_end(
    kind: str,
    end: datetime | None,
    now: datetime,
    *,
    stay: timedelta | None,
    job_end: datetime | None,
) -> datetime | None:
    """Return when a renewed stay ends: LinkedIn adds 30 days, others begin a new stay now."""
    if kind == "linkedin" and end is not None:
        return end_of_stay(max(end, now), LINKEDIN_RENEWAL, job_end)
    return end_of_stay(now, stay, job_end)
