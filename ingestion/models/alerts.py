"""What operators want to be told of, what they were told, and the figures of each day."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobly.users.rules import Principal

from .sources import Source, of_companies


class AlertRule(models.Model):
    """When something is wrong enough to tell somebody: one row for each thing that is looked at.

    `threshold` is a share in per cent, or minutes where the kind waits; `least` is the number of
    things below which a share says nothing. While it is muted nobody is told; history goes on.
    What is about a company's own source is told to that company too.
    """

    class Kind(models.TextChoices):
        """What is looked at."""

        QUOTA = "quota", "Calls of a source's quota"
        PROCESSING = "processing", "Collections that failed to be read"
        WAITING = "waiting", "Work that waits"
        VALIDATION = "validation", "Rows that failed validation"

    class Channel(models.TextChoices):
        """Where it is told."""

        STAFF = "staff", "the operators' stream and dashboard"

    kind = models.CharField(max_length=16, choices=Kind, primary_key=True)
    threshold = models.PositiveIntegerField(help_text="Per cent; of waiting, minutes.")
    window = models.DurationField(help_text="What share is looked at: of so long until now.")
    least = models.PositiveIntegerField(
        default=1, help_text="Fewer things than this in the window say nothing."
    )
    channel = models.CharField(max_length=16, choices=Channel, default=Channel.STAFF)
    enabled = models.BooleanField(default=True)
    muted_until = models.DateTimeField(null=True, blank=True)
    muted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    looked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering: ClassVar = ["kind"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(threshold__gte=1), name="alert_has_a_threshold"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class AlertQuerySet(models.QuerySet["Alert"]):
    """Alerts, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep those about sources of the principal's companies; others are the operators'."""
        return self.filter(of_companies(principal, "source__company_id"))

    def open(self) -> Self:
        """Keep what is wrong now."""
        return self.filter(ended_at=None)


class Alert(models.Model):
    """One time that a rule was broken: since when, by what, told to whom, until when.

    `subject` names what broke it within the rule: a source's id, or a stage.
    """

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts")
    subject = models.CharField(max_length=64)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, null=True, related_name="+")
    text = models.CharField(max_length=300)
    value = models.FloatField()
    threshold = models.FloatField()
    worst = models.FloatField(help_text="The highest value while it lasted.")
    began_at = models.DateTimeField(db_default=Now())
    told_at = models.DateTimeField(null=True, help_text="Null while its rule was muted.")
    ended_at = models.DateTimeField(null=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-began_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "subject"], condition=Q(ended_at=None), name="one_alert_at_a_time"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-began_at"], name="alerts_latest")]

    def __str__(self) -> str:
        return self.text


class SourceDay(models.Model):
    """The figures of one source on one day (UTC), rolled up so that pages need not count rows.

    `filled` maps a field of a posting to how many of the `sampled` items have it; `reasons` maps
    what failed ("rows", "collections", "fetches") to its error codes and how often each came.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    fetches = models.PositiveIntegerField(default=0)
    failed_fetches = models.PositiveIntegerField(default=0)
    collections = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    milliseconds = models.PositiveBigIntegerField(default=0, help_text="Of all answers together.")
    passes = models.PositiveIntegerField(default=0)
    failed_passes = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0, help_text="Spent reading, all passes together.")
    raw = models.PositiveIntegerField(default=0)
    processed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    loaded = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    sampled = models.PositiveIntegerField(default=0)
    filled: Any = models.JSONField(default=dict)
    reasons: Any = models.JSONField(default=dict)
    rolled_up_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "pipeline"
        verbose_name_plural = "pipeline"
        ordering: ClassVar = ["-day", "source"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "day"], name="day_once_a_source"),
        ]
        indexes: ClassVar = [models.Index(fields=["day"], name="source_days")]

    def __str__(self) -> str:
        return f"{self.source} on {self.day}"
