"""What proves where a job stood: each move of a distribution, and our own looks at postings."""

from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobly.users.rules import Principal

from .distributions import Distribution


class MoveQuerySet(models.QuerySet["DistributionMove"]):
    """Moves, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep moves of distributions of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(distribution__company_id__in=principal.company_ids)


class DistributionMove(models.Model):
    """One change of a distribution's status; the first is its birth, from nothing.

    A trigger of the database writes them, so that no way of changing a status leaves one out, and
    another refuses to change them.
    """

    id = models.BigAutoField(primary_key=True)
    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="moves")
    was = models.CharField(max_length=16, blank=True)
    became = models.CharField(max_length=16)
    at = models.DateTimeField()
    code = models.CharField(max_length=64, blank=True)
    because = models.TextField(blank=True)
    actor_id = models.UUIDField(null=True, help_text="The person on whose word it moved.")
    run_id = models.UUIDField(null=True, help_text="The work that moved it.")

    objects = MoveQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["distribution", "id"], name="moves_in_order"),
            models.Index(fields=["at"], name="moves_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.was or 'nothing'} → {self.became}"


class LookQuerySet(models.QuerySet["LiveLook"]):
    """Looks, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep looks at distributions of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(distribution__company_id__in=principal.company_ids)


class LiveLook(models.Model):
    """One look at a posting as job seekers find it: where, what was there, and what shows it."""

    class Way(models.TextChoices):
        """Who was asked."""

        PAGE = "page", "its public page"
        BOARD = "board", "the board's own status"

    class Verdict(models.TextChoices):
        """What it came to; `unsure` proves nothing either way."""

        LIVE = "live"
        GONE = "gone"
        UNSURE = "unsure"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="looks")
    at = models.DateTimeField(db_default=Now())
    way = models.CharField(max_length=8, choices=Way)
    verdict = models.CharField(max_length=8, choices=Verdict)
    url = models.TextField(blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    why = models.CharField(max_length=200, blank=True)
    evidence = models.JSONField(default=dict)
    run_id = models.UUIDField(null=True)

    objects = LookQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["distribution", "-id"], name="looks_in_order")]

    def __str__(self) -> str:
        return f"{self.verdict}: {self.why}"
