"""Queues that may be paused, who is alive, and what was told to be wrong."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Queue(models.Model):
    """A line in which runs wait; while it is paused no worker takes one out of it."""

    name = models.CharField(max_length=32, primary_key=True)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True
    )
    why = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        """Whether its runs have to wait."""
        return self.paused_at is not None


class SignOfLife(models.Model):
    """That a worker or the clock was there: `worker:<name>` or `beat:<host>`, and when.

    Kept here and not in Valkey, which may be emptied at any time without anybody being gone.
    """

    name = models.CharField(max_length=200, primary_key=True)
    seen_at = models.DateTimeField(db_default=Now())
    #: how much time may pass between two signs in the worst case of an ordinary day
    every = models.DurationField()
    #: the queues a worker serves
    queues: ArrayField[list[str], Any] = ArrayField(models.CharField(max_length=32), default=list)

    def __str__(self) -> str:
        return self.name


class Alarm(models.Model):
    """Something that is wrong at this moment and was told to the staff; gone when it is over."""

    #: what is wrong with whom, such as `late:ingestion.tidy_storage`
    key = models.CharField(max_length=160, primary_key=True)
    text = models.CharField(max_length=300)
    since = models.DateTimeField()
    told_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.key}: {self.text}"
