"""How an application goes on, in Indeed's words (Disposition Sync, ../contracts/indeed.md §8)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .payloads import iso
from .stages import HIRED, INTERVIEW, NEW, OFFER, REJECTED, SCREEN, WITHDRAWN

ATS_NAME = "Jobly"
WORDS: Mapping[str, str] = {
    NEW: "NEW",
    SCREEN: "SCREEN",
    INTERVIEW: "INTERVIEW",
    OFFER: "OFFER_MADE",
    HIRED: "HIRED",
    REJECTED: "NOT_SELECTED",
    WITHDRAWN: "WITHDRAWN",
}


def disposition(stage: str, at: datetime, *, external_id: str, applicant: str) -> dict[str, Any]:
    """Build one item of `partnerDisposition.send`; an applicant is named by our id, not by mail."""
    return {
        "dispositionStatus": WORDS.get(stage, "UNABLE_TO_MAP"),
        "rawDispositionStatus": stage,
        "atsName": ATS_NAME,
        "statusChangeDateTime": iso(at),
        "identifiedBy": {
            "alternateIdentifier": {
                "jobIdentifier": external_id,
                "jobSeekerIdentifier": applicant,
            }
        },
    }
