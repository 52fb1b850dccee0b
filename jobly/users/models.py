"""Rows of people, companies, roles and API keys."""

from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower, Now
from django.http import HttpRequest
from uuid_utils.compat import uuid7

from .rules import Holder, Principal, digest, principal_of_roles, split_key


def known_zone(name: str) -> None:
    """Refuse what is no time zone's name. Raises: ValidationError."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:  # the first: not found
        raise ValidationError("No such time zone; one is named like Europe/Oslo.") from exc


class Company(models.Model):
    """The tenant: an employer or agency whose recruiters work here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    outside_model = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Texts of its jobs may go to the configured model server.",
    )
    monthly_tokens = models.PositiveBigIntegerField(
        default=2_000_000, db_default=2_000_000, help_text="Of the model server; then it stops."
    )
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        db_default="UTC",
        validators=[known_zone],
        help_text="Whose clock its calendar and staggered publications go by: Europe/Oslo.",
    )
    is_demo = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "companies"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class UserRows(BaseUserManager["User"]):
    """Make people; Django's commands look for these two names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Insert a person; the address is the login, compared without case."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Insert an operator who may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by login, whatever its case."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person: recruiter, job seeker or operator, known by e-mail address."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(
        "operator", default=False, help_text="Sees every company and the system's own pages."
    )
    is_demo = models.BooleanField(default=False, editable=False)
    time_zone = models.CharField(max_length=64, default="UTC")
    date_joined = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[UserRows] = UserRows()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_without_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Membership(models.Model):
    """A person's role in a company."""

    class Role(models.TextChoices):
        """What a member may do: owners also invite, viewers only read."""

        OWNER = "owner"
        RECRUITER = "recruiter"
        VIEWER = "viewer"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.RECRUITER)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "company"], name="one_role_in_a_company"),
            models.CheckConstraint(
                condition=models.Q(role__in=["owner", "recruiter", "viewer"]), name="known_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} of {self.company}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Keys, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep keys of the person and of the companies the person may write to."""
        if principal.is_staff:
            return self
        return self.filter(
            models.Q(user_id=principal.user_id) | models.Q(company_id__in=principal.writable_ids)
        )

    def usable(self) -> Self:
        """Keep keys that open something at this moment."""
        return self.filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=Now()),
            revoked_at=None,
            user__is_active=True,
        )

    def for_text(self, text: str) -> "ApiKey | None":
        """Find the usable key that was shown once as `text`.

        The digest is compared by the database's unique index over random values, so there is no
        early exit to time.
        """
        parts = split_key(text)
        if parts is None:
            return None
        prefix, secret = parts
        rows = self.usable().select_related("user", "company")
        return rows.filter(prefix=prefix, digest=digest(secret)).first()

    def holders(self, texts: Iterable[str]) -> dict[str, Holder]:
        """Say for whom the usable ones of these keys act, by text; one query for all."""
        parts = {text: split_key(text) for text in texts}
        asked = {text: (two[0], digest(two[1])) for text, two in parts.items() if two}
        if not asked:
            return {}
        rows = self.usable().filter(
            prefix__in=_each("text", [prefix for prefix, _ in asked.values()])
        )
        columns = ("user_id", "user__is_staff", "company_id", "scopes")
        found = {
            (prefix, hashed): Holder(person, is_staff, company, frozenset(scopes))
            for prefix, hashed, person, is_staff, company, scopes in rows.values_list(
                "prefix", "digest", *columns
            )
        }
        return {text: found[known] for text, known in asked.items() if known in found}


class ApiKey(models.Model):
    """A program's way in: hashed, scoped, expiring; acts as its person, or as one company."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, blank=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, related_name="api_keys", null=True, blank=True
    )
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=32))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"jb_{self.prefix}_…"


def principal_of(request: HttpRequest) -> Principal:
    """Say who asks, from the session or the API key of the request; read once a request."""
    known: Principal | None = getattr(request, "_principal", None)
    if known is None:
        key = getattr(request, "auth", None)
        if isinstance(key, ApiKey):
            known = principal_for(key.user, key=key)
        else:
            user = request.user
            known = principal_for(user) if isinstance(user, User) else Principal.anonymous()
        request._principal = known  # type: ignore[attr-defined] # noqa: SLF001 # memo
    return known


def principal_for(user: User, *, key: ApiKey | None = None) -> Principal:
    """Say what a person may see and change; a company's key narrows it to that company."""
    if not user.is_active:
        return Principal.anonymous()
    company, scopes = (key.company_id, frozenset(key.scopes)) if key else (None, None)
    holder = Holder(user.pk, user.is_staff, company, scopes)
    return principals_for([holder])[holder]


def principals_for(holders: Collection[Holder]) -> dict[Holder, Principal]:
    """Say what each of many may see and change, by one query for all."""
    roles: dict[UUID, dict[UUID, str]] = {holder.user_id: {} for holder in holders}
    rows = Membership.objects.filter(user_id__in=_each("uuid", list(roles)))
    for person, company, role in rows.values_list("user_id", "company_id", "role"):
        roles[person][company] = role
    return {holder: principal_of_roles(holder, roles[holder.user_id]) for holder in holders}


def _each(kind: Literal["text", "uuid"], values: list[Any]) -> RawSQL:
    """Hand many values to the database as one array: Django takes long over a thousand of them."""
    return RawSQL(f"SELECT unnest(%s::{kind}[])", [values])  # noqa: S611 # they are a parameter


class IdempotentCall(models.Model):
    """A write by REST that named a key: the same key gives the same answer for a day."""

    caller = models.CharField(max_length=64, help_text="Hash of the credentials it came with.")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, help_text="Null while it is under way.")
    content_type = models.CharField(max_length=100, blank=True)
    body = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["caller", "key"], name="call_once_a_key"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.status or 'under way'}"


class ModelSpend(models.Model):
    """What a company used of the model server in a month for one purpose; the operators' has none.

    `reserved` is what calls under way may use at most: it counts as used until they end.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, null=True, related_name="+")
    month = models.DateField(help_text="Its first day, in UTC.")
    purpose = models.CharField(max_length=32)
    calls = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    reserved = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "month", "purpose"],
                name="spend_once_a_month",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}, {self.month:%B %Y}"
