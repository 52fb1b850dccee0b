"""What recruiters decide about a file before it counts: its columns, and rows that look known."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobly.users.models import Company, User

from .pipeline import Upload


class ColumnMapping(models.Model):
    """Which column holds what in files with these headers, as the company's people chose it."""

    id = models.BigAutoField(primary_key=True)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    signature = models.CharField(max_length=64, help_text="Of the headers, in their order.")
    mapping = models.JSONField(help_text='{"our field": "their column"}; "" is left out.')
    chosen_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    chosen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "signature"], name="mapping_once_a_header"),
        ]

    def __str__(self) -> str:
        return f"{self.company}: {', '.join(self.mapping.values())[:80]}"


class RowMatch(models.Model):
    """A row of a file that is, or looks like, another row or a job, and what a person chose.

    `row` and `first_row` count from 1 as in the file; `evidence` says what is alike, and how much.
    """

    class Kind(models.TextChoices):
        """How it is like the other; changed and known are the same job, alike may be another."""

        REPEATED = "repeated", "Stands in the file twice"
        CHANGED = "changed", "Changes a job"
        KNOWN = "known", "Says nothing new of a job"
        ALIKE = "alike", "Looks like a job"

    class Choice(models.TextChoices):
        """What becomes of the row; without a choice it is what its kind suggests."""

        SKIP = "skip", "Leave it out"
        UPDATE = "update", "Update that job"
        SEPARATE = "separate", "Keep both: meant to be two"

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="matches")
    row = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    job_id = models.BigIntegerField(null=True)
    first_row = models.PositiveIntegerField(null=True)
    evidence = models.JSONField(default=dict)
    choice = models.CharField(max_length=8, choices=Choice, blank=True)
    why = models.TextField(blank=True)
    chosen_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    chosen_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["row"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["upload", "row"], name="match_once_a_row"),
            models.CheckConstraint(
                condition=~Q(choice="separate") | ~Q(why=""), name="kept_both_says_why"
            ),
            models.CheckConstraint(
                condition=Q(job_id__isnull=False) ^ Q(first_row__isnull=False),
                name="match_with_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.row}: {self.kind}"


class PostingTemplate(models.Model):
    """What a new posting of the company may begin with: fields of the form as they were typed."""

    id = models.BigAutoField(primary_key=True)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    fields = models.JSONField(default=dict)
    saved_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "name"], name="template_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
