"""What boards fetch: feeds with their editions, what each contained, and who fetched it."""

from datetime import timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from uuid_utils.compat import uuid7

from jobly.users.models import Company
from jobly.users.rules import Principal

from .channels import Channel

LONGEST_FETCH = timedelta(hours=1)  # after this a fetch that has not ended never will


class FeedQuerySet(models.QuerySet["Feed"]):
    """Feeds, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep feeds of the principal's companies."""
        return self if principal.is_staff else self.filter(company_id__in=principal.company_ids)


class Feed(models.Model):
    """What a company lists for who fetches: the jobs of its own board, or those on a feed channel.

    All formats of one listing share it. `edition` counts its contents: it moves if and only if
    what is listed changed. `mark`: every change of jobs by an earlier transaction is in it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, null=True, related_name="+", help_text="None: our board."
    )
    edition = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    jobs = models.PositiveIntegerField(default=0)
    elements = models.PositiveIntegerField(default=0, help_text="One a job and place.")
    about = models.CharField(max_length=64, blank=True, help_text="Digest of what is not a job.")
    standing = models.CharField(
        max_length=64, blank=True, help_text="Digest of the publications that stand on the channel."
    )
    mark = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField(null=True, help_text="When the present edition began.")
    checked_at = models.DateTimeField(null=True, help_text="When all jobs were last compared.")

    objects = FeedQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "channel"], name="one_feed_a_listing", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company_id}, edition {self.edition}"


class FeedEditionQuerySet(models.QuerySet["FeedEdition"]):
    """Editions, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep editions of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(feed__company_id__in=principal.company_ids)


class FeedEdition(models.Model):
    """One content of a feed: how many jobs, and since when it was the present one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="editions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    jobs = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    objects = FeedEditionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["feed", "number"], name="edition_once_a_feed"),
        ]

    def __str__(self) -> str:
        return f"edition {self.number}"


class FeedEntryQuerySet(models.QuerySet["FeedEntry"]):
    """Entries, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep entries of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(feed__company_id__in=principal.company_ids)

    def in_edition(self, number: int) -> Self:
        """Keep what one edition contained."""
        return self.filter(Q(until=None) | Q(until__gt=number), since__lte=number)


class FeedEntry(models.Model):
    """A job as it stood in a feed, from edition `since` to the one before `until`.

    Kept when the job is gone: it proves what was offered to whom.
    """

    id = models.BigAutoField(primary_key=True)
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="entries")
    job_id = models.BigIntegerField()
    digest = models.BigIntegerField(help_text="Of all that is told of the job.")
    since = models.PositiveIntegerField()
    until = models.PositiveIntegerField(null=True)

    objects = FeedEntryQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["feed", "job_id"],
                condition=Q(until=None),
                name="job_stands_once_in_a_feed",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="entry_has_a_span"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["feed", "job_id"], name="entries_of_a_job")]

    def __str__(self) -> str:
        return f"job {self.job_id} since edition {self.since}"


class FeedFetchQuerySet(models.QuerySet["FeedFetch"]):
    """Fetches, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep fetches of the principal's companies' feeds."""
        return self if principal.is_staff else self.filter(company_id__in=principal.company_ids)


class FeedFetch(models.Model):
    """A feed was fetched: by whom, in which edition, how it was answered, how far it got.

    The same answer to the same program in the same minute is one row with a count.
    """

    class Status(models.IntegerChoices):
        """How it was answered."""

        SENT = 200, "sent"
        UNCHANGED = 304, "not changed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="fetches")
    format = models.CharField(max_length=16)
    edition = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(choices=Status)
    who = models.CharField(max_length=32, help_text="A board's program, us, or unknown.")
    agent = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=32, blank=True, help_text="Keyed digest of the last one.")
    minute = models.DateTimeField()
    at = models.DateTimeField(db_default=Now(), help_text="When the last of them began or ended.")
    count = models.PositiveIntegerField(default=1, help_text="How many began.")
    ended = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How many ended, whole or not."
    )
    finished = models.PositiveIntegerField(default=0, help_text="How many got all of it.")
    jobs = models.PositiveIntegerField(default=0, help_text="In the longest of them.")
    bytes = models.PositiveBigIntegerField(default=0, help_text="In the longest of them.")

    objects = FeedFetchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "feed fetches"
        ordering: ClassVar = ["-at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["feed", "format", "edition", "status", "who", "minute"],
                name="one_fetch_a_minute_and_program",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["feed", "format", "-at"], name="fetches_of_a_feed"),
            models.Index(fields=["company", "-at"], name="fetches_of_a_company"),
        ]

    def __str__(self) -> str:
        return f"{self.format} edition {self.edition} by {self.who}"

    @property
    def is_whole(self) -> bool:
        """Whether somebody got all of it, or had it already."""
        return self.status == self.Status.UNCHANGED or self.finished > 0

    @property
    def is_under_way(self) -> bool:
        """Whether one of them may still be streaming; who died over it is cut off an hour later."""
        return self.ended < self.count and self.at > timezone.now() - LONGEST_FETCH

    @property
    def cut_off(self) -> int:
        """How many did not get all of it."""
        began = self.ended if self.is_under_way else self.count
        return 0 if self.status == self.Status.UNCHANGED else max(0, began - self.finished)


class FeedFetchSum(models.Model):
    """What receipts of a month were summed up to, once they are old and prove nothing more."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="fetch_sums")
    format = models.CharField(max_length=16)
    who = models.CharField(max_length=32)
    month = models.DateField(help_text="Its first day.")
    count = models.PositiveBigIntegerField()
    finished = models.PositiveBigIntegerField()
    unchanged = models.PositiveBigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["feed", "format", "who", "month"], name="one_sum_a_month_and_program"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} fetches of {self.format} by {self.who} in {self.month:%Y-%m}"


class Sitemap(models.Model):
    """What the sitemap was made from; one row. `mark` as of a feed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    mark = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"the sitemap below {self.mark}"


class SitemapPart(models.Model):
    """One file of the sitemap: the public live jobs of one range of numbers."""

    number = models.PositiveIntegerField(primary_key=True)
    urls = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    changed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return f"part {self.number} of the sitemap"
