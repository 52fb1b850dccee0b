"""What every page knows: version, demo rows, and whether the person may enter the back office."""

import tomllib
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from jobly.users.models import Company, User, principal_of

DEMO_KEY, DEMO_SECONDS = "page:demo-rows", 60


def page(request: HttpRequest) -> dict[str, Any]:
    """Return what `base.html` shows; read only by pages that show it."""
    return {
        "version": version(),
        "demo_rows": SimpleLazyObject(demo_rows),
        "may_manage": SimpleLazyObject(lambda: _may_manage(request)),
    }


@lru_cache(maxsize=1)
def version() -> str:
    """Return the version of the project file."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text("utf-8"))
    return str(project["project"]["version"])


def demo_rows() -> bool:
    """Whether there is demo data, as of a minute ago at most."""
    try:
        known = cache.get(DEMO_KEY)
        if known is None:
            known = _ask_demo_rows()
            cache.set(DEMO_KEY, known, DEMO_SECONDS)
    except redis.RedisError:  # the cache is away; the page is not
        known = _ask_demo_rows()
    return bool(known)


def _ask_demo_rows() -> bool:
    return (
        Company.objects.filter(is_demo=True).exists() or User.objects.filter(is_demo=True).exists()
    )


def _may_manage(request: HttpRequest) -> bool:
    """Whether the admin opens for this person (see JoblyAdminSite)."""
    if not request.user.is_authenticated:
        return False
    principal = principal_of(request)
    return principal.is_staff or bool(principal.company_ids)
