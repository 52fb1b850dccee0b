"""What can go wrong in ingestion, by name."""

from datetime import datetime
from typing import Any

from jobly.errors import Conflict, Rejected, Unavailable


class FileRefused(Rejected):
    """The file cannot be read at all; `code` says why and the message what to do about it."""

    code = "file_refused"

    def __init__(self, code: str, message: str, **context: Any) -> None:
        super().__init__(message, **context)
        # One class, many reasons: programs decide by the code of the refusal, not of its class.
        object.__setattr__(self, "code", code)


class JobMoved(Conflict):
    """The job is not in the status this change starts from."""

    code = "job_moved"


class FileHeld(Conflict):
    """The file is in other hands at the moment, or not where this step starts from."""

    code = "file_held"


class NewerVersion(Conflict):
    """Somebody else changed the job meanwhile; `changes` says who and what."""

    code = "newer_version"


class SourceMisconfigured(Rejected):
    """A setting or a credential of the source is missing or cannot be right; nothing was asked."""

    code = "source_misconfigured"


class SourceRefused(Rejected):
    """The source answered, and not with postings; asking the same again brings the same."""

    code = "source_refused"

    def __init__(self, message: str, *, code: str = "", **context: Any) -> None:
        super().__init__(message, **context)
        if code:
            object.__setattr__(self, "code", code)


class NotAcknowledged(Rejected):
    """Pages of a site are asked for with all switches set and somebody's word for it only."""

    code = "not_acknowledged"

    def __init__(self, message: str, *, code: str = "", **context: Any) -> None:
        super().__init__(message, **context)
        if code:
            object.__setattr__(self, "code", code)


class AbsenceDecided(Conflict):
    """What a walk did not meet is not held for a person any more."""

    code = "absence_decided"


class BadAnswer(Unavailable):
    """The source's answer is cut or garbled; the next may be whole."""

    code = "bad_answer"


class Throttled(Unavailable):
    """The source asks for a pause (429)."""

    code = "throttled"


class QuotaSpent(Conflict):
    """The calls of this period are used up; `until` says when there are new ones."""

    code = "quota_spent"

    def __init__(self, message: str, *, until: datetime | None = None, **context: Any) -> None:
        super().__init__(message, **context)
        self.until = until


class SourceBusy(Conflict):
    """Another run walks over this part of the source at the moment."""

    code = "source_busy"


class NothingToEnrich(Rejected):
    """The choice of jobs to look at is empty, or too large."""

    code = "nothing_to_enrich"


class SuggestionStale(Conflict):
    """The job is not any more what the suggestion was made for."""

    code = "suggestion_stale"


class PairMoved(Conflict):
    """The pair is not in the state this change starts from."""

    code = "pair_moved"


class NothingChosen(Rejected):
    """No stored collection fits what was asked to be read again."""

    code = "nothing_chosen"


class ReprocessingMoved(Conflict):
    """The reprocessing is not in the status this change starts from."""

    code = "reprocessing_moved"


class EmployersNotMerged(Conflict):
    """These employers cannot be made one."""

    code = "employers_not_merged"


class BreachMoved(Conflict):
    """The breach of a contract is not in the status this change starts from."""

    code = "breach_moved"


class MissingModel(Rejected):
    """A file of the local model is not installed, or is another one than vectors are made by."""

    code = "missing_model"
