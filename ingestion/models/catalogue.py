"""The catalogue: employers, jobs, where each job was seen, and what the search looks into."""

from functools import reduce
from operator import and_, or_
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import models
from django.db.models import Case, Q, Subquery, Value, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.text import slugify
from pgvector.django import CosineDistance

from ingestion.errors import JobMoved
from ingestion.rules.display import title_words
from ingestion.rules.texts import fold
from jobly.users.models import Company
from jobly.users.rules import Principal

from .pipeline import Processing
from .sources import Source

SIMILAR = 4  # jobs offered beside one
COMPARED = 500  # the newest, of which these are the nearest
FURTHEST = 2.0  # the cosine distance of vectors that point away from each other
FAR = 0.7  # what is further away is about something else


class Employer(models.Model):
    """The hiring organisation named on a job (schema.org hiringOrganization)."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=300)
    key = models.CharField(max_length=300, unique=True, help_text="Name without case and suffix.")
    url = models.TextField(blank=True)
    domain = models.TextField(blank=True)
    size = models.CharField(max_length=16, blank=True, help_text="Heads, as a range: 11-50.")
    is_agency = models.BooleanField(default=False, help_text="Hires for others.")
    logo_url = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep what the principal may see: the public catalogue, our board, the own companies'.

        What came from a source that is for operators' eyes only is in no catalogue.
        """
        if principal.is_staff:
            return self
        private = Source.objects.filter(rights="private").values("pk")
        public = Q(company=None) & ~Q(source__in=private)
        return self.filter(public | Q(on_board=True) | Q(company_id__in=principal.company_ids))

    def live(self) -> Self:
        """Keep jobs one can apply to."""
        return self.filter(status="live")

    def without_copies(self) -> Self:
        """Keep one job of each cluster."""
        return self.filter(is_copy=False)

    def newest(self) -> Self:
        """Order by when a job was posted, or else first seen; an index serves it."""
        return self.filter(search__newest__isnull=False).order_by("-search__newest", "-pk")

    def like(self, job: "Job") -> "list[Job]":
        """Return live jobs like one: with all words of its title, with one of them, its employer's.

        Of each kind the newest are compared with it by their vectors, and the nearest come first;
        words in common are not enough where the rest is about something else.
        """
        words = [SearchQuery(word, config="english") for word in map(fold, title_words(job.title))]
        told = [Q(search__document=reduce(both, words)) for both in (and_, or_) if words]
        alike: list[Job] = []
        kinds = [*((one, FAR) for one in told), (Q(employer=job.employer_id), FURTHEST)]
        for kind, furthest in kinds:
            if len(alike) < SIMILAR:
                known = [job.pk, *(row.pk for row in alike)]
                others = self.live().without_copies().filter(kind).exclude(pk__in=known)
                alike += others.nearest(job, furthest)[: SIMILAR - len(alike)]
        return alike

    def nearest(self, job: "Job", furthest: float) -> "JobQuerySet":
        """Return the newest of these, the nearest to a job first, up to a distance (0 to 2).

        Those without a vector that can be compared with the job's are far away.
        """
        newest = self.newest().values("pk")[:COMPARED]
        model, dimensions, vector = (
            Subquery(Job.objects.filter(pk=job.pk).values(f"embedding__{name}"))
            for name in ("model", "dimensions", "vector")
        )
        cosine = CosineDistance("embedding__vector", vector)
        same = When(embedding__model=model, embedding__dimensions=dimensions, then=cosine)
        rows = Job.objects.filter(pk__in=newest).alias(away=Case(same, default=Value(FAR)))
        near = rows.filter(away__lte=furthest).select_related("employer")
        return near.order_by("away", "-search__newest", "-pk")

    def with_sources(self) -> Self:
        """Fetch what a listing shows in a constant number of queries."""
        told = Job.objects.filter(Q(company=None) | Q(on_board=True))
        told = told.only("cluster", "company", "on_board").prefetch_related("sightings__source")
        copies = models.Prefetch("cluster__jobs", queryset=told)
        rows = self.select_related("employer", "cluster")
        return rows.prefetch_related("sightings__source", copies)


