"""State changes of people, companies and keys."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from . import rules
from .errors import NotAMember, UnknownScope
from .models import ApiKey, Company, IdempotentCall, Membership, ModelSpend, User
from .reports import spending

CALL_KEPT = timedelta(hours=24)
CALL_LOST = timedelta(minutes=5)  # of one that an older version left under way
CALL_LOCK = 0x10B2  # advisory lock class: one write at a time under a key
SPEND_LOCK = 0x10B3  # advisory lock class: one reservation at a time of a company


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


@transaction.atomic
def make_demo_people(slug: str, name: str, people: Sequence[str], password: str) -> Company:
    """Make the demo company with a recruiter, a seeker and an operator; what is there stays."""
    company, _ = Company.objects.get_or_create(slug=slug, defaults={"name": name, "is_demo": True})
    for word in people:
        email = f"{word}@demo.example"
        if User.objects.filter(email=email).exists():
            continue
        staff = word == "staff"
        User.objects.create_user(
            email,
            password,
            name=f"Demo {word}",
            is_demo=True,
            is_staff=staff,
            is_superuser=staff,
        )
    recruiter = User.objects.filter(email="recruiter@demo.example").first()
    if recruiter:
        add_member(recruiter, company, Membership.Role.OWNER)
    return company


@transaction.atomic
def purge_demo_people(*, dry_run: bool) -> dict[str, int]:
    """Remove demo people and companies; return how many there were."""
    users, companies = User.objects.filter(is_demo=True), Company.objects.filter(is_demo=True)
    counts = {"people": users.count(), "companies": companies.count()}
    if not dry_run:
        companies.delete()
        users.delete()
    return counts


def forget_calls(caller: str) -> None:
    """Forget a caller's old writes: a key counts for a day."""
    mine = IdempotentCall.objects.filter(caller=caller)
    mine.filter(created_at__lt=Now() - CALL_KEPT).delete()
    mine.filter(status=None, created_at__lt=Now() - CALL_LOST).delete()


def begin_call(caller: str, key: str, request_hash: str) -> IdempotentCall | None:
    """Take a key until the transaction ends; return the call that has or had it, if there is one.

    One that somebody else is doing at this moment is returned without a status. Nothing is written
    before the end, so a server that dies leaves the key free and nothing done.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [CALL_LOCK, f"{caller} {key}"]
        )
        if not cursor.fetchone()[0]:
            return IdempotentCall(caller=caller, key=key, request_hash=request_hash)
    return IdempotentCall.objects.filter(caller=caller, key=key).first()


def end_call(call: IdempotentCall) -> None:
    """Keep the answer of a write, in the transaction that did it: both are there, or neither."""
    call.save(force_insert=True)


def allow_outside_model(company: Company, *, allowed: bool) -> None:
    """Let texts of a company's jobs go to the configured model server, or no longer."""
    Company.objects.filter(pk=company.pk).update(outside_model=allowed)


@transaction.atomic
def reserve_tokens(company: Company | None, purpose: str, tokens: int) -> ModelSpend | None:
    """Set aside what a call may use at most; None, and nothing set aside, where that is too much.

    To be committed before the call: a process that dies during it leaves them counted as used, so
    that no crash makes room for more than the month has. Company None = the operators' own work.
    """
    whose = str(company.pk) if company else ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [SPEND_LOCK, whose])
    now = spending(company)
    if tokens > now.left:
        return None
    row, _ = ModelSpend.objects.get_or_create(company=company, month=now.month, purpose=purpose)
    ModelSpend.objects.filter(pk=row.pk).update(reserved=F("reserved") + tokens)
    return row


def settle_tokens(spend: ModelSpend, reserved: int, used: tuple[int, int] | None) -> int:
    """Write what a call used, in and out, in place of what was set aside; return how much.

    `used` None = nobody said: then all of it. More than was set aside cannot be charged.
    """
    tokens_in, tokens_out = used if used is not None else (reserved, 0)
    tokens_in = min(tokens_in, reserved)
    tokens_out = min(tokens_out, reserved - tokens_in)
    ModelSpend.objects.filter(pk=spend.pk).update(
        reserved=F("reserved") - reserved,
        tokens_in=F("tokens_in") + tokens_in,
        tokens_out=F("tokens_out") + tokens_out,
        calls=F("calls") + 1,
    )
    return tokens_in + tokens_out
