"""How channels are."""

from django.utils import timezone

from distribution.models import Channel
from jobly import limits


def troubles(channel: Channel) -> list[str]:
    """Say what keeps a channel from publishing, in few words; nothing when it is well."""
    found: list[str] = []
    if not channel.enabled:
        return found
    breaker = limits.breaker_state(channel.breaker_key)
    if breaker.state != "closed":
        found.append("does not answer; it is tried again by itself")
    if channel.parked_until is not None and channel.parked_until > timezone.now():
        found.append(f"asked for a pause until {channel.parked_until:%H:%M} UTC")
    if channel.is_called and not channel.credentials:
        found.append("has no credentials")
    return found
