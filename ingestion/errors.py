"""What can go wrong in ingestion, by name."""

from typing import Any

from jobly.errors import Conflict, Rejected


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
