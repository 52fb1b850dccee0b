"""What was fetched, and what became of every item of it."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobly.artifacts.models import Artifact
from jobly.users.models import Company, User
from jobly.users.rules import Principal

from .sources import Fetch, Source, of_companies


class CollectionQuerySet(models.QuerySet["RawCollection"]):
    """Collections, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep collections of sources the principal may see."""
        return self.filter(of_companies(principal, "source__company_id"))


class RawCollection(models.Model):
    """One answer of a source, stored untouched: bytes, hash, request, timing, calls used."""

    class Status(models.TextChoices):
        """How far it came; a list is kept for the record, its postings came by themselves."""

        STORED = "stored"
        LIST = "list"
        PROCESSED = "processed"
        QUARANTINED = "quarantined"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="collections")
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=255, blank=True)
    shape = models.JSONField(default=dict, help_text="What the content was recognised as.")
    schema_fingerprint = models.CharField(
        max_length=16, blank=True, help_text="Of the names and types at the top of its items."
    )
    fetch = models.ForeignKey(
        Fetch, on_delete=models.PROTECT, null=True, blank=True, related_name="collections"
    )
    number = models.PositiveIntegerField(default=0, help_text="Of the page within its fetch.")
    request = models.JSONField(default=dict, help_text="What was asked for; no secrets.")
    request_key = models.CharField(
        max_length=64, blank=True, help_text="The same for the same question."
    )
    response = models.JSONField(default=dict, help_text="Status and headers of use.")
    milliseconds = models.PositiveIntegerField(default=0)
    calls_used = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=16, choices=Status, default=Status.STORED)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    collected_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        verbose_name = "collection"
        ordering: ClassVar = ["-collected_at"]
        indexes: ClassVar = [
            models.Index(fields=["source", "-collected_at"]),
            models.Index(
                fields=["source", "request_key", "-collected_at"],
                condition=~Q(request_key=""),
                name="collections_by_question",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["fetch", "number"],
                condition=Q(fetch__isnull=False),
                name="page_once_a_fetch",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} · {self.collected_at:%Y-%m-%d %H:%M}"


class ProcessingQuerySet(models.QuerySet["Processing"]):
    """Processings, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep processings of collections the principal may see."""
        return self.filter(of_companies(principal, "collection__source__company_id"))

    def current(self) -> Self:
        """Keep passes that count: no undecided shadows, none that a later pass stands for."""
        return self.filter(counts=True, superseded_by=None)


class Processing(models.Model):
    """One pass of a transformer version over one collection, and the books of it.

    A repeated pass stands for the earlier ones when it ends (`superseded_by`); one over rows that
    had failed repairs them, and both count. A shadow counts once it is promoted.
    """

    class Status(models.TextChoices):
        """How far the pass came; partial = ended with rows that failed."""

        PENDING = "pending"
        PROCESSING = "processing"
        COMPLETED = "completed"
        PARTIAL = "partial"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    collection = models.ForeignKey(
        RawCollection, on_delete=models.PROTECT, related_name="processings"
    )
    transformer = models.CharField(max_length=32)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    counts = models.BooleanField(
        default=True, db_default=True, help_text="No shadow, or a promoted one."
    )
    reprocessing = models.ForeignKey(
        "ingestion.Reprocessing", on_delete=models.PROTECT, null=True, related_name="passes"
    )
    repairs = models.BooleanField(
        default=False, db_default=False, help_text="Only over rows that had failed."
    )
    superseded_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    basis = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Of all that decides, beside the bytes, what is made of them.",
    )
    raw = models.PositiveIntegerField(default=0)
    processed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    loaded = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    processed_at = models.DateTimeField(null=True, blank=True)
    loaded_at = models.DateTimeField(null=True, blank=True)

    objects = ProcessingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-started_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(raw=models.F("processed") + models.F("failed")),
                name="raw_is_processed_and_failed",
            ),
            models.CheckConstraint(
                condition=Q(loaded_at=None)
                | Q(processed=models.F("loaded") + models.F("updated") + models.F("duplicates")),
                name="processed_is_loaded_updated_and_duplicates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.collection} · {self.transformer}"


class ProcessedJobQuerySet(models.QuerySet["ProcessedJob"]):
    """Items, narrowed."""

    def failed(self) -> Self:
        """Keep rows of passes that count which failed and were not mended since."""
        rows = self.filter(status="failed", processing__counts=True)
        rows = rows.filter(processing__superseded_by=None)
        return rows.filter(models.Q(again=None) | models.Q(again__counts=False))


class ProcessedJob(models.Model):
    """One item of a processing: its normalised data, or the error it met."""

    class Status(models.TextChoices):
        """What became of the item."""

        PENDING = "pending"
        LOADED = "loaded"
        UPDATED = "updated"
        DUPLICATE = "duplicate"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    processing = models.ForeignKey(  # the unique constraint is its index
        Processing, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    row = models.PositiveIntegerField()
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    external_id = models.TextField(blank=True)
    url_key = models.CharField(max_length=64, blank=True)
    content_key = models.CharField(max_length=64, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    data = models.JSONField(null=True)
    raw = models.JSONField(null=True, help_text="The offending item, kept where it failed.")
    fix = models.JSONField(null=True, help_text="What a person puts in its place; raw stays.")
    again = models.ForeignKey(
        Processing,
        on_delete=models.SET_NULL,
        null=True,
        db_index=False,  # hardly any row has one: the index below leaves the others out
        related_name="+",
        help_text="The pass that took the failed row up again.",
    )
    warnings = models.JSONField(default=list)
    error_field = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    job_id = models.BigIntegerField(null=True)

    objects = ProcessedJobQuerySet.as_manager()

    class Meta:
        verbose_name = "failed item"  # the others nobody is shown
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["processing", "row"], name="row_once_a_processing"),
            models.CheckConstraint(
                condition=Q(status="failed") ^ Q(error_code=""), name="failed_says_why"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["processing", "row"], condition=Q(status="pending"), name="items_to_load"
            ),
            models.Index(
                fields=["processing", "row"], condition=Q(status="failed"), name="items_failed"
            ),
            models.Index(
                fields=["processing", "url_key"],
                condition=Q(external_id="") & ~Q(url_key=""),
                name="items_by_url",
            ),
            models.Index(fields=["job_id"], name="items_of_a_job"),
            models.Index(
                fields=["again"], condition=Q(again__isnull=False), name="items_taken_up_again"
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.row}: {self.status}"


class UploadQuerySet(models.QuerySet["Upload"]):
    """Uploads, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep uploads of the principal's companies."""
        return self.filter(of_companies(principal, "company_id"))

    def with_rejects(self) -> Self:
        """Keep files that have rows which failed."""
        failed = Processing.objects.filter(collection=models.OuterRef("collection"), failed__gt=0)
        return self.filter(models.Exists(failed))


