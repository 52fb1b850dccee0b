"""What counters said, when, and who said so."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobly.users.rules import Principal

from .distributions import Distribution


class ReadingQuerySet(models.QuerySet["Reading"]):
    """Readings, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep readings of distributions of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(distribution__company_id__in=principal.company_ids)

    def newest_first(self) -> Self:
        """Order by the moment they tell of; of two of one moment the one that came last leads."""
        return self.order_by("-at", "-id")


class Reading(models.Model):
    """The counters of one distribution at a moment, by one source; null = not told.

    A reading that came after a newer one of its source is kept and changes no column (`late`).
    """

    class Source(models.TextChoices):
        """Who said so."""

        BOARD = "board", "asked of the board"
        WEBHOOK = "webhook", "told by the board"
        PERSON = "person", "entered by a person"
        API = "api", "sent by a program"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    distribution = models.ForeignKey(
        Distribution, on_delete=models.CASCADE, related_name="readings"
    )
    source = models.CharField(max_length=8, choices=Source)
    at = models.DateTimeField(help_text="When the counters stood so, as the source says.")
    views = models.PositiveIntegerField(null=True)
    clicks = models.PositiveIntegerField(null=True)
    applications = models.PositiveIntegerField(null=True)
    fell = models.BooleanField(default=False, help_text="A counter is lower than it was.")
    late = models.BooleanField(default=False, help_text="A newer one of the source was there.")
    noted_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ReadingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(views__isnull=False)
                | Q(clicks__isnull=False)
                | Q(applications__isnull=False),
                name="reading_says_something",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["distribution", "source", "-at"], name="newest_reading"),
        ]

    def __str__(self) -> str:
        return f"{self.source} at {self.at:%Y-%m-%d %H:%M}"
