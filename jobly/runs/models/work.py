"""Units of background work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now
from uuid_utils.compat import uuid7

from jobly.runs.rules.selection import Selection
from jobly.runs.rules.streams import streams_of
from jobly.users.models import Company
from jobly.users.rules import Principal

from .choosing import choice
from .watch import Queue

TERMINAL = ("succeeded", "failed", "cancelled")
CHILDREN = "children"  # the owner of a run that waits for its children


class RunQuerySet(models.QuerySet["Run"]):
    """Runs, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep runs on the streams this principal may read."""
        if principal.is_staff:
            return self
        return self.filter(stream__in=streams_of(principal))

    def unfinished(self) -> Self:
        """Keep runs that are queued or running."""
        open_ones = (Run.Status.QUEUED, Run.Status.RUNNING)
        return self.filter(status__in=open_ones, finished_at=None)

    def due(self) -> Self:
        """Keep queued runs whose time has come by the database's clock."""
        queued = self.filter(status=Run.Status.QUEUED, finished_at=None)
        return queued.filter(available_at__lte=Now())

    def unpaused(self) -> Self:
        """Leave out runs that wait in a paused queue."""
        paused = Queue.objects.filter(paused_at__isnull=False)
        return self.exclude(queue__in=paused.values("pk"))

    def of_family(self, root_id: Any) -> Self:
        """Keep a run and everything that it started, directly or not."""
        return self.of_families([root_id])

    def of_families(self, root_ids: Sequence[Any]) -> Self:
        """Keep runs that nobody started and everything that they started, directly or not."""
        parts = Q(root_id__in=root_ids, parent__isnull=False)
        return self.filter(Q(pk__in=root_ids) | parts)

    def writable_by(self, principal: Principal) -> Self:
        """Keep runs this principal may stop and repeat: their company's, or their own."""
        if principal.is_staff:
            return self
        own = Q(company=None, actor_id=principal.user_id) if principal.user_id else Q(pk=None)
        return self.filter(Q(company_id__in=principal.writable_ids) | own)

    def cancellable(self) -> Self:
        """Keep runs that have not ended and that nobody has asked to stop."""
        return self.unfinished().filter(cancel_requested_at=None)

    def repeatable(self) -> Self:
        """Keep failed and cancelled runs that have not been repeated since."""
        first = Coalesce(OuterRef("replay_of_id"), OuterRef("pk"))
        since = Run.objects.filter(replay_of=first, pk__gt=OuterRef("pk"))
        return self.filter(~Exists(since), status__in=[Run.Status.FAILED, Run.Status.CANCELLED])

    def later(self) -> Self:
        """Keep queued runs that are not due yet."""
        return self.filter(status=Run.Status.QUEUED, available_at__gt=Now())

    def open_to(self, verb: str) -> Self:
        """Keep runs that `cancel`, `again` or `now` would change."""
        if verb == "again":
            return self.repeatable()
        return self.cancellable() if verb == "cancel" else self.later()

    def selected(self, wanted: Selection, *, now: datetime) -> Self:
        """Keep what a selection means; `now` is what its spans are counted from."""
        return self.filter(choice(wanted, now))


class Run(models.Model):
    """One unit of background work: what, for whom, how far, by whom, with what outcome."""

    class Status(models.TextChoices):
        """Queued → running → one of the last three, which nothing leaves."""

        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=100)
    queue = models.CharField(max_length=32, default="default")
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    args = models.JSONField(default=dict)
    payload_version = models.PositiveSmallIntegerField(default=1)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        db_index=False,
    )
    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, related_name="+", null=True, db_index=False
    )
    stream = models.CharField(max_length=80)
    idempotency_key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null = no key
    priority = models.SmallIntegerField(default=0)

    #: tries so far; release, deferral and crash give theirs back
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=1)
    crash_count = models.PositiveIntegerField(default=0)
    crashes = ArrayField(models.DateTimeField(), default=list)
    #: grows with every claim; a write that names an older one is refused
    fence = models.BigIntegerField(default=0)
    owner = models.CharField(max_length=200, default="")
    lease_until = models.DateTimeField(null=True)
    available_at = models.DateTimeField(db_default=Now())
    dispatched_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)

    progress = models.PositiveSmallIntegerField(default=0)
    step = models.CharField(max_length=200, default="")
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=64, default="")
    error_class = models.CharField(max_length=200, default="")
    error = models.CharField(max_length=500, default="")
    result = models.JSONField(null=True)
    #: the timeline: `{at, what, attempt, fence, owner, error}`, the first and the last of many
    history = models.JSONField(default=list)

    waits = models.BooleanField(default=False)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, related_name="+", null=True, db_index=False
    )
    root_id = models.UUIDField()
    replay_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, related_name="+", null=True, db_index=False
    )
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", *TERMINAL]), name="run_known_status"
            ),
            models.CheckConstraint(
                condition=Q(status__in=TERMINAL, finished_at__isnull=False)
                | (~Q(status__in=TERMINAL) & Q(finished_at__isnull=True)),
                name="run_terminal_is_finished",
            ),
            models.CheckConstraint(
                condition=Q(status="running", lease_until__isnull=False)
                | (~Q(status="running") & Q(lease_until__isnull=True)),
                name="run_running_is_leased",
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="run_progress_is_percent"),
            models.UniqueConstraint(
                fields=["kind", "company", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                nulls_distinct=False,
                name="run_once_per_key",
            ),
        ]
        # Statistics are always old where a backlog has just come, and then any index on queued rows
        # looks as good as any other to the planner. So each names another column that is empty
        # in every queued row, and a statement that shall walk an index names that column too.
        indexes: ClassVar = [
            models.Index(
                "queue",
                F("priority").desc(),
                "available_at",
                "id",
                condition=Q(status="queued", lease_until=None),
                name="run_claim",
            ),
            models.Index(
                "queue",
                "stream",
                F("priority").desc(),
                "available_at",
                "id",
                condition=Q(status="queued", owner=""),
                name="run_turn",
            ),
            models.Index(
                fields=["queue", "available_at"],
                condition=Q(status="queued", finished_at=None),
                name="run_due",
            ),
            models.Index(fields=["lease_until"], condition=Q(status="running"), name="run_lease"),
            models.Index(
                fields=["parent", "status"],
                condition=Q(parent__isnull=False),
                name="run_children",
            ),
            models.Index(
                fields=["root_id", "status"],
                condition=Q(parent__isnull=False),
                name="run_family",
            ),
            models.Index(
                fields=["replay_of"], condition=Q(replay_of__isnull=False), name="run_replays"
            ),
            models.Index(
                "company",
                F("created_at").desc(),
                condition=Q(company__isnull=False),
                name="run_of_company",
            ),
            models.Index(fields=["actor"], condition=Q(actor__isnull=False), name="run_of_actor"),
            models.Index("stream", F("created_at").desc(), name="run_on_stream"),
            models.Index(F("created_at").desc(), condition=Q(status="failed"), name="run_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_finished(self) -> bool:
        """Whether the run has come to an end, good or bad."""
        return self.status in TERMINAL