class Upload(models.Model):
    """A recruiter's file: a collection of the company's upload source, with a mode and a fate."""

    class Mode(models.TextChoices):
        """What bad rows do to the good ones."""

        SKIP = "skip"
        ALL_OR_NOTHING = "all_or_nothing"

    class Status(models.TextChoices):
        """How far it came; refused = the file itself, or all of it by its mode.

        What comes through the admin waits for a person: draft (columns are to be chosen), checking
        (its rows are read), checked (somebody decides), discarded. Nothing of it is loaded then.
        """

        DRAFT = "draft"
        CHECKING = "checking"
        CHECKED = "checked"
        QUEUED = "queued"
        LOADED = "loaded"
        REFUSED = "refused"
        DISCARDED = "discarded"

    #: no one may load these: a person has not said so yet
    HELD: ClassVar = (Status.DRAFT, Status.CHECKING, Status.CHECKED, Status.DISCARDED)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    collection = models.OneToOneField(
        RawCollection, on_delete=models.PROTECT, related_name="upload"
    )
    mode = models.CharField(max_length=16, choices=Mode, default=Mode.SKIP)
    mapping = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    run_id = models.UUIDField(null=True, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [models.Index(fields=["company", "-created_at"])]

    def __str__(self) -> str:
        return self.collection.file_name or str(self.pk)
