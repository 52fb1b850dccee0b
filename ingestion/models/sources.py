"""Where postings come from: sources, their search sets, each pass over them, what it cost."""

from datetime import timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from ingestion.rules.sources import ALERT_SHARE, RIGHTS, Figures, figures, profile_of
from jobly.crypto import EncryptedJSONField
from jobly.runs.models import Schedule
from jobly.users.models import Company
from jobly.users.rules import Principal


def of_companies(principal: Principal, path: str) -> Q:
    """Return the condition that a row's company, found by `path`, is one of the principal's."""
    return Q() if principal.is_staff else Q(**{f"{path}__in": principal.company_ids})


class SourceQuerySet(models.QuerySet["Source"]):
    """Sources, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep sources of the principal's companies; the public ones are the operators'."""
        return self.filter(of_companies(principal, "company_id"))

    def collectable(self) -> Self:
        """Keep those that are switched on and know how to ask."""
        return self.filter(enabled=True).exclude(adapter="")


class Source(models.Model):
    """A configured place to collect from, with its delays and the employer it speaks for.

    Columns left empty where the adapter knows a figure take the adapter's: see `figures`.
    """

    class Kind(models.TextChoices):
        """How items arrive."""

        FILE = "file"
        UPLOAD = "upload"
        API = "api", "API"
        FEED = "feed"
        PAGES = "pages"

    class Period(models.TextChoices):
        """What a quota is counted over, in UTC."""

        DAY = "day"
        MONTH = "month"

    class Strategy(models.TextChoices):
        """What the clock starts: a walk over everything, or only to what is known already."""

        SCHEDULED = "scheduled"
        INCREMENTAL = "incremental"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.FILE)
    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    employer = models.CharField(
        max_length=200, blank=True, help_text="Used, and flagged, where an item names no employer."
    )
    adapter = models.CharField(
        max_length=32, blank=True, help_text="Whose answers it asks for; empty = files, uploads."
    )
    settings = models.JSONField(
        default=dict, blank=True, help_text="Board, site, gateway, endpoint … by adapter."
    )
    base_url = models.TextField(blank=True, help_text="Empty = the adapter's own.")
    credentials = EncryptedJSONField(default=dict, blank=True)
    rights = models.CharField(
        max_length=16,
        choices=list(RIGHTS.items()),
        blank=True,
        help_text="What may be done with its jobs; empty = what the adapter's terms say.",
    )
    quota_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Calls a period; empty = the adapter's figure."
    )
    quota_period = models.CharField(max_length=8, choices=Period, blank=True)
    alert_share = models.PositiveSmallIntegerField(
        default=ALERT_SHARE, help_text="Per cent of the quota at which people are told."
    )
    call_delay = models.DurationField(
        null=True, blank=True, help_text="At least so long between two calls."
    )
    call_timeout = models.DurationField(null=True, blank=True)
    call_price = models.DecimalField(
        max_digits=12, decimal_places=6, default=0, help_text="Of one call, in `price_currency`."
    )
    price_currency = models.CharField(max_length=3, default="USD")
    max_pages = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of one walk; empty = the adapter's figure."
    )
    backup = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Asked instead while the quota of this one is used up.",
    )
    cursor = models.JSONField(default=dict, blank=True, help_text="Where the next walk goes on.")
    strategy = models.CharField(
        max_length=16,
        choices=Strategy,
        default=Strategy.SCHEDULED,
        help_text="What its schedule starts.",
    )
    schedule = models.OneToOneField(
        Schedule, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    parked_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Not asked before this time."
    )
    parked_why = models.TextField(blank=True, editable=False)
    process_delay = models.DurationField(default=timedelta)
    load_delay = models.DurationField(default=timedelta)
    enabled = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SourceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "name"], name="source_name_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(alert_share__gte=1, alert_share__lte=100), name="alert_share_is_one"
            ),
        ]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def figures(self) -> Figures:
        """The figures that hold: its own columns, else its adapter's."""
        names = Figures.__dataclass_fields__
        return figures(self.adapter, {name: getattr(self, name) for name in names})

    @property
    def searches_by_query(self) -> bool:
        """Whether it takes a query and a location."""
        return profile_of(self.adapter).searches

    @property
    def breaker_key(self) -> str:
        """The name of its circuit breaker."""
        return f"source:{self.pk}"


