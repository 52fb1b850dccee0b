"""Who is at the other end of a request."""

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """Return the caller's address, trusting one X-Forwarded-For entry a known proxy."""
    hops = settings.TRUSTED_PROXY_HOPS
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if hops and len(chain) >= hops and chain[-hops]:
        return chain[-hops]
    return str(request.META.get("REMOTE_ADDR", ""))
