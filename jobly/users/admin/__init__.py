"""Admin of people, companies and keys, and what every admin page of tenant data builds on."""

from . import keys, people

__all__ = ["keys", "people"]
