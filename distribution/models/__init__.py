"""Rows of distribution; Django finds the models here, code imports them from here too."""

from .channels import Channel
from .distributions import Attempt, Distribution

__all__ = ["Attempt", "Channel", "Distribution"]
