"""How channels are."""

from django.utils import timezone

from distribution.models import Channel
from distribution.rules.channels import SECRET_WARNING
from jobly import limits


def _secret_ends(channel: Channel) -> list[str]:
    """Warn of a secret whose end is known and near."""
    end = channel.credentials_end_on
    if end is None or end > (timezone.now() + SECRET_WARNING).date():
        return []
    verb = "ended" if end < timezone.now().date() else "ends"
    return [f"has a secret that {verb} on {end:%d %B %Y}; enter a new one"]


def troubles(channel: Channel) -> list[str]:
    """Say what keeps a channel from publishing, in few words; nothing when it is well."""
    found: list[str] = []
    if not channel.enabled:
        why = channel.switched_off_why.rstrip(".")
        return [f"switched itself off: {why}"] if why else found
    if channel.credentials_refused_at:
        found.append(f"refuses the credentials: {channel.credentials_refused.rstrip('.')}")
    found += _secret_ends(channel)
    breaker = limits.breaker_state(channel.breaker_key)
    if breaker.state != "closed":
        found.append("does not answer; it is tried again by itself")
    if channel.parked_until is not None and channel.parked_until > timezone.now():
        found.append(f"asked for a pause until {channel.parked_until:%H:%M} UTC")
    if channel.is_called and not channel.credentials:
        found.append("has no credentials")
    return found
