"""Jobs on channels, and every exchange with a board."""

import secrets
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from distribution.errors import DistributionMoved
from distribution.rules import states
from ingestion.models import Job
from jobly.runs.actions.current import current_run
from jobly.users.models import Company, User
from jobly.users.rules import Principal

from .channels import Channel
from .rehearsals import Rehearsal

TOKEN_BYTES = 12  # nobody guesses the link of another publication


def new_token() -> str:
    """Return what the links of one publication are known by: 16 characters fit for addresses."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def moved_by(actor: User | None = None) -> dict[str, UUID | None]:
    """Return the columns that tell a move who asked for it and which run it happens in."""
    run = current_run()
    person = actor.pk if actor is not None else run.actor_id if run is not None else None
    return {"moved_by": person, "moved_in": run.pk if run is not None else None}


class DistributionQuerySet(models.QuerySet["Distribution"]):
    """Distributions, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep distributions of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)

    def standing(self) -> Self:
        """Keep those that have not ended: at most one a job and channel."""
        return self.exclude(status__in=states.ENDED)

    def due(self) -> Self:
        """Keep scheduled ones whose moment has come."""
        return self.filter(status="scheduled", scheduled_publish_at__lte=Now())

    def with_names(self) -> Self:
        """Fetch what a list shows in one query."""
        return self.select_related("channel", "job", "company")


AllDistributions = models.Manager.from_queryset(DistributionQuerySet)


class RealDistributions(AllDistributions["Distribution"]):
    """Distributions without those of rehearsals: what lists, plans and figures are made of."""

    def get_queryset(self) -> DistributionQuerySet:
        """Leave rehearsals out."""
        return DistributionQuerySet(self.model, using=self._db).filter(rehearsal=None)


