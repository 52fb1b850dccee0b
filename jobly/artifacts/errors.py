"""What can go wrong with stored bytes."""

from jobly.errors import Conflict, Forbidden, Rejected, Unavailable


class StorageFull(Unavailable):
    """There is no room, or no reach, for more bytes; nothing was stored."""

    code = "storage_full"


class StorageAway(Unavailable):
    """The storage does not answer; the bytes may well be there."""

    code = "storage_away"


class ArtifactGone(Conflict):
    """The bytes are not where the row says: discarded, or lost with the storage."""

    code = "artifact_gone"


class BadLink(Forbidden):
    """The link is forged, expired or was made for somebody else."""

    code = "bad_link"


class NoSuchPart(Rejected):
    """A request asks for bytes behind the end of a file."""

    code = "range_not_satisfiable"
    status = 416


class BadPlace(Rejected):
    """A storage address that names nothing we can use."""

    code = "bad_storage_url"
