"""Artifacts and files of any age, and what lies where."""

import os
import time
from datetime import timedelta
from uuid import uuid4

from django.db.models.functions import Now

from jobly.artifacts.actions import store
from jobly.artifacts.models import Artifact

DAY = 86_400  # seconds


def make_stored(data=b"some bytes", *, kind="raw", days=0):
    """Store bytes whose row and file are that old."""
    artifact = store([data], kind=kind)
    Artifact.objects.filter(pk=artifact.pk).update(created_at=Now() - timedelta(days=days))
    return artifact


def make_orphan(folder, *, days=2, kind="raw", last=""):
    """Put a file of ours into a storage that no row knows; return its name."""
    name = f"{kind}/2026/01/02/{last or uuid4()}"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"orphan")
    age(path, days)
    return name


def age(path, days):
    """Make a file look that old."""
    at = time.time() - days * DAY
    os.utime(path, (at, at))


def files(folder):
    """Name every file below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
