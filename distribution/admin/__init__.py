"""Admin of what goes out: boards, publications, and putting jobs on their way."""

from . import (
    applicants,
    approving,
    channels,
    distributions,
    endpoints,
    feeds,
    inbound,
    money,
    performance,
    publishing,
    rehearsing,
    replies,
    routing,
)

__all__ = [
    "applicants",
    "approving",
    "channels",
    "distributions",
    "endpoints",
    "feeds",
    "inbound",
    "money",
    "performance",
    "publishing",
    "rehearsing",
    "replies",
    "routing",
]
