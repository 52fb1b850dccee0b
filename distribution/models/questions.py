"""What a company asks who applies: questions of a job, sets for many jobs, its terms."""

from typing import ClassVar, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from ingestion.models import Job
from jobly.users.models import Company, User
from jobly.users.rules import Principal

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)
IDLE_DAYS = 365  # while a job stays open, after the last thing that happened to the application
KEEP_DAYS = 180  # after a job closed, unless the company or the applicant says otherwise
LONGER_DAYS = 730  # where the applicant agreed to be kept for other jobs


class OfCompanies(models.QuerySet[Row_co]):
    """Rows of companies, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep rows of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)


class Question(models.Model):
    """One screening question of a job.

    `wanted` and `at_least` mark answers for a person to look at; nothing is ever decided by them.
    """

    class Kind(models.TextChoices):
        """What an answer is."""

        TEXT = "text", "a line of text"
        LONG = "long", "a longer text"
        YES_NO = "yes_no", "yes or no"
        CHOICE = "choice", "one of several"
        NUMBER = "number", "a number"
        DATE = "date", "a date"
        FILE = "file", "a file"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.TEXT)
    label = models.CharField(max_length=300)
    help_text = models.CharField(max_length=300, blank=True)
    required = models.BooleanField(default=False)
    choices = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    wanted = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    at_least = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = OfCompanies.as_manager()

    class Meta:
        ordering: ClassVar = ["position", "id"]
        indexes: ClassVar = [models.Index(fields=["job", "position"])]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(label=""), name="question_asks_something"),
            models.CheckConstraint(
                condition=~Q(kind="choice") | Q(choices__len__gte=2), name="choice_among_some"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class QuestionSet(models.Model):
    """Questions a company asks for many jobs; a job gets copies, so that changes stay its own."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    questions = models.JSONField(default=list, help_text="As `rules.screening.Asked` says.")
    saved_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = OfCompanies.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "name"], name="question_set_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ApplicationTerms(models.Model):
    """How a company treats applications: how long it keeps them, and what it writes first."""

    company = models.OneToOneField(
        Company, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    keep_days = models.PositiveSmallIntegerField(
        default=KEEP_DAYS, help_text="After the job has closed; then the data are erased."
    )
    idle_days = models.PositiveSmallIntegerField(
        default=IDLE_DAYS,
        db_default=IDLE_DAYS,
        help_text="While the job stays open, after the last activity; then the data are erased.",
    )
    confirm_subject = models.CharField(max_length=200, blank=True)
    confirm_text = models.TextField(blank=True, help_text="Empty: our own words.")
    privacy_url = models.URLField(blank=True)

    objects = OfCompanies.as_manager()

    class Meta:
        verbose_name_plural = "application terms"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(keep_days__gte=1, keep_days__lte=3650), name="kept_for_days"
            ),
            models.CheckConstraint(
                condition=Q(idle_days__gte=1, idle_days__lte=3650), name="idle_for_days"
            ),
        ]

    def __str__(self) -> str:
        return f"terms of {self.company_id}"


class ReplyTemplate(models.Model):
    """Words a company sends to applicants again and again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    subject = models.CharField(max_length=200)
    body = models.TextField(help_text="{name}, {job}, {company} and {link} are filled in.")
    saved_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    saved_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = OfCompanies.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "name"], name="reply_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
