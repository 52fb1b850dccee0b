"""Where the live server is, seen from a request to the web server."""

from django.conf import settings
from django.http import HttpRequest


def web_origin(request: HttpRequest) -> str:
    """Return scheme, host and port that pages are served from."""
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"


def live_origin(request: HttpRequest) -> str:
    """Return scheme, host and port of the live server: LIVE_URL, else same host, next port."""
    if settings.LIVE_URL:
        return str(settings.LIVE_URL)
    host, _, port = request.get_host().rpartition(":")
    if not host or not port.isdecimal():
        host, port = request.get_host(), str(settings.PORT)
    return f"{request.scheme}://{host}:{int(port) + 1}"


def live_urls(request: HttpRequest) -> dict[str, str]:
    """Return the addresses of both streams."""
    origin = live_origin(request)
    return {
        "sse": f"{origin}/events/stream",
        "ws": f"{origin.replace('http', 'ws', 1)}/ws/events/",
    }
