"""What can go wrong with people and keys."""

from jobly.errors import Rejected


class UnknownScope(Rejected):
    """A scope was asked for that does not exist."""

    code = "unknown_scope"


class NotAMember(Rejected):
    """The person has no role in that company."""

    code = "not_a_member"
