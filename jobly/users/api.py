"""Keys as a way into the API, and the permission every route states."""

from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from . import actions
from .models import ApiKey, User, principal_of

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module, by its settings


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer jb_…`; a key in the query string is refused."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return the key's person and the key, None when no key was sent."""
        word, _, text = request.headers.get("Authorization", "").partition(" ")
        if word.lower() != "bearer":
            return None
        key = ApiKey.objects.for_text(text.strip())
        if key is None:
            raise exceptions.AuthenticationFailed("The API key is unknown, expired or revoked.")
        actions.touch_api_key(key)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        """Make a refused key a 401."""
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # its metaclass
    """Tell the OpenAPI document about our keys."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Describe the header."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "jb_…"}


class HasScope(BasePermission):
    """Ask for a scope by kind of request; sessions have them all, roles decide the rest."""

    read = ""
    write = ""
    anonymous_reads = False

    @classmethod
    def of(cls, *, read: str, write: str, anonymous_reads: bool = False) -> type["HasScope"]:
        """Return the permission class of a viewset."""
        fields = {"read": read, "write": write, "anonymous_reads": anonymous_reads}
        return type("HasScope", (cls,), fields)

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether a caller may come in at all; which rows is the queryset's business."""
        safe = request.method in SAFE_METHODS
        if not request.user.is_authenticated:
            return safe and self.anonymous_reads
        principal = principal_of(request)
        scope = self.read if safe else self.write
        self.message = f"This key lacks the scope {scope}."
        return principal.has_scope(scope)
