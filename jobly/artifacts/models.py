"""The row of stored bytes."""

import errno
from collections.abc import Mapping
from datetime import timedelta
from typing import BinaryIO, ClassVar, Self

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from jobly.users.rules import Principal

from .errors import ArtifactGone, StorageAway
from .rules.links import bearer_of, sign

LINK_LIFETIME = timedelta(minutes=15)
AWAY = "The storage does not answer; try again later."  # the cause names places: it is for the log
NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR})


class ArtifactQuerySet(models.QuerySet["Artifact"]):
    """Artifacts, narrowed."""

    def kept(self) -> Self:
        """Keep those whose bytes are (to be) there."""
        return self.filter(deleted_at=None)

    def expired(self, keep_days: Mapping[str, int | None]) -> Self:
        """Keep those that are older than their kind is kept, by the database's clock."""
        past = Q(pk__in=())
        for kind, days in keep_days.items():
            if days is not None:
                past |= Q(kind=kind, created_at__lt=Now() - timedelta(days=days))
        return self.kept().filter(past)


class Artifact(models.Model):
    """Bytes in storage: where they are, what they are, and their hash.

    The row outlives its bytes: `deleted_at` says that they were discarded.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    #: sorted by its bytes, as storages list their files
    path = models.CharField(max_length=120, unique=True, editable=False, db_collation="C")
    sha256 = models.CharField(max_length=64, editable=False, db_index=True)
    size = models.PositiveBigIntegerField(editable=False)
    content_type = models.CharField(max_length=127)
    kind = models.CharField(max_length=32)
    name = models.CharField(max_length=255, blank=True, help_text="As people call it.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="artifact_sha256_is_hex"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["kind", "created_at"],
                condition=Q(deleted_at__isnull=True),
                name="artifact_by_age",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.path

    def open(self) -> BinaryIO:
        """Open the bytes for reading; close it, or use it in `with`.

        Raises: ArtifactGone; StorageAway when nobody can tell.
        """
        if self.deleted_at is not None:
            raise ArtifactGone("These bytes were discarded.", artifact=str(self.pk))
        try:
            found = default_storage.open(self.path, "rb")
        except OSError as exc:
            if isinstance(exc, FileNotFoundError) or exc.errno in NOT_THERE:
                gone = "These bytes are not in storage."
                raise ArtifactGone(gone, artifact=str(self.pk)) from exc
            raise StorageAway(AWAY, artifact=str(self.pk)) from exc
        return found  # type: ignore[return-value] # a File in "rb" mode is one in all but name

    def exists(self) -> bool:
        """Whether the bytes are there, without reading any. Raises: StorageAway."""
        if self.deleted_at is not None:
            return False
        try:
            return default_storage.exists(self.path)
        except OSError as exc:
            raise StorageAway(AWAY, artifact=str(self.pk)) from exc

    def link_for(self, principal: Principal, *, lifetime: timedelta = LINK_LIFETIME) -> str:
        """Return a path that serves the bytes to this person alone, for a while.

        It dies earlier when the person's rights change. Raises: BadLink for nobody.
        """
        token = sign(
            self.pk,
            bearer=bearer_of(principal),
            expires_at=timezone.now() + lifetime,
            key=settings.SECRET_KEY.encode(),
        )
        return reverse("artifacts:download", args=[token])
