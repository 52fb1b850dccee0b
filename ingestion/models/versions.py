"""What a company's job was before each change, and what its recruiters keep beside it."""

from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from jobly.users.models import User

from .catalogue import Job


class JobDesk(models.Model):
    """What only the company sees of its job: who looks after it, and notes.

    Apart from the job's row, so that the public catalogue does not carry it a million times.
    """

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="desk")
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    recruiter = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    openings = models.PositiveSmallIntegerField(default=1)
    is_hot = models.BooleanField(default=False, help_text="Urgent: stands above the others.")
    is_public = models.BooleanField(default=True, help_text="May be shown outside the company.")
    notes = models.TextField(blank=True)
    edited_at = models.DateTimeField(
        null=True, help_text="When a person last changed the text by hand; a file may not know it."
    )

    def __str__(self) -> str:
        return f"desk of job {self.job_id}"


class JobVersionQuerySet(models.QuerySet["JobVersion"]):
    """Versions, narrowed."""

    def newest_first(self) -> Self:
        """Order as a history shows them."""
        return self.select_related("actor").order_by("-number")


class JobVersion(models.Model):
    """A company's job as it was after one change; number 1 is what it was before the first.

    `values` holds every column that a change can touch, as JSON; `changed` names those that differ
    from the version before.
    """

    class How(models.TextChoices):
        """By which door the change came."""

        FIRST = "first", "as it came"
        WRITTEN = "written", "written by hand"
        EDIT = "edit", "edited by hand"
        UPLOAD = "upload", "a file"
        ENRICHMENT = "enrichment", "a suggestion taken over"
        RESTORE = "restore", "an earlier version restored"
        STATUS = "status", "closed or opened"
        REPROCESS = "reprocess", "read anew"

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    how = models.CharField(max_length=12, choices=How)
    changed = ArrayField(models.TextField(), default=list)
    values = models.JSONField()
    why = models.TextField(blank=True)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    objects = JobVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["job", "number"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["job", "number"], name="version_number_once_a_job"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of job {self.job_id}"
