"""Admin of what goes out: boards, publications, and putting jobs on their way."""

from . import approving, channels, distributions, performance, publishing

__all__ = ["approving", "channels", "distributions", "performance", "publishing"]
from . import applicants, replies

__all__ = ["applicants", "channels", "distributions", "publishing", "replies"]
