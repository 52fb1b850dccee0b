"""Who is at the other end of a public page, as far as that person lets us know."""

from django.http import HttpRequest

from distribution.rules.clicks import MOST_AGENT, Reader, reader_of


def reader(request: HttpRequest) -> Reader:
    """Say whether a person asks, somebody who does not want to be followed, or a machine."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return reader_of(request.method or "", headers)


def agent_of(request: HttpRequest) -> str:
    """Return what the browser calls itself, as far as it is looked at."""
    return request.headers.get("User-Agent", "")[:MOST_AGENT]
