"""What can go wrong in ingestion, by name."""

from jobly.errors import Conflict


class JobMoved(Conflict):
    """The job is not in the status this change starts from."""

    code = "job_moved"
