"""How far an application is: the steps, which may follow which, and what applicants are told."""

from collections.abc import Mapping
from datetime import timedelta

NEW, SCREEN, INTERVIEW, OFFER, HIRED, REJECTED, WITHDRAWN = (
    "new screen interview offer hired rejected withdrawn".split()
)
OPEN = frozenset({NEW, SCREEN, INTERVIEW, OFFER})
ENDED = frozenset({HIRED, REJECTED, WITHDRAWN})
#: recruiters move freely, also back; what an applicant took back stays so
BY_RECRUITERS = frozenset({NEW, SCREEN, INTERVIEW, OFFER, HIRED, REJECTED})
UNDO_WITHIN = timedelta(minutes=10)  # letters about a move wait for as long

#: what the applicant reads on the status page
FRIENDLY: Mapping[str, str] = {
    NEW: "We have your application, and a person will read it.",
    SCREEN: "Your application is being read.",
    INTERVIEW: "We would like to get to know you, or are doing so.",
    OFFER: "There is an offer for you, or one is on its way.",
    HIRED: "You were hired. Congratulations!",
    REJECTED: "We decided to go on with others this time. Thank you for your time and interest.",
    WITHDRAWN: "You withdrew this application.",
}


def may_move(was: str, to: str) -> bool:
    """Whether a recruiter may move an application from one step to another."""
    return was in BY_RECRUITERS and to in BY_RECRUITERS and was != to


def may_withdraw(was: str) -> bool:
    """Whether an applicant may still take the application back."""
    return was in OPEN
