"""People who apply for jobs, their steps, and what is written about and to them."""

import re
import secrets
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models
from django.db.models import (
    Case,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, Now
from uuid_utils.compat import uuid7

from distribution.errors import ApplicantMoved
from distribution.rules import stages
from ingestion.models import Job
from jobly.artifacts.models import Artifact
from jobly.users.models import Company, User
from jobly.users.rules import Principal

from .distributions import Distribution
from .questions import IDLE_DAYS, KEEP_DAYS, LONGER_DAYS, ApplicationTerms, Question, Row_co

SECRET_BYTES = 24  # of the status link
TOLD_APART = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])")
A_DAY = timedelta(days=1)
WORDS = SearchVector("name", "email", config="simple")


def new_secret() -> str:
    """Return what the status link of one application is known by: 32 characters.

    It has what logs tell a secret by: small and capital letters, and digits.
    """
    while not TOLD_APART.match(found := secrets.token_urlsafe(SECRET_BYTES)):
        pass
    return found


def _before(name: str, usual: int) -> Combinable:
    """Return the moment before which an application is too old by a column of its terms."""
    terms = ApplicationTerms.objects.filter(company=OuterRef("company"))
    told = Coalesce(Subquery(terms.values(name)), Value(usual))
    days = Case(When(keep_longer=True, then=Greatest(told, Value(LONGER_DAYS))), default=told)
    return Now() - ExpressionWrapper(days * Value(A_DAY), models.DurationField())


class ApplicantQuerySet(models.QuerySet["Applicant"]):
    """Applicants, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep applicants of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)

    def waiting(self) -> Self:
        """Keep those who wait for somebody's decision."""
        return self.filter(stage__in=stages.OPEN, erased_at=None)

    def by_secret(self, secret: str) -> Self:
        """Keep the one whose link this is."""
        return self.filter(secret=secret)

    def past_their_time(self) -> Self:
        """Keep those that the company's terms keep no longer; who agreed to it is kept longer.

        Where the job has ended the days count from its last change; while it stays open, from the
        last thing that happened to the application: a step, a letter, a note, a rating.
        """
        there = self.filter(erased_at=None)
        is_open = Q(job__status__in=["live", "draft"])
        over = _before("keep_days", KEEP_DAYS)
        past = ~is_open & Q(job__updated_at__lt=over, created_at__lt=over)
        idle = _before("idle_days", IDLE_DAYS)
        mine = {"applicant": OuterRef("pk"), "at__gte": OuterRef("idle_since")}
        quiet = is_open & Q(created_at__lt=idle, stage_at__lt=idle)
        quiet &= Q(heard_at=None) | Q(heard_at__lt=idle)
        quiet &= Q(~Exists(ApplicantNote.objects.filter(**mine)))
        quiet &= Q(~Exists(ApplicantRating.objects.filter(**mine)))
        return there.annotate(idle_since=idle).filter(past | quiet)

    def found_by(self, query: str) -> Self:
        """Keep those whose name or address has words that begin so; an index serves it."""
        return self.annotate(words=WORDS).filter(
            words=SearchQuery(query, search_type="raw", config="simple")
        )

    def alike(self, row: "Applicant") -> Self:
        """Keep other applications of the company that look like the same person's."""
        return self.filter(_same(row.__dict__), company_id=row.company_id).exclude(pk=row.pk)

    def with_twins(self) -> Self:
        """Say beside each row whether another application looks like the same person's."""
        outer = {name: OuterRef(name) for name in _ALIKE}
        others = Applicant.objects.filter(_same(outer), company=OuterRef("company"))
        return self.annotate(has_twin=Exists(others.exclude(pk=OuterRef("pk"))))

    def with_names(self) -> Self:
        """Fetch what a list shows in one query."""
        return self.select_related("job", "company", "distribution__channel")


_ALIKE = ("email_key", "phone_key", "name_key", "cv_sha256")


def _same(values: dict[str, Any]) -> Q:
    """Return the condition for the same address, number, or name with the same CV."""
    given = {name: values[name] for name in _ALIKE}
    same_mail = ~Q(email_key="") & Q(email_key=given["email_key"])
    same_phone = ~Q(phone_key="") & Q(phone_key=given["phone_key"])
    same_cv = ~Q(cv_sha256="") & Q(cv_sha256=given["cv_sha256"], name_key=given["name_key"])
    return same_mail | same_phone | same_cv


