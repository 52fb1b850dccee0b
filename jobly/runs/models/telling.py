"""Streams and the events on them."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from jobly.runs.rules.streams import streams_of
from jobly.users.rules import Principal

from .work import Run


class Stream(models.Model):
    """A line of events with contiguous numbers: `user:<id>`, `company:<id>` or `staff`."""

    key = models.CharField(max_length=80, primary_key=True)
    last_seq = models.BigIntegerField(default=0)
    #: the lowest number still kept
    min_seq = models.BigIntegerField(default=1)

    def __str__(self) -> str:
        return self.key


class EventQuerySet(models.QuerySet["Event"]):
    """Events, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep events on the streams this principal may read."""
        if principal.is_staff:
            return self
        return self.filter(stream__in=streams_of(principal))

    def after(self, stream: str, seq: int) -> Self:
        """Keep what followed number `seq` on a stream, in order."""
        return self.filter(stream=stream, seq__gt=seq).order_by("seq")


class Event(models.Model):
    """A fact that happened, or a step in a run's life, at its place in one stream.

    The log outlives what it tells about, so its references are not enforced.
    """

    id = models.BigAutoField(primary_key=True)
    stream = models.CharField(max_length=80)
    seq = models.BigIntegerField()
    #: the name on the wire
    type = models.CharField(max_length=100)
    #: the fact's own name; empty for a run's life
    fact = models.CharField(max_length=100, default="")
    run = models.ForeignKey(
        Run, on_delete=models.DO_NOTHING, related_name="+", null=True, db_constraint=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
    )
    data = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["stream", "seq"], name="event_place_in_stream"),
        ]

    def __str__(self) -> str:
        return f"{self.stream}#{self.seq} {self.type}"