class SearchQuerySet(models.QuerySet["Search"]):
    """Searches, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep searches of sources the principal may see."""
        return self.filter(of_companies(principal, "source__company_id"))

    def enabled(self) -> Self:
        """Keep cells that a walk over the whole source takes."""
        return self.filter(enabled=True)


class Search(models.Model):
    """One cell of a source's search set: a query at a location, with its own bounds and cursor."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="searches")
    query = models.CharField(max_length=200, blank=True)
    location = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166 code, two letters.")
    pages = models.PositiveIntegerField(
        null=True, blank=True, help_text="At most so many a walk; empty = the source's."
    )
    settings = models.JSONField(
        default=dict, blank=True, help_text="Language, age, radius … laid over the source's."
    )
    enabled = models.BooleanField(default=True, help_text="Taken by walks over all the source.")
    cursor = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SearchQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["source", "query", "location"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "query", "location", "country"], name="search_once_a_source"
            ),
        ]

    def __str__(self) -> str:
        return " · ".join(part for part in (self.query, self.location or self.country) if part)


class FetchQuerySet(models.QuerySet["Fetch"]):
    """Fetches, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep fetches of sources the principal may see."""
        return self.filter(of_companies(principal, "source__company_id"))

    def running(self) -> Self:
        """Keep those that have not ended."""
        return self.filter(status="running")


class Fetch(models.Model):
    """One pass of collecting over a source, or over one search of it, and its books.

    `got` counts listings met, `fresh` those that were new or changed; `expected` is what the
    source said it has. Only a `complete` one says anything about what is absent.
    """

    class Strategy(models.TextChoices):
        """Why it was made, and so how far it walks."""

        SCHEDULED = "scheduled"
        ON_DEMAND = "on_demand"
        BATCH = "batch"
        INCREMENTAL = "incremental"
        BACKFILL = "backfill"

    class Status(models.TextChoices):
        """How it ended; partial = less than the source said it has, or than was asked for."""

        RUNNING = "running"
        COMPLETE = "complete"
        PARTIAL = "partial"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="fetches")
    search = models.ForeignKey(
        Search, on_delete=models.SET_NULL, null=True, blank=True, related_name="fetches"
    )
    strategy = models.CharField(max_length=16, choices=Strategy)
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    reason_code = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    expected = models.PositiveIntegerField(null=True, blank=True)
    got = models.PositiveIntegerField(default=0)
    fresh = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    max_pages = models.PositiveIntegerField(null=True, blank=True)
    position = models.JSONField(default=dict, help_text="Behind the last stored page.")
    cursor_before = models.JSONField(default=dict)
    cursor_after = models.JSONField(default=dict)
    run_id = models.UUIDField(null=True, editable=False)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = FetchQuerySet.as_manager()

    class Meta:
        verbose_name = "walk"
        ordering: ClassVar = ["-started_at"]
        indexes: ClassVar = [
            models.Index(fields=["source", "-started_at"]),
            models.Index(fields=["run_id"], name="fetch_of_a_run"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "search"],
                condition=Q(status="running"),
                nulls_distinct=False,
                name="one_walk_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status="running", ended_at=None)
                | (~Q(status="running") & Q(ended_at__isnull=False)),
                name="ended_fetch_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["running", "complete"]) | ~Q(reason_code=""),
                name="bad_fetch_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} · {self.started_at:%Y-%m-%d %H:%M}"


class Quota(models.Model):
    """The calls of a source in one period, counted before each goes out."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="quotas")
    starts_at = models.DateTimeField(help_text="When the period began.")
    calls = models.PositiveIntegerField(default=0)
    told_limit = models.PositiveIntegerField(null=True, help_text="As the source itself says.")
    told_left = models.PositiveIntegerField(null=True)
    spent_until = models.DateTimeField(
        null=True, help_text="The source said that its quota is used up until then."
    )
    alerted_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["-starts_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "starts_at"], name="quota_once_a_period"),
        ]

    def __str__(self) -> str:
        return f"{self.source} since {self.starts_at:%Y-%m-%d}: {self.calls}"


class Listing(models.Model):
    """An entry that a source's pages showed: what makes the next walk fetch only what is new."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(  # the unique constraint is its index
        Source, on_delete=models.CASCADE, related_name="listings", db_index=False
    )
    key = models.TextField(help_text="The source's own id of it.")
    mark = models.CharField(max_length=32, help_text="Changes when the entry does.")
    fetch = models.ForeignKey(
        Fetch, on_delete=models.CASCADE, related_name="+", help_text="The last that met it."
    )
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "key"], name="listing_once_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.key}"
