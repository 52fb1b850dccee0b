"""What can go wrong with stored bytes."""

from jobly.errors import Conflict, Forbidden, Unavailable


class StorageFull(Unavailable):
    """There is no room, or no reach, for more bytes; nothing was stored."""

    code = "storage_full"


class ArtifactGone(Conflict):
    """The bytes are not where the row says: discarded, or lost with the storage."""

    code = "artifact_gone"


class BadLink(Forbidden):
    """The link is forged, expired or was made for somebody else."""

    code = "bad_link"
