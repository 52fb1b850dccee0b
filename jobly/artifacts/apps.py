"""The artifacts app's place in Django."""

from django.apps import AppConfig


class ArtifactsConfig(AppConfig):
    """Stored bytes and their rows."""

    name = "jobly.artifacts"
    label = "artifacts"
