"""What boards tell us by themselves: signed events, kept as they came."""

from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobly.crypto import EncryptedJSONField
from jobly.users.rules import Principal

from .channels import Channel
from .distributions import Distribution


class HookKey(models.Model):
    """What a channel's events are verified with: a secret, and after a change the one before.

    Both are sealed as {"secret": text}; a key is shown once, when it is made.
    """

    class Scheme(models.TextChoices):
        """How the sender signs."""

        STANDARD = "standard", "Standard Webhooks"
        INDEED = "indeed", "Indeed Apply (X-Indeed-Signature)"

    channel = models.OneToOneField(
        Channel, on_delete=models.CASCADE, primary_key=True, related_name="hook_key"
    )
    scheme = models.CharField(max_length=16, choices=Scheme, default=Scheme.STANDARD)
    secret = EncryptedJSONField(default=dict)
    before = EncryptedJSONField(null=True)
    before_until = models.DateTimeField(null=True, editable=False)
    changed_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"key of {self.channel_id}"


class InboundHookQuerySet(models.QuerySet["InboundHook"]):
    """Events of boards, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep events of channels of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(channel__company_id__in=principal.company_ids)

    def without_body(self) -> Self:
        """Leave the stored bytes out, as lists do."""
        return self.defer("body")

    def of_posting(self, distribution_id: UUID, topic: str) -> Self:
        """Keep what changed one publication, of one topic, the newest version first."""
        rows = self.filter(distribution_id=distribution_id, topic=topic, state="applied")
        return rows.order_by("-version")

    def waiting(self) -> Self:
        """Keep those that are still to be applied."""
        return self.filter(state__in=["received", "parked"])


class InboundHook(models.Model):
    """One event a board sent: its bytes as they came, and what we did about it.

    The same id counts once a channel, for as long as the row is kept (`rules.hooks.KEEP`).
    """

    class State(models.TextChoices):
        """How far it is."""

        RECEIVED = "received", "received"
        APPLIED = "applied", "applied"
        PARKED = "parked", "waiting for its time"
        IGNORED = "ignored", "kept, nothing to do"
        FAILED = "failed", "could not be applied"

    class Topic(models.TextChoices):
        """What it is about."""

        STATUS = "status"
        METRICS = "metrics"
        APPLICANT = "applicant"
        OTHER = "other"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    event_id = models.CharField(max_length=256)
    type = models.CharField(max_length=100, blank=True)
    topic = models.CharField(max_length=16, choices=Topic, default=Topic.OTHER)
    state = models.CharField(max_length=16, choices=State, default=State.RECEIVED)
    why = models.CharField(max_length=500, blank=True)
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    signed_at = models.DateTimeField(null=True, help_text="What the signature says.")
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    settled_at = models.DateTimeField(null=True, help_text="When it came to rest.")
    repeats = models.PositiveIntegerField(default=0, help_text="How often the id came again.")
    version = models.BigIntegerField(null=True, help_text="Grows with each event of a posting.")
    distribution = models.ForeignKey(
        Distribution, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = InboundHookQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "event_id"], name="hook_once_a_channel"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["channel", "-id"], name="hooks_of_a_channel"),
            models.Index(fields=["distribution", "topic", "-version"], name="newest_hook"),
            models.Index(fields=["received_at"], name="old_hooks"),
            models.Index(
                fields=["received_at"],
                condition=Q(state__in=["received", "parked"]),
                name="hooks_to_apply",
            ),
        ]

    def __str__(self) -> str:
        return self.event_id
