"""Beat's scheduler: Celery's own, which also shows life and looks whether the workers do."""

import logging
import socket
import time
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError
from django_celery_beat.schedulers import DatabaseScheduler

from . import life
from .watch import Rounds

SHOWN_EVERY = 1.0  # seconds at least between two signs; beat may tick much more often

log = logging.getLogger(__name__)


class Scheduler(DatabaseScheduler):  # type: ignore[misc] # ships no types
    """Fire what is due; each tick is a sign of life, whether it had anything to send or not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.rounds = Rounds()
        self.shown: float | None = None
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send at most one due task; return in how many seconds to tick again."""
        pause: float = super().tick(*args, **kwargs)
        now = time.monotonic()
        if self.shown is None or now - self.shown >= SHOWN_EVERY:
            self.shown = now
            self._look()
        return pause

    def _look(self) -> None:
        """Show life, and look for what workers that are all gone cannot tell."""
        try:
            every = timedelta(seconds=self.max_interval)
            life.show_life(f"beat:{socket.gethostname()}", every=every)
            self.rounds.go()
        except (OperationalError, InterfaceError) as exc:
            log.warning("no sign of life: %s", exc)
        except Exception:  # the clock goes on
            log.exception("the look for trouble broke")
