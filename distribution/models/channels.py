"""Boards a company publishes to."""

from datetime import timedelta
from typing import Any, ClassVar, Literal, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from distribution.rules.channels import (
    DEFAULTS,
    INTERNAL,
    INTRANET,
    SANDBOX,
    VIA_INDEED,
    WEBHOOK,
    BoardKind,
    Connection,
    calls,
    is_fetched,
    options_of,
    placed,
)
from jobly.crypto import EncryptedJSONField
from jobly.users.models import Company
from jobly.users.rules import Principal

from .rehearsals import Rehearsal


class ChannelQuerySet(models.QuerySet["Channel"]):
    """Channels, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep channels of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)

    def usable(self) -> Self:
        """Keep channels that are switched on."""
        return self.filter(enabled=True)


AllChannels = models.Manager.from_queryset(ChannelQuerySet)


class RealChannels(AllChannels["Channel"]):
    """Channels without those of rehearsals: what lists, plans and figures are made of."""

    def get_queryset(self) -> ChannelQuerySet:
        """Leave rehearsals out."""
        return ChannelQuerySet(self.model, using=self._db).filter(rehearsal=None)


class Channel(models.Model):
    """A board a company publishes to, with its access, limits and rules.

    Columns left out at creation take the figures of the board's contract (`rules.channels`).
    """

    class Kind(models.TextChoices):
        """Whose contract the board speaks."""

        LINKEDIN = "linkedin", "LinkedIn"
        INDEED = "indeed", "Indeed"
        REST = "rest", "REST job board (Glassdoor)"
        WEBHOOK = "webhook", "a webhook of your own"
        FEED = "feed", "a feed that boards fetch"
        INTRANET = "intranet", "our board for colleagues"
        INTERNAL = "internal", "our own board"

    class RateLimitRule(models.TextChoices):
        """When a board that answered 429 may be called again."""

        RETRY_AFTER = "retry_after", "when the answer says"
        NEXT_MIDNIGHT = "next_midnight", "at the next midnight UTC"

    class CostModel(models.TextChoices):
        """How the board charges."""

        NONE = "none", "nothing"
        FLAT = "flat", "for a posting"
        PER_CLICK = "per_click", "for each click"
        PER_APPLY = "per_apply", "for each application"

    class AtEnd(models.TextChoices):
        """What happens by itself before a posting's stay on the board ends."""

        REMIND = "remind", "remind us"
        RENEW = "renew", "renew it"
        RELIST = "relist", "list it anew"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    slug = models.SlugField(max_length=63, help_text="What --channels and the API take.")
    kind = models.CharField(max_length=16, choices=Kind)
    name = models.CharField(max_length=100)
    base_url = models.TextField(blank=True, help_text="https://host[:port][/path]")
    address_trusted = models.BooleanField(
        default=True,
        db_default=True,
        editable=False,
        help_text="An operator set it, so it may be a private one; others' must be public.",
    )
    credentials = EncryptedJSONField(default=dict, blank=True)
    limit_per_minute = models.PositiveIntegerField(help_text="Submissions in any minute.")
    settle_window = models.DurationField(
        help_text="How long after an unknown outcome the board may still show the posting."
    )
    poll_delay = models.DurationField(help_text="Before the first look at an accepted posting.")
    poll_until = models.DurationField(help_text="After this an accepted posting needs a person.")
    call_timeout = models.DurationField(default=timedelta(seconds=15))
    rate_limit_rule = models.CharField(max_length=16, choices=RateLimitRule)
    idempotent_create = models.BooleanField(help_text="The board ignores a repeat of the same id.")
    lookup = models.BooleanField(help_text="The board can be asked for a posting by our id.")
    batch_size = models.PositiveSmallIntegerField(default=1)
    id_max = models.PositiveSmallIntegerField(default=100)
    options = models.JSONField(default=dict, blank=True)
    enabled = models.BooleanField(default=True)
    cost_model = models.CharField(
        max_length=10, choices=CostModel, default=CostModel.NONE, db_default="none"
    )
    price_minor = models.PositiveBigIntegerField(
        "price",
        default=0,
        db_default=0,
        help_text="In hundredths: 29900 is 299.00. For a posting; a relisting costs again.",
    )
    currency = models.CharField(max_length=3, default="EUR", db_default="EUR", blank=True)
    credits_left = models.PositiveIntegerField(
        null=True, blank=True, help_text="Postings paid for and not used. Empty: not counted."
    )
    stay_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days the board keeps a posting. Empty: as its kind does."
    )
    at_end = models.CharField(
        "when a stay nears its end",
        max_length=8,
        choices=AtEnd,
        default=AtEnd.REMIND,
        db_default="remind",
    )
    renew_before_days = models.PositiveSmallIntegerField(
        default=2, db_default=2, help_text="Days before its end a posting is renewed or relisted."
    )
    renew_most = models.PositiveSmallIntegerField(
        default=3, db_default=3, help_text="Times in a row this happens by itself."
    )
    parked_until = models.DateTimeField(null=True, blank=True, editable=False)
    token = EncryptedJSONField(null=True, editable=False)
    token_expires_at = models.DateTimeField(null=True, editable=False)
    credentials_refused_at = models.DateTimeField(
        null=True, editable=False, help_text="Until a person sets new ones, nothing is sent."
    )
    credentials_refused = models.TextField(blank=True, editable=False, help_text="What was said.")
    credentials_end_on = models.DateField(
        null=True, blank=True, help_text="When the secret ends, where the board says so."
    )
    switched_off_why = models.TextField(
        blank=True, editable=False, help_text="Why it is off, if no person switched it off."
    )
    tested_at = models.DateTimeField(null=True, editable=False)
    test_said = models.TextField(blank=True, editable=False)
    told_until = models.DateTimeField(
        null=True, editable=False, help_text="Up to when the board was told of applicants' stages."
    )
    is_demo = models.BooleanField(default=False, editable=False)
    rehearsal = models.ForeignKey(
        Rehearsal, on_delete=models.CASCADE, null=True, editable=False, related_name="channels"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = RealChannels()
    everything = ChannelQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "slug"], name="channel_once_a_company"),
            models.CheckConstraint(condition=Q(limit_per_minute__gte=1), name="channel_may_send"),
            models.CheckConstraint(
                condition=Q(cost_model__in=["none", "flat", "per_click", "per_apply"]),
                name="known_cost_model",
            ),
            models.CheckConstraint(
                condition=Q(at_end__in=["remind", "renew", "relist"]), name="known_end_of_stay"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "linkedin",
                        "indeed",
                        "rest",
                        "webhook",
                        "feed",
                        "intranet",
                        "internal",
                    ]
                ),
                name="known_channel_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.slug

    @classmethod
    def of_kind(cls, kind: BoardKind, **columns: Any) -> "Channel":
        """Build an unsaved channel with the figures of the real board, `columns` laid over."""
        known = DEFAULTS[kind]
        figures = {
            name: getattr(known, name)
            for name in known.__dataclass_fields__
            if name not in ("options", *columns)
        }
        return cls(kind=kind, **figures, **columns)

    @property
    def board(self) -> BoardKind:
        """The kind, as rules know it."""
        kind: BoardKind = self.Kind(self.kind).value  # type: ignore[assignment] # same words
        return kind

    @property
    def is_internal(self) -> bool:
        """Whether this is our own board, which takes no call."""
        return self.board == INTERNAL

    @property
    def is_for_colleagues(self) -> bool:
        """Whether only members of the company see it, and internal jobs may go there."""
        return self.board == INTRANET

    @property
    def is_called(self) -> bool:
        """Whether publishing there takes a call to somebody else's board."""
        return calls(self.board, self.all_options)

    @property
    def is_fetched(self) -> bool:
        """Whether the board comes for its jobs by itself."""
        return is_fetched(self.board, self.all_options)

    @property
    def can(self) -> Literal["idempotent_create", "lookup", "neither"]:
        """What makes a repeat safe: the board tells it apart, it can be asked, or neither."""
        if self.idempotent_create:
            return "idempotent_create"
        return "lookup" if self.lookup else "neither"

    @property
    def is_mirrored(self) -> bool:
        """Whether its jobs are expected there through Indeed, and stand as they do at Indeed."""
        return self.all_options.get("route") == VIA_INDEED

    @property
    def all_options(self) -> dict[str, Any]:
        """The channel's options with its kind's under them."""
        return options_of(self.board, self.options)

    @property
    def limit_key(self) -> str:
        """The name of its quota in the shared limiter."""
        return f"channel:{self.pk}:sent"

    @property
    def breaker_key(self) -> str:
        """The name of its circuit breaker."""
        return f"channel:{self.pk}"

    @property
    def is_supplied(self) -> bool:
        """Whether people gave its address, so that calls go to public places only."""
        if self.base_url.startswith(SANDBOX):
            return not self.address_trusted
        return self.board == WEBHOOK or not self.address_trusted

    def connection(self, token: str = "") -> Connection:
        """Return what a client needs to call the board."""
        options = self.all_options
        sandbox = settings.SANDBOX_URL
        for name in ("token_url", "view_url"):
            options[name] = placed(str(options.get(name, "")), sandbox)
        return Connection(
            base_url=placed(self.base_url, sandbox),
            credentials=self.credentials or {},
            options=options,
            call_timeout=self.call_timeout,
            token=token,
            is_supplied=self.is_supplied,
        )
