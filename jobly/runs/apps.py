"""The run ledger's place in Django."""

from django.apps import AppConfig


class RunsConfig(AppConfig):
    """Runs and events."""

    name = "jobly.runs"
    label = "runs"

    def ready(self) -> None:
        """Make our Celery application the current one of this process; listen to what runs log."""
        from jobly import celery  # noqa: F401, PLC0415 - needs the settings

        from .actions import loglines  # noqa: PLC0415 - needs the models

        loglines.install()