class Distribution(models.Model):
    """One job on one channel and its state."""

    class Status(models.TextChoices):
        """Where it stands; only `published` means that job seekers can see it."""

        PENDING = "pending"
        SCHEDULED = "scheduled"
        SENDING = "sending"
        UNKNOWN = "unknown"
        ACCEPTED = "accepted"
        PUBLISHED = "published"
        FAILED = "failed"
        REJECTED = "rejected"
        NEEDS_ATTENTION = "needs_attention"
        CLOSED = "closed"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="distributions")
    upload_id = models.UUIDField(null=True, blank=True, editable=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    external_id = models.CharField(max_length=64, unique=True, editable=False)
    token = models.CharField(
        max_length=32,
        unique=True,
        default=new_token,
        editable=False,
        help_text="In the links of this publication; tells where an applicant came from.",
    )
    post_id = models.TextField(blank=True)
    post_url = models.TextField(blank=True)
    task_id = models.TextField(blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    scheduled_publish_at = models.DateTimeField(null=True, blank=True)
    retry_count = models.PositiveSmallIntegerField(default=0)
    max_retries = models.PositiveSmallIntegerField(default=states.MAX_RETRIES)
    run_id = models.UUIDField(
        null=True, editable=False, help_text="The run of the present publication."
    )
    attempts_before = models.PositiveIntegerField(
        default=0, editable=False, help_text="Attempts of earlier publications."
    )
    next_look_at = models.DateTimeField(null=True, editable=False)
    unknown_since = models.DateTimeField(null=True, editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    error_field = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # who moves it and in which run: told with a change of status, kept in its DistributionMove, and
    # emptied again by the trigger that writes that row
    moved_by = models.UUIDField(null=True, editable=False)
    moved_in = models.UUIDField(null=True, editable=False)
    plan_id = models.UUIDField(
        null=True, blank=True, editable=False, help_text="The run that planned it with others."
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When its stay ends.")
    reminded_at = models.DateTimeField(null=True, editable=False)
    renewals = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="Times it was renewed by itself."
    )
    relists = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="Times in a row it was listed anew."
    )
    relisted_from = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="relisted_as"
    )
    relist_asked_at = models.DateTimeField(null=True, editable=False)
    close_asked_at = models.DateTimeField(null=True, editable=False)
    close_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    gone_at = models.DateTimeField(
        null=True, editable=False, help_text="When a look found that the board shows it no more."
    )
    still_there_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When the board was seen to show it after its end.",
    )
    close_asks = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="Times it was asked again to end it."
    )
    left_over_at = models.DateTimeField(
        null=True, editable=False, help_text="When asking was given up and people were told."
    )
    approved_hash = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Fingerprint of the words that somebody said yes to.",
    )
    views_count = models.PositiveIntegerField(default=0)
    clicks_count = models.PositiveIntegerField(default=0)
    applications_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    because = models.CharField(
        max_length=200, blank=True, help_text="What put the job here, if nobody did by hand."
    )
    rehearsal = models.ForeignKey(
        Rehearsal,
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        related_name="distributions",
        db_index=False,
    )

    objects = RealDistributions()
    everything = DistributionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job", "channel"],
                condition=~Q(status__in=["closed", "expired"]),
                name="job_once_a_channel",
            ),
            models.CheckConstraint(
                condition=~Q(status="scheduled") | Q(scheduled_publish_at__isnull=False),
                name="scheduled_says_when",
            ),
            models.CheckConstraint(
                condition=Q(external_id__regex=r"^jobly-[0-9a-f]{32}$"), name="external_id_shape"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "-id"]),
            models.Index(fields=["company", "status", "-id"]),
            models.Index(fields=["channel", "status"]),
            models.Index(
                fields=["company", "expires_at"],
                condition=Q(status="published", expires_at__isnull=False),
                name="stays",
            ),
            models.Index(
                fields=["still_there_at"], condition=~Q(still_there_at=None), name="leftovers"
            ),
            models.Index(fields=["plan_id"], condition=~Q(plan_id=None), name="of_a_plan"),
            models.Index(fields=["upload_id"], condition=~Q(upload_id=None), name="of_an_upload"),
            models.Index(
                fields=["rehearsal"], condition=Q(rehearsal__isnull=False), name="of_a_rehearsal"
            ),
            models.Index(
                fields=["scheduled_publish_at"], condition=Q(status="scheduled"), name="scheduled"
            ),
            models.Index(
                fields=["next_look_at"],
                condition=Q(status__in=["unknown", "accepted", "published"])
                & ~Q(next_look_at=None),
                name="looked_at_next",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @staticmethod
    def new_external_id(key: UUID) -> str:
        """Return the id a board knows a distribution by; 38 characters, never made twice."""
        return f"jobly-{key.hex}"

    def move(self, to: Status, *, actor: User | None = None, **fields: Any) -> None:
        """Change status by compare-and-set, or raise DistributionMoved and change nothing.

        The database keeps the move with the run it happens in and the person who asked for it.
        """
        start = self.Status(self.status)
        row = Distribution.everything.filter(pk=self.pk, status=start)
        if to not in states.MOVES[start] or not row.update(
            status=to, updated_at=Now(), **moved_by(actor), **fields
        ):
            raise DistributionMoved(
                f"A {start} distribution cannot become {to}; nothing was changed.",
                distribution=str(self.pk),
            )
        self.take_over({"status": to, **fields})

    def take_over(self, written: dict[str, Any]) -> None:
        """Have the values that an update wrote; those the database made up are read when asked."""
        for name, value in written.items():
            if hasattr(value, "resolve_expression"):
                self.__dict__.pop(name, None)
            else:
                setattr(self, name, value)
        self.__dict__.pop("updated_at", None)


class AttemptQuerySet(models.QuerySet["Attempt"]):
    """Attempts, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep attempts of distributions of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(distribution__company_id__in=principal.company_ids)

    def open(self) -> Self:
        """Keep intents without an outcome."""
        return self.filter(outcome=None)

    def creates(self) -> Self:
        """Keep exchanges that may have made a posting."""
        return self.filter(op="create")


class Attempt(models.Model):
    """One exchange with a board: the intent, written ahead, then once its outcome."""

    class Op(models.TextChoices):
        """What was asked."""

        CREATE = "create"
        UPDATE = "update"
        RENEW = "renew"
        CLOSE = "close"
        LOOKUP = "lookup"
        POLL = "poll"

    class Outcome(models.TextChoices):
        """What came of it; null = not known yet."""

        ACCEPTED = "accepted"
        PUBLISHED = "published"
        REFUSED = "refused"
        UNAVAILABLE = "unavailable"
        UNKNOWN = "unknown"
        FOUND = "found"
        ABSENT = "absent"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    distribution = models.ForeignKey(
        Distribution, on_delete=models.CASCADE, related_name="attempts"
    )
    number = models.PositiveIntegerField()
    op = models.CharField(max_length=8, choices=Op)
    fence = models.BigIntegerField(default=0)
    request = models.JSONField(default=dict)
    sent_at = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=16, choices=Outcome, null=True)  # noqa: DJ001 # unknown
    http_status = models.PositiveSmallIntegerField(null=True)
    response = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["distribution", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["distribution", "number"], name="attempts_in_order"),
            models.CheckConstraint(
                condition=Q(outcome=None, ended_at=None)
                | Q(outcome__isnull=False, ended_at__isnull=False),
                name="outcome_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.op} {self.outcome or '…'}"
