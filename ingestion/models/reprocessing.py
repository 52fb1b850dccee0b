"""Collections read once more: the wish, what would differ, and what was there before."""

from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobly.users.models import User
from jobly.users.rules import Principal

from .pipeline import Processing


class ReprocessingQuerySet(models.QuerySet["Reprocessing"]):
    """Reprocessings, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep all for operators, none for others: they reach over companies."""
        return self if principal.is_staff else self.none()

    def to_forget(self) -> Self:
        """Keep those that ended so long ago that what they keep may go; none under way."""
        kept = Now() - timedelta(days=settings.REPROCESSING_KEEP_DAYS)
        at_rest = ("ready", "done", "rolled_back")
        return self.filter(status__in=at_rest, ended_at__lt=kept, forgotten_at=None)


class Reprocessing(models.Model):
    """A wish to read stored collections again, all its passes, and what came of it.

    A shadow changes nothing until it is promoted; either may be rolled back afterwards.
    """

    class Status(models.TextChoices):
        """How far it is; ready = a shadow that waits for somebody to decide."""

        WORKING = "working"
        READY = "ready"
        PROMOTING = "promoting"
        DONE = "done"
        ROLLING_BACK = "rolling_back"
        ROLLED_BACK = "rolled_back"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    shadow = models.BooleanField(default=False)
    failed_only = models.BooleanField(default=False)
    transformer = models.CharField(max_length=32)
    choice = models.JSONField(default=dict, help_text="Which collections were meant.")
    status = models.CharField(max_length=16, choices=Status, default=Status.WORKING)
    fields = models.JSONField(default=dict, help_text="Field: in how many jobs it would differ.")
    consequences = models.JSONField(default=dict)
    run_id = models.UUIDField(null=True, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    forgotten_at = models.DateTimeField(
        null=True, editable=False, help_text="What it kept went then; nothing can be put back."
    )

    objects = ReprocessingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        kind = "Shadow" if self.shadow else "Reprocessing"
        return f"{kind} · {self.transformer} · {self.created_at:%Y-%m-%d %H:%M}"


class Difference(models.Model):
    """What a shadow pass would do to one job, field by field; long texts are cut for reading."""

    class Verdict(models.TextChoices):
        """What would become of the job."""

        UPDATED = "updated"
        NEW = "new"
        REJECTED = "rejected"

    id = models.BigAutoField(primary_key=True)
    reprocessing = models.ForeignKey(
        "ingestion.Reprocessing", on_delete=models.CASCADE, related_name="differences"
    )
    processing = models.ForeignKey(  # the unique constraint is its index
        Processing, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    row = models.PositiveIntegerField()
    job_id = models.BigIntegerField(null=True)
    verdict = models.CharField(max_length=8, choices=Verdict)
    title = models.TextField(blank=True)
    names = ArrayField(models.TextField(), default=list, help_text="The fields that differ.")
    old = models.JSONField(default=dict)
    new = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["processing", "row"], name="difference_once_a_row"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["reprocessing", "verdict", "id"], name="differences_by_verdict"),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.verdict}"


class BeforeImage(models.Model):
    """A row of the catalogue as it was before a pass wrote it; no columns = it was not there."""

    class Table(models.TextChoices):
        """Of which table."""

        JOB = "job"
        SIGHTING = "sighting"

    id = models.BigAutoField(primary_key=True)
    processing = models.ForeignKey(  # the unique constraint is its index
        Processing, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    table = models.CharField(max_length=8, choices=Table)
    row_id = models.BigIntegerField()
    columns = models.JSONField(null=True)
    written_at = models.DateTimeField(null=True, help_text="A job's updated_at since then.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["processing", "table", "row_id"], name="before_image_once"
            ),
            models.CheckConstraint(
                condition=Q(table="sighting") | Q(written_at__isnull=False),
                name="written_job_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"
