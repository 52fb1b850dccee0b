"""The row of stored bytes."""

from datetime import timedelta
from typing import BinaryIO, ClassVar, Self

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from jobly.users.rules import Principal

from .errors import ArtifactGone
from .rules import sign

LINK_LIFETIME = timedelta(minutes=15)


class ArtifactQuerySet(models.QuerySet["Artifact"]):
    """Artifacts, narrowed."""

    def kept(self) -> Self:
        """Keep those whose bytes are (to be) there."""
        return self.filter(deleted_at=None)


class Artifact(models.Model):
    """Bytes in storage: where they are, what they are, and their hash.

    The row outlives its bytes: `deleted_at` says that they were discarded.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    path = models.CharField(max_length=120, unique=True, editable=False)
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

    def __str__(self) -> str:
        return self.name or self.path

    def open(self) -> BinaryIO:
        """Open the bytes for reading; close it, or use it in `with`. Raises: ArtifactGone."""
        if self.deleted_at is not None:
            raise ArtifactGone("These bytes were discarded.", artifact=str(self.pk))
        try:
            found = default_storage.open(self.path, "rb")
        except OSError as exc:
            raise ArtifactGone("These bytes are not in storage.", artifact=str(self.pk)) from exc
        return found  # type: ignore[return-value] # a File in "rb" mode is one in all but name

    def link_for(self, principal: Principal, *, lifetime: timedelta = LINK_LIFETIME) -> str:
        """Return a path that serves the bytes to this person alone, for a while."""
        token = sign(
            self.pk,
            user=principal.user_id,
            expires_at=timezone.now() + lifetime,
            key=settings.SECRET_KEY.encode(),
        )
        return reverse("artifacts:download", args=[token])
