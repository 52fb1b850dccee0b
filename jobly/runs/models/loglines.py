"""What runs logged, the last lines of each."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from .work import Run


class RunLog(models.Model):
    """The last log lines of a run, of all its tries; no row where nothing was logged.

    `lines`: `{at, level, name, try, text, trace?}`, oldest first; `total` counts those that fell
    out too, so the last one has number `total`. It may outlive its run, so nothing is enforced.
    """

    run = models.OneToOneField(
        Run, on_delete=models.DO_NOTHING, primary_key=True, related_name="+", db_constraint=False
    )
    lines = models.JSONField(default=list)
    total = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["at"], name="log_by_age")]

    def __str__(self) -> str:
        return f"log of {self.run_id}"
