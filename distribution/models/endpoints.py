"""Addresses that companies want to be told at, and every telling."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobly.crypto import EncryptedJSONField
from jobly.users.models import Company
from jobly.users.rules import Principal


class HookEndpointQuerySet(models.QuerySet["HookEndpoint"]):
    """Endpoints, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep endpoints of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)

    def usable(self) -> Self:
        """Keep those that are told of what happens."""
        return self.filter(enabled=True)

    def cut_off(self) -> Self:
        """Keep those that we stopped telling, as they did not take what they were told."""
        return self.filter(enabled=False).exclude(disabled_reason="")

    def with_counts(self) -> Self:
        """Count what waits and what was given up beside each."""
        return self.annotate(
            waiting=Count("deliveries", filter=Q(deliveries__state="pending")),
            dead=Count("deliveries", filter=Q(deliveries__state="dead")),
        )


class HookEndpoint(models.Model):
    """A URL of a company that hears of its facts, signed as Standard Webhooks are.

    `cursor` is the number of the last event of the company's stream it was told of, or skipped.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    events = models.JSONField(default=list, blank=True, help_text="Empty = all.")
    secret = EncryptedJSONField(default=dict)
    before = EncryptedJSONField(null=True)
    before_until = models.DateTimeField(null=True, editable=False)
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=300, blank=True, editable=False)
    disabled_at = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    timeouts = models.PositiveSmallIntegerField(default=0, editable=False)
    resting_until = models.DateTimeField(null=True, editable=False)
    cursor = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = HookEndpointQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["company", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "url"], name="endpoint_once_a_company"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["company"], condition=Q(enabled=True), name="endpoints_to_tell"),
        ]

    def __str__(self) -> str:
        return self.url


class HookDeliveryQuerySet(models.QuerySet["HookDelivery"]):
    """Deliveries, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep deliveries to endpoints of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(endpoint__company_id__in=principal.company_ids)

    def due(self) -> Self:
        """Keep those whose next try is due, the longest due first."""
        return self.filter(state="pending", next_at__lte=Now()).order_by("next_at", "id")


class HookDelivery(models.Model):
    """One event for one endpoint: told until somebody says 2xx, or given up."""

    class State(models.TextChoices):
        """How it stands."""

        PENDING = "pending", "on its way"
        DELIVERED = "delivered", "delivered"
        DEAD = "dead", "given up"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(HookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.CharField(max_length=100, help_text="The same at every try and endpoint.")
    type = models.CharField(max_length=100)
    body = models.TextField(help_text="The very text that is signed and sent.")
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    why = models.CharField(max_length=300, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Of the present round.")
    next_at = models.DateTimeField(null=True, db_default=Now())
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = HookDeliveryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "event_id"], name="told_once_an_endpoint"),
            models.CheckConstraint(
                condition=Q(state="pending", ended_at=None, next_at__isnull=False)
                | Q(state__in=["delivered", "dead"], ended_at__isnull=False, next_at=None),
                name="delivery_ends_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["endpoint", "-id"], name="deliveries_of_endpoint"),
            models.Index(
                fields=["next_at"], condition=Q(state="pending"), name="deliveries_to_make"
            ),
            models.Index(fields=["ended_at"], name="old_deliveries"),
        ]

    def __str__(self) -> str:
        return self.event_id


class HookTry(models.Model):
    """One try to tell: written before it is sent, then once what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    delivery = models.ForeignKey(HookDelivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    sent_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True, help_text="How the answer begins.")
    error = models.CharField(max_length=300, blank=True)
    ms = models.PositiveIntegerField(null=True, help_text="How long it took.")

    class Meta:
        ordering: ClassVar = ["delivery", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["delivery", "number"], name="tries_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.number}"
