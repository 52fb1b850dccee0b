"""What each channel would be sent of a job and show of it, and what a change would change."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max

from distribution.models import Channel, Distribution
from distribution.rules import lint, looks, payloads, whatif
from distribution.rules.content import Content
from distribution.rules.lint.findings import Finding
from ingestion.models import Job, JobVersion

from .content import content_for
from .links import naming_for
from .twins import twins_of


@dataclass(frozen=True, slots=True)
class Column:
    """One channel: the exact payload, how it will look there, and what lint says.

    Of a changed job: whether what the board gets is another, and which findings came or went.
    """

    channel: Channel
    payload: dict[str, Any]
    look: looks.Look
    findings: tuple[Finding, ...]
    is_changed: bool = False
    appeared: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    standing: Distribution | None = None

    @property
    def publishable(self) -> bool:
        """Whether nothing stops a publication here."""
        return lint.publishable(self.findings)

    @property
    def text(self) -> str:
        """The payload as people read it."""
        return json.dumps(self.payload, indent=2, ensure_ascii=False, default=str)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the preview route for one channel."""
        return {
            "payload": self.payload,
            "lint": [finding.to_dict() for finding in self.findings],
            "publishable": self.publishable,
        }

    def to_change(self) -> dict[str, Any]:
        """Return the JSON shape of one channel among several."""
        return {
            "channel": self.channel.slug,
            **self.to_dict(),
            "changed": self.is_changed,
            "appeared": [finding.to_dict() for finding in self.appeared],
            "gone": [finding.to_dict() for finding in self.gone],
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """A job on several channels, as it is or as it would be."""

    columns: list[Column]
    unread: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        """How many channels would get something else."""
        return sum(column.is_changed for column in self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the preview route over all channels."""
        return {
            "channels": [column.to_change() for column in self.columns],
            "changes": self.changed,
            "unread": self.unread,
        }


def preview(job: Job, channel: Channel, *, now: datetime) -> dict[str, Any]:
    """Return the exact payload a board would be sent, and what it would object to."""
    return preview_all(job, [channel], now=now).columns[0].to_dict()


def preview_all(
    job: Job, channels: Sequence[Channel], *, now: datetime, wish: Mapping[str, str] | None = None
) -> Preview:
    """Show a job on several channels, and with `wish` what other words would change of that.

    `wish` has fields of `whatif.FIELDS` as the form takes them; nothing is saved. A constant
    number of queries.
    """
    content = content_for(job)
    rows = Distribution.objects.standing().filter(job=job, channel__in=channels)
    standing = {row.channel_id: row for row in rows}
    around = lint.Around(now, twins_of([job]).get(job.pk, ()))
    before = [_column(channel, content, standing.get(channel.pk), around) for channel in channels]
    other, unread = whatif.changed(content, wish or {}, now=now)
    if other == content:
        return Preview(before, unread)
    around = lint.Around(now, around.twins if other.title == content.title else ())
    after = [_column(channel, other, standing.get(channel.pk), around) for channel in channels]
    return Preview([_compared(*pair) for pair in zip(before, after, strict=True)], unread)


def _column(
    channel: Channel, content: Content, standing: Distribution | None, around: lint.Around
) -> Column:
    unsent = Distribution(external_id="jobly-" + "0" * 32, token="0" * 16)
    options = channel.all_options
    naming = naming_for(standing or unsent, "create", around.now or content.listed_at)
    payload = payloads.payload(channel.board, content, options, naming=naming)
    return Column(
        channel,
        payload,
        looks.look(channel.board, content, payload),
        lint.lint(channel.board, content, options, around),
        standing=standing,
    )


def _compared(before: Column, after: Column) -> Column:
    """Return the column of a changed job with what came and went."""
    old, new = (
        {(f.code, f.field, f.message) for f in column.findings} for column in (before, after)
    )
    return Column(
        after.channel,
        after.payload,
        after.look,
        after.findings,
        is_changed=(before.payload, before.look) != (after.payload, after.look),
        appeared=tuple(f for f in after.findings if (f.code, f.field, f.message) not in old),
        gone=tuple(f for f in before.findings if (f.code, f.field, f.message) not in new),
        standing=after.standing,
    )


def newest_version(job: Job) -> int:
    """Return the number an edit of the job is based on."""
    found: int | None = JobVersion.objects.filter(job=job).aggregate(n=Max("number"))["n"]
    return found or 0
