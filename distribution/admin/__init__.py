"""Admin of what goes out: boards, publications, and putting jobs on their way."""

from . import channels, distributions, performance, publishing

__all__ = ["channels", "distributions", "performance", "publishing"]