class Applicant(models.Model):
    """One person's application for one job; `erased_at` = only the tombstone is left.

    `known` says how the publication it came by was found out. `rating` is the mean of its
    recruiters' stars.
    """

    class Stage(models.TextChoices):
        """How far it is."""

        NEW = "new"
        SCREEN = "screen"
        INTERVIEW = "interview"
        OFFER = "offer"
        HIRED = "hired"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"

    class Known(models.TextChoices):
        """How we know where it came from."""

        TOKEN = "token", "by its link"
        MATCHED = "matched", "matched"
        UNKNOWN = "unknown", "not known"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+")
    distribution = models.ForeignKey(
        Distribution, on_delete=models.SET_NULL, null=True, related_name="applicants"
    )
    known = models.CharField(max_length=8, choices=Known, default=Known.UNKNOWN)
    name = models.CharField(max_length=200)
    email = models.EmailField()
    phone = models.CharField(max_length=40, blank=True)
    cover = models.TextField(blank=True)
    cv = models.ForeignKey(Artifact, on_delete=models.SET_NULL, null=True, related_name="+")
    cv_sha256 = models.CharField(max_length=64, blank=True)
    name_key = models.CharField(max_length=200, blank=True, help_text="Folded, words in order.")
    email_key = models.CharField(max_length=254, blank=True)
    phone_key = models.CharField(max_length=20, blank=True, help_text="The last nine digits.")
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.NEW)
    stage_at = models.DateTimeField(db_default=Now(), help_text="When it came to this stage.")
    rating = models.DecimalField(max_digits=3, decimal_places=2, null=True)
    flags = models.PositiveSmallIntegerField(default=0, help_text="Answers worth a look.")
    heard_at = models.DateTimeField(null=True, help_text="When we last wrote.")
    form_key = models.UUIDField(editable=False)
    secret = models.CharField(max_length=48, unique=True, default=new_secret, editable=False)
    keep_longer = models.BooleanField(default=False)
    consent_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = ApplicantQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "form_key"], name="form_sent_once"),
            models.CheckConstraint(
                condition=Q(erased_at=None)
                | Q(name="", email="", phone="", cover="", cv=None, cv_sha256="")
                & Q(name_key="", email_key="", phone_key=""),
                name="erased_means_erased",
            ),
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__gte=1, rating__lte=5), name="one_to_five"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "-id"]),
            models.Index(fields=["job", "stage", "-id"]),
            models.Index(fields=["company", "stage", "stage_at"]),
            models.Index(fields=["distribution", "-id"]),
            models.Index(
                fields=["company", "email_key"], condition=~Q(email_key=""), name="alike_by_mail"
            ),
            models.Index(
                fields=["company", "phone_key"], condition=~Q(phone_key=""), name="alike_by_phone"
            ),
            models.Index(
                fields=["company", "cv_sha256"], condition=~Q(cv_sha256=""), name="alike_by_cv"
            ),
            GinIndex(WORDS, name="applicant_words"),
        ]

    def __str__(self) -> str:
        return self.name or "erased"

    def move(self, to: Stage, **fields: Any) -> None:
        """Change stage by compare-and-set, or raise ApplicantMoved and change nothing."""
        was = self.Stage(self.stage)
        row = Applicant.objects.filter(pk=self.pk, stage=was, erased_at=None)
        if not row.update(stage=to, stage_at=Now(), **fields):
            raise ApplicantMoved(
                "Somebody else moved this application meanwhile; nothing was changed.",
                applicant=str(self.pk),
            )
        self.refresh_from_db(fields=["stage", "stage_at", *fields])


class OfApplicants(models.QuerySet[Row_co]):
    """Rows that belong to applicants, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep rows of applicants of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(applicant__company_id__in=principal.company_ids)


class ApplicantMove(models.Model):
    """One step of an application, as it was told then; an undo is a step of its own."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    applicant = models.ForeignKey(Applicant, on_delete=models.CASCADE, related_name="moves")
    was = models.CharField(max_length=10, choices=Applicant.Stage)
    became = models.CharField(max_length=10, choices=Applicant.Stage)
    at = models.DateTimeField(db_default=Now())
    actor = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Empty: themselves."
    )
    reason = models.CharField(max_length=500, blank=True)
    batch = models.UUIDField(help_text="The same for all that moved together.")
    undoes = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, related_name="undone_by"
    )

    objects = OfApplicants.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["batch"]), models.Index(fields=["-at"])]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(was=models.F("became")), name="a_move_moves"),
        ]

    def __str__(self) -> str:
        return f"{self.was} → {self.became}"


class Answer(models.Model):
    """What an applicant answered to a question as it was asked; `flagged` = worth a look."""

    id = models.BigAutoField(primary_key=True)
    applicant = models.ForeignKey(Applicant, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.SET_NULL, null=True, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=8, choices=Question.Kind)
    label = models.CharField(max_length=300)
    value = models.TextField(blank=True)
    file = models.ForeignKey(Artifact, on_delete=models.SET_NULL, null=True, related_name="+")
    flagged = models.BooleanField(default=False)

    objects = OfApplicants.as_manager()

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.label


class ApplicantNote(models.Model):
    """What a recruiter wrote down about an application."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    applicant = models.ForeignKey(Applicant, on_delete=models.CASCADE, related_name="notes")
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    at = models.DateTimeField(db_default=Now())

    objects = OfApplicants.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.text[:40]


class ApplicantRating(models.Model):
    """One recruiter's stars for an application, 1 to 5."""

    id = models.BigAutoField(primary_key=True)
    applicant = models.ForeignKey(Applicant, on_delete=models.CASCADE, related_name="ratings")
    actor = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    stars = models.PositiveSmallIntegerField()
    at = models.DateTimeField(db_default=Now())

    objects = OfApplicants.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["applicant", "actor"], name="rated_once_each"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="stars_to_five"),
        ]

    def __str__(self) -> str:
        return f"{self.stars} of 5"


class Letter(models.Model):
    """A mail to an applicant: made once by its key, written down before it goes out."""

    class Status(models.TextChoices):
        """Where it is."""

        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        UNCERTAIN = "uncertain", "not certain"
        CANCELLED = "cancelled"

    LOST = (Status.FAILED, Status.UNCERTAIN)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    applicant = models.ForeignKey(Applicant, on_delete=models.CASCADE, related_name="letters")
    key = models.CharField(max_length=80, unique=True)
    move = models.ForeignKey(
        ApplicantMove, on_delete=models.SET_NULL, null=True, related_name="letters"
    )
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    subject = models.CharField(max_length=250)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    objects = OfApplicants.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__isnull=False), name="sent_says_when"
            ),
        ]

    def __str__(self) -> str:
        return self.subject