class Job(models.Model):
    """One posting in the catalogue, the canonical row; `company` null = the public catalogue.

    Salaries are minor units of `salary_currency`; annual figures make them comparable.
    """

    class Status(models.TextChoices):
        """Whether one can apply; age alone expires nothing."""

        DRAFT = "draft"
        LIVE = "live"
        CLOSED = "closed"
        EXPIRED = "expired"
        REMOVED = "removed"

    MOVES: ClassVar = {
        Status.DRAFT: {Status.LIVE, Status.CLOSED, Status.REMOVED},
        Status.LIVE: {Status.CLOSED, Status.EXPIRED, Status.REMOVED},
        Status.CLOSED: {Status.LIVE, Status.REMOVED},
        Status.EXPIRED: {Status.LIVE, Status.CLOSED, Status.REMOVED},
        Status.REMOVED: set[Status](),
    }

    id = models.BigAutoField(primary_key=True)
    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="+", help_text="Who may change the job."
    )
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="jobs")
    employer_flagged = models.BooleanField(default=False)
    title = models.TextField()
    description_html = models.TextField(blank=True)
    description_text = models.TextField(blank=True)
    summary = models.TextField(blank=True, db_default="", help_text="In a few sentences.")
    location_text = models.TextField(blank=True)
    city = models.TextField(blank=True)
    region = models.TextField(blank=True)
    country = models.CharField(max_length=2, blank=True)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    more_places = models.JSONField(default=list, help_text="Where the job is offered too.")
    cells = ArrayField(
        models.IntegerField(), default=list, help_text="One-degree cells of all its places."
    )
    remote = models.CharField(max_length=8, blank=True)
    reach = models.CharField(
        max_length=16, blank=True, help_text="Part of the world one may work from."
    )
    employment_type = models.CharField(max_length=16, blank=True)
    seniority = models.CharField(max_length=16, blank=True)
    salary_min = models.BigIntegerField(null=True)
    salary_max = models.BigIntegerField(null=True)
    salary_currency = models.CharField(max_length=3, blank=True)
    salary_period = models.CharField(max_length=8, blank=True)
    salary_annual_min = models.BigIntegerField(null=True)
    salary_annual_max = models.BigIntegerField(null=True)
    salary_source = models.CharField(max_length=16, blank=True)
    salary_text = models.TextField(blank=True)
    salary_confidence = models.FloatField(null=True, help_text="0 a guess, 1 all was said.")
    skills = ArrayField(models.TextField(), default=list)
    skill_facts = models.JSONField(default=list, help_text="Where each is asked for, how much.")
    department = models.CharField(max_length=32, blank=True)
    occupation = models.TextField(blank=True, help_text="The title's normal form.")
    benefits = ArrayField(models.TextField(), default=list)
    education = models.CharField(max_length=16, blank=True)
    experience_months = models.PositiveIntegerField(null=True)
    apply_url = models.TextField(blank=True)
    url = models.TextField(blank=True)
    reference = models.TextField(blank=True)
    language = models.CharField(max_length=8, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.LIVE)
    on_board = models.BooleanField(default=False, help_text="Shown on our own public board.")
    posted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    url_key = models.CharField(max_length=64, blank=True)
    content_key = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64)
    cluster = models.ForeignKey(
        "Cluster",
        on_delete=models.SET_NULL,
        null=True,
        related_name="jobs",
        db_index=False,
        help_text="The jobs that are this one, told by other postings.",
    )
    is_copy = models.BooleanField(
        default=False, db_default=False, help_text="Another job of its cluster is shown."
    )
    is_demo = models.BooleanField(default=False, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["company", "url_key"], condition=~Q(url_key=""), name="jobs_by_url"
            ),
            models.Index(fields=["company", "content_key"], name="jobs_by_content"),
            models.Index(fields=["-first_seen_at", "-id"], name="jobs_newest"),
            models.Index(fields=["company", "-first_seen_at", "-id"], name="jobs_of_a_company"),
            GinIndex(fields=["cells"], name="jobs_by_cell"),
            models.Index(
                fields=["cluster"], condition=Q(cluster__isnull=False), name="jobs_of_a_cluster"
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(status="live", expires_at__isnull=False),
                name="jobs_to_end",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(title=""), name="job_has_a_title"),
            models.CheckConstraint(
                condition=Q(salary_min=None)
                | Q(salary_max=None)
                | Q(salary_max__gte=models.F("salary_min")),
                name="salary_range_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def seen_at(self) -> list["Sighting"]:
        """Where the job and its public copies were seen; reads what `with_sources` fetched."""
        found = list(self.sightings.all())
        for copy in self.cluster.jobs.all() if self.cluster else ():
            if copy.pk != self.pk and (copy.company_id is None or copy.on_board):
                found += copy.sightings.all()
        return sorted(found, key=lambda seen: (seen.first_seen_at, seen.pk))

    @property
    def takes_applications(self) -> bool:
        """Whether it is open and its closing date, if any, is ahead."""
        is_over = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.status == self.Status.LIVE and not is_over

    @property
    def slug(self) -> str:
        """The readable part of the public address."""
        return job_slug(self.title, self.employer.name)

    @property
    def path(self) -> str:
        """The public address below the site's origin."""
        return f"/jobs/{self.pk}-{self.slug}/"

    def move(self, to: Status, **fields: Any) -> None:
        """Change status by compare-and-set, or raise JobMoved and change nothing."""
        start = self.Status(self.status)
        row = Job.objects.filter(pk=self.pk, status=start)
        if to not in self.MOVES[start] or not row.update(status=to, updated_at=Now(), **fields):
            raise JobMoved(f"A {start} job cannot become {to}; nothing was changed.", job=self.pk)
        self.refresh_from_db(fields=["status", "updated_at", *fields])


# slugify's ASCII in one step: letters small, gaps and dashes a space, all else away
SLUG = {
    code: chr(code).lower() if chr(code).isalnum() or chr(code) == "_" else None
    for code in range(128)
} | {ord(gap): " " for gap in map(chr, range(128)) if gap.isspace() or gap == "-"}


def job_slug(title: str, employer: str) -> str:
    """Return the readable part of a job's public address."""
    text = f"{title} {employer}"
    if not text.isascii():
        return slugify(text)[:80] or "job"
    return "-".join(text.translate(SLUG).split()).strip("-_")[:80] or "job"


class Sighting(models.Model):
    """A job was seen at a source: first then, last then, under this key."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="sightings")
    source = models.ForeignKey(  # the unique constraint is its index
        Source, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    key = models.TextField(help_text="ref:<source's own id>, else url:<hash>, else content:<hash>")
    url = models.TextField(blank=True)
    processing = models.ForeignKey(  # indexed by blocks: what is seen again keeps its other entries
        Processing, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "key"], name="seen_once_a_source"),
        ]
        indexes: ClassVar = [
            BrinIndex(
                fields=["processing"],
                name="sightings_of_a_pass",
                autosummarize=True,
                opclasses=["uuid_minmax_multi_ops"],  # few passes a block, however far apart
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.key}"


class JobSearch(models.Model):
    """What the full-text search looks into: stemmed words without places, apart from wide rows."""

    job = models.OneToOneField(
        Job, on_delete=models.CASCADE, primary_key=True, related_name="search"
    )
    document = SearchVectorField()
    newest = models.DateTimeField(help_text="Posted, or else first seen: what a listing sorts by.")

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["document"], name="job_search", fastupdate=True),
            models.Index(fields=["-newest", "-job"], name="job_search_newest"),
        ]

    def __str__(self) -> str:
        return f"search entry of job {self.job_id}"
