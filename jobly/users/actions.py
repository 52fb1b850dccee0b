"""State changes of people, companies and keys."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from . import rules
from .errors import NotAMember, UnknownScope
from .models import ApiKey, Company, Membership, User


@transaction.atomic
def create_api_key(
    user: User,
    *,
    scopes: list[str],
    company: Company | None = None,
    lifetime: timedelta | None = None,
    name: str = "",
) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which is not kept and cannot be shown again.

    Raises: UnknownScope; NotAMember when the person has no role in the company.
    """
    if unknown := rules.unknown_scopes(scopes):
        raise UnknownScope(
            f"No such scope: {', '.join(unknown)}. Known: {', '.join(rules.SCOPES)}.",
            fields={"scopes": [f"unknown: {word}" for word in unknown]},
        )
    if company and not Membership.objects.filter(user=user, company=company).exists():
        raise NotAMember(f"{user.email} has no role in {company.slug}; no key was made.")
    text, prefix, digest = rules.new_key()
    key = ApiKey.objects.create(
        name=name,
        user=user,
        company=company,
        prefix=prefix,
        digest=digest,
        scopes=list(dict.fromkeys(scopes)),
        expires_at=None if lifetime is None else Now() + lifetime,
    )
    key.refresh_from_db()
    return key, text


def revoke_api_key(key: ApiKey) -> None:
    """End a key at once; revoking twice changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now())


def touch_api_key(key: ApiKey) -> None:
    """Remember that a key was used, at most once a minute so that reads stay reads."""
    recent = Now() - timedelta(minutes=1)
    ApiKey.objects.filter(pk=key.pk).exclude(last_used_at__gt=recent).update(last_used_at=Now())


@transaction.atomic
def add_member(user: User, company: Company, role: str) -> Membership:
    """Give a person a role in a company, or change the one there is."""
    row, _ = Membership.objects.update_or_create(
        user=user, company=company, defaults={"role": role}
    )
    return row
