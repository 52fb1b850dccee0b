"""Set up channels and change them."""

import base64
import secrets
from typing import Any

from django.db import IntegrityError
from django.db import transaction as django_transaction

from distribution.actions import credentials
from distribution.errors import ChannelExists
from distribution.models import Channel
from distribution.rules.channels import (
    DEFAULTS,
    SANDBOX_CHANNELS,
    SANDBOX_FIGURES,
    BoardKind,
    addresses_of,
)
from jobly.runs.actions import transaction
from jobly.users.models import Company, User

SECRET_BYTES = 32  # of a webhook's signing key


def create_channel(
    company: Company, *, slug: str, kind: BoardKind, by_operator: bool = True, **columns: Any
) -> Channel:
    """Add a board; figures left out are those of the real board's contract.

    Addresses that do not come from an operator are called at public places only.
    Raises: ChannelExists.
    """
    columns.setdefault("name", slug.replace("-", " ").title())
    row = Channel.of_kind(kind, company=company, slug=slug, **columns)
    row.address_trusted = by_operator or not _new_addresses(row, frozenset())
    try:
        with django_transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as exc:
        raise ChannelExists(
            f"{company.slug} has a channel {slug} already.", fields={"slug": ["taken"]}
        ) from exc
    return row


def new_signing_secret() -> str:
    """Return a secret for a webhook, in the form that Standard Webhooks gives it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _new_addresses(channel: Channel, known: frozenset[str]) -> frozenset[str]:
    """Return the addresses a channel would call that are neither known nor its kind's own."""
    usual = DEFAULTS[channel.board]
    own = addresses_of(usual.base_url, usual.options)
    return addresses_of(channel.base_url, channel.options) - known - own


@transaction
def change_channel(
    channel: Channel, *, actor: User | None = None, by_operator: bool = True, **columns: Any
) -> Channel:
    """Change columns of a channel; new credentials or another address drop the old token.

    They also lift the mark of a channel that was refused, and what waited goes on. A new address
    that does not come from an operator is called at public places only.
    Emits: ChannelReconnected.
    """
    known = addresses_of(channel.base_url, channel.options)
    anew = columns.keys() & {"credentials", "base_url", "options"}
    if anew:
        columns |= {"token": None, "token_expires_at": None}
    if columns.get("enabled"):
        columns["switched_off_why"] = ""
    for name, value in columns.items():
        setattr(channel, name, value)
    # entering credentials says nothing about an address that somebody else gave
    says_where = columns.keys() & {"base_url", "options"}
    if (by_operator and says_where) or _new_addresses(channel, known):
        channel.address_trusted = by_operator
        columns["address_trusted"] = by_operator
    channel.save(update_fields=list(columns))
    if anew:
        credentials.reconnect(channel, actor=actor)
    return channel


@django_transaction.atomic
def connect_sandbox(company: Company, *, is_demo: bool = True) -> list[Channel]:
    """Give a company the practice boards and our own one, those it lacks (INTERFACE §5)."""
    have = set(Channel.objects.filter(company=company).values_list("slug", flat=True))
    rows = []
    for slug, columns in SANDBOX_CHANNELS.items():
        if slug in have:
            continue
        figures = {} if columns["kind"] == "internal" else SANDBOX_FIGURES
        given = {**figures, **columns, "is_demo": is_demo}
        rows.append(create_channel(company, slug=slug, **given))
    return rows
