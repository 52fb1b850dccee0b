"""Duplicates: what each job is compared by, pairs with their evidence, and what persons said."""

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from jobly.users.models import User
from jobly.users.rules import Principal

from .catalogue import Job
from .sources import Source


class Cluster(models.Model):
    """One job that several postings tell of; `Job.cluster` says which, `canonical` is shown."""

    id = models.BigAutoField(primary_key=True)
    canonical = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["-updated_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.canonical} and its copies"


class LikenessSign(models.Model):
    """The MinHash of a job's words: 128 values of 16 bits, by which version of the rules."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="+")
    slots = models.BinaryField(max_length=256)
    words = models.PositiveIntegerField(help_text="Word pairs of the text.")
    keys = ArrayField(models.BigIntegerField(), help_text="Its rows of LikenessKey.")
    version = models.CharField(max_length=8)

    def __str__(self) -> str:
        return f"sign of job {self.job_id}"


class LikenessKey(models.Model):
    """A job is found under this key by jobs that may be its copies; dropped when out of date.

    No foreign key: a check a row would cost more than the row, and who reads joins the jobs.
    """

    pk = models.CompositePrimaryKey("key", "job_id")
    key = models.BigIntegerField()
    job_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.key} of job {self.job_id}"


class LikenessRule(models.Model):
    """By what bars pairs are judged: the newest row stands, of a source before that of all.

    Rows are only added, so that it stays known who changed what.
    """

    class Name(models.TextChoices):
        """What decides beyond identity."""

        LIKENESS = "likeness", "words, skills, place and rank"
        COSINE = "cosine", "cosine of word counts alone"

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=16, choices=Name, default=Name.LIKENESS)
    jaccard = models.FloatField(default=0.5)
    containment = models.FloatField(default=0.8)
    skills = models.FloatField(default=0.3)
    cosine = models.FloatField(default=0.95)
    window_days = models.FloatField(default=7)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(jaccard__range=(0.2, 1), containment__range=(0.2, 1))
                & Q(skills__range=(0, 1), cosine__range=(0.2, 1), window_days__range=(0, 365)),
                name="likeness_bars_are_shares",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_name_display()}, by {self.created_by or 'default'}"


class LikenessQuerySet(models.QuerySet["Likeness"]):
    """Pairs, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep pairs of which the principal may see both jobs."""
        if principal.is_staff:
            return self
        seen = Job.objects.visible_to(principal)
        return self.filter(job_a__in=seen, job_b__in=seen)

    def to_review(self) -> Self:
        """Keep what waits for a person: unsure pairs, and spot checks of what was merged."""
        asked = Q(answer="unsure") | Q(answer="same", is_spot_check=True)
        return self.filter(asked, said="")

    def behind(self, row: "Likeness") -> Self:
        """Keep pairs that come after one in the order of review."""
        return self.filter(Q(jaccard__lt=row.jaccard) | Q(jaccard=row.jaccard, pk__lt=row.pk))

    def with_jobs(self) -> Self:
        """Fetch what a pair shows in one query."""
        return self.select_related(
            "job_a__employer", "job_a__source", "job_b__employer", "job_b__source", "said_by"
        )


class Likeness(models.Model):
    """Two jobs that are, or may be, the same: what was measured, what the rule and a person say.

    `job_a` is the older. `answer` is the rule's; `said`, where it is not empty, a person's, and
    goes before it. Shares are of 1.
    """

    class Answer(models.TextChoices):
        """What is said of a pair; unsure is never merged."""

        SAME = "same"
        UNSURE = "unsure"
        DIFFERENT = "different"

    id = models.BigAutoField(primary_key=True)
    # each begins an index of its own below
    job_a = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+", db_index=False)
    job_b = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+", db_index=False)
    answer = models.CharField(max_length=16, choices=Answer)
    rule = models.CharField(max_length=16, help_text="exact, url, fuzzy or cosine")
    jaccard = models.FloatField()
    containment = models.FloatField()
    shared = models.PositiveIntegerField(default=0, help_text="Pairs of words that both have.")
    cosine = models.FloatField()
    title = models.FloatField()
    skills = models.FloatField(null=True)
    place = models.CharField(max_length=8)
    rank = models.CharField(max_length=8)
    employer = models.CharField(max_length=8)
    days = models.FloatField(help_text="Between the days both were first seen.")
    same_url = models.BooleanField()
    same_content = models.BooleanField()
    version = models.CharField(max_length=8, help_text="Of the rules that measured it.")
    is_spot_check = models.BooleanField(default=False)
    said = models.CharField(max_length=16, blank=True, choices=Answer)
    said_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    said_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    objects = LikenessQuerySet.as_manager()

    class Meta:
        verbose_name = "pair"
        verbose_name_plural = "duplicates"
        ordering: ClassVar = ["-jaccard", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job_a", "job_b"], name="a_pair_once"),
            models.CheckConstraint(condition=Q(job_a__lt=F("job_b")), name="the_older_job_first"),
            models.CheckConstraint(
                condition=Q(said="") | Q(said_at__isnull=False), name="a_verdict_has_its_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["job_b", "job_a"], name="likeness_of_the_newer"),
            models.Index(
                fields=["-jaccard", "-id"],
                condition=Q(said="") & (Q(answer="unsure") | Q(answer="same", is_spot_check=True)),
                name="likeness_to_review",
            ),
            models.Index(fields=["said"], condition=~Q(said=""), name="likeness_said"),
        ]

    def __str__(self) -> str:
        return f"{self.job_a} and {self.job_b}"

    @property
    def stands(self) -> str:
        """What counts: the person's word, else the rule's."""
        return self.said or self.answer


class LikenessVerdict(models.Model):
    """One thing a person said of a pair, or took back: the history behind `Likeness.said`."""

    id = models.BigAutoField(primary_key=True)
    likeness = models.ForeignKey(Likeness, on_delete=models.CASCADE, related_name="verdicts")
    said = models.CharField(max_length=16, blank=True, help_text="Empty: the word before is void.")
    before = models.CharField(max_length=16, blank=True)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.said or 'taken back'} by {self.actor or 'nobody'}"
