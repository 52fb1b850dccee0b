"""Schedules and what became of their due times."""

from datetime import timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from uuid_utils.compat import uuid7

from jobly.runs.rules.words import in_words

from .work import Run


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    """Schedules, narrowed."""

    def switched_on(self) -> Self:
        """Keep those that fire; beat's own row can be switched off too."""
        beats = Q(periodic_task=None) | Q(periodic_task__enabled=True)
        return self.filter(beats, enabled=True)

    def with_clock(self) -> Self:
        """Fetch what says when they are due, and `since`: up to when all is accounted for."""
        last = ScheduleSlot.objects.filter(schedule=OuterRef("pk")).order_by("-slot")
        position = Coalesce("accounted_until", Subquery(last.values("slot")[:1]), F("created_at"))
        rows = self.select_related("periodic_task__crontab", "periodic_task__interval")
        return rows.annotate(since=position)


class Schedule(models.Model):
    """Work by the clock: what to start and what to do about slots that were missed."""

    class Misfire(models.TextChoices):
        """What becomes of slots that passed while nobody was there."""

        RUN_ONCE = "run_once"
        RUN_ALL = "run_all"
        SKIP = "skip"

    class Overlap(models.TextChoices):
        """What becomes of a slot whose predecessor still runs."""

        SKIP = "skip"
        QUEUE = "queue"
        ALLOW = "allow"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=100)
    args = models.JSONField(default=dict, blank=True)
    #: a crontab of five fields or "every 30 s"; the periodic task's own clock goes first
    clock = models.CharField(max_length=100)
    timezone = models.CharField(max_length=64, default="UTC")
    misfire = models.CharField(max_length=16, choices=Misfire, default=Misfire.RUN_ONCE)
    overlap = models.CharField(max_length=16, choices=Overlap, default=Overlap.SKIP)
    #: how late a slot may start and still count as in time
    grace = models.DurationField(default=timedelta(minutes=5))
    #: a run that takes longer raises an alarm; null = by what the last runs took
    long_after = models.DurationField(null=True, blank=True)
    #: so long without a success raises an alarm; null = by how often it is due
    silent_after = models.DurationField(null=True, blank=True)
    enabled = models.BooleanField(default=True)
    periodic_task = models.OneToOneField(
        "django_celery_beat.PeriodicTask", on_delete=models.SET_NULL, related_name="+", null=True
    )
    #: what was due up to here is written down or does not count; null = since it was created
    accounted_until = models.DateTimeField(null=True, editable=False)
    #: silence counts from here: its clock or its switch was changed; null = since it was created
    watched_since = models.DateTimeField(null=True, editable=False)
    #: when a run of it last succeeded, as far as the watch has seen
    succeeded_at = models.DateTimeField(null=True, editable=False)
    #: the last run that a person started, which is no slot's; not enforced, for runs are archived
    by_hand = models.ForeignKey(
        Run,
        on_delete=models.DO_NOTHING,
        related_name="+",
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return in_words(self.kind) if self.name == self.kind else self.name


class ScheduleSlot(models.Model):
    """What became of one due time of a schedule."""

    class Outcome(models.TextChoices):
        """A run, taken along by a later one, or left out."""

        RUN = "run"
        COALESCED = "coalesced"
        SKIPPED = "skipped"

    class Why(models.TextChoices):
        """Why a slot got no run of its own."""

        NONE = "", "it has a run of its own"
        MISSED = "missed", "nobody was there; a later one did the work"
        LATE = "late", "nobody was there until the grace had passed"
        BUSY = "busy", "the run before it was still going on"
        TOO_MANY = "too_many", "more were missed than are made good"

    id = models.BigAutoField(primary_key=True)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="slots")
    slot = models.DateTimeField()
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, related_name="+", null=True)
    outcome = models.CharField(max_length=16, choices=Outcome)
    why = models.CharField(max_length=16, choices=Why, default=Why.NONE, db_default="")
    #: how many due times this row speaks for: more than one after a very long absence, where
    #: those before it are not written one by one
    stands_for = models.PositiveIntegerField(default=1, db_default=1)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["schedule", "slot"], name="slot_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["schedule", "-slot"],
                condition=Q(run__isnull=False),
                name="slot_with_run",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.slot:%Y-%m-%d %H:%M} {self.outcome}"
