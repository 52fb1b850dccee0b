"""Answering for the collecting of pages: a superuser's word, given, withdrawn, and acted upon."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from ingestion.actions import quotas
from ingestion.errors import NotAcknowledged
from ingestion.models import Acknowledgement, CookieJar, Source
from ingestion.rules.acknowledging import BASES, LASTS, OWN_ACCOUNT, TEXT_VERSION, check
from ingestion.rules.asking import address
from ingestion.rules.cookies import entered
from ingestion.rules.sources import base_url
from jobly.errors import Forbidden, Rejected
from jobly.runs.actions import transaction
from jobly.runs.actions.claims import clock
from jobly.users.models import User

from .visiting import keep_cookies

GUEST = "linkedin_guest"  # the adapter


@dataclass(frozen=True, slots=True)
class Word:
    """What a person fills in to answer for collecting pages of a source."""

    typed: str
    basis: str
    evidence: str
    respect_robots: bool = True
    agent: str = ""


def host_of(source: Source) -> str:
    """Return the host a source's pages are on."""
    return (urlsplit(_url(source)).hostname or "").lower()


def _url(source: Source) -> str:
    return source.base_url or address(base_url(source.adapter, source.settings), source.settings)


@transaction
def acknowledge(source: Source, word: Word, *, actor: User) -> Acknowledgement:
    """Store a superuser's word that pages of a source may be collected, for 180 days.

    It replaces the words before it. Raises: Forbidden, Rejected naming the fields.
    """
    _superuser(actor)
    if word.basis not in BASES:
        raise Rejected("Nothing was acknowledged.", fields={"basis": ["Choose one of them."]})
    check(
        word.typed,
        host_of(source),
        word.evidence,
        respect_robots=word.respect_robots,
        agent=word.agent,
    )
    now = clock()
    source.acknowledgements.valid().update(withdrawn_at=now)
    return Acknowledgement.objects.create(
        source=source,
        user=actor,
        who=actor.email,
        basis=word.basis,
        evidence=word.evidence.strip(),
        typed=" ".join(word.typed.split()),
        text_version=TEXT_VERSION,
        respect_robots=word.respect_robots,
        agent=word.agent.strip(),
        created_at=now,
        expires_at=now + LASTS,
    )


@transaction
def withdraw(row: Acknowledgement, *, actor: User | None) -> None:
    """End an acknowledgement now; what was collected under it stays. Raises: Forbidden."""
    _superuser(actor)
    Acknowledgement.objects.filter(pk=row.pk, withdrawn_at=None).update(withdrawn_at=clock())


@transaction
def switch(source: Source, *, on: bool, actor: User | None) -> None:
    """Switch a source of pages on or off; on only while somebody answers for it.

    Raises: Forbidden, NotAcknowledged.
    """
    _superuser(actor)
    if on and not source.acknowledgements.valid().exists():
        raise NotAcknowledged(f"Nobody answers for collecting pages of {source}; it stays off.")
    Source.objects.filter(pk=source.pk).update(enabled=on)


@transaction
def ask_again(source: Source, *, actor: User | None) -> None:
    """Stop leaving a site alone before its day is over. Raises: Forbidden."""
    _superuser(actor)
    quotas.unpark(source)


@transaction
def enter_cookies(source: Source, typed: str, *, actor: User | None) -> CookieJar:
    """Keep the cookies of an account of ours for a source, in place of those it had, for a week.

    Only while somebody answers for the source on a ground that covers an account. Raises:
    Forbidden, NotAcknowledged, Rejected naming the field.
    """
    _superuser(actor)
    check_account(source)
    return keep_cookies(source, entered(typed, _url(source)))


def check_account(source: Source) -> None:
    """Raise NotAcknowledged unless somebody answers on a ground that covers an account of ours."""
    if source.adapter == GUEST:
        raise NotAcknowledged("Guest pages are asked for without any account; nothing was kept.")
    if not source.acknowledgements.valid().filter(basis__in=OWN_ACCOUNT).exists():
        raise NotAcknowledged(
            f"Nobody says that {source} is our own, permits it or has terms that allow it;"
            " nothing was kept. Answer for it on one of these grounds first."
        )


def _superuser(actor: User | None) -> None:
    if actor is None or not (actor.is_active and actor.is_superuser):
        raise Forbidden("Only a superuser answers for collecting pages; nothing was changed.")
