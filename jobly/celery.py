"""The Celery application: it carries hints, the run ledger carries the work."""

import os
from typing import Any

from billiard.exceptions import WorkerLostError
from celery import Celery
from celery.signals import (
    beat_init,
    task_failure,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobly.settings")

from django.conf import settings

CONNECTION_SECONDS = 300  # each use after a pause looks first whether it still works
TIMEOUTS = {"socket_timeout": 2, "socket_connect_timeout": 2, "socket_keepalive": True}

app = Celery("jobly")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport_options=TIMEOUTS,
    broker_connection_timeout=2,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # JSON only, and nothing comes back: the run's row is the result
    accept_content=["json"],
    task_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    result_expires=None,  # or beat would keep a task that tidies up results
    task_store_errors_even_if_ignored=False,
    # a hint is done with when it arrives: whoever dies then, the sweep finds the row
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_max_tasks_per_child=500,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    task_send_sent_event=False,
    task_default_queue="default",
    beat_scheduler=settings.CELERY_BEAT_SCHEDULER,
    timezone="UTC",
    enable_utc=True,
)
app.set_default()
app.autodiscover_tasks()  # in a worker, before it forks


@worker_ready.connect
def keep_watch(sender: Any, **_: Any) -> None:
    """Start the thread that sweeps, shows life and notices a worker gone deaf."""
    from jobly.runs.actions import careful, watch  # noqa: PLC0415 - the apps are loaded by now

    careful.be_careful(careful.AFTER_START_SECONDS)
    watch.begin(sender)


@task_failure.connect
def notice_death(exception: BaseException, **_: Any) -> None:
    """Claim each run for a while after a process of the pool died."""
    from jobly.runs.actions import careful  # noqa: PLC0415

    if isinstance(exception, WorkerLostError):
        careful.be_careful(careful.AFTER_DEATH_SECONDS)


@worker_process_init.connect
def keep_connection(**_: Any) -> None:
    """Let a process of the pool keep its connection: connecting takes longer than a small run."""
    from django.db import connection  # noqa: PLC0415

    connection.settings_dict["CONN_MAX_AGE"] = CONNECTION_SECONDS


@worker_shutting_down.connect
def stop_work(**_: Any) -> None:
    """Tell the pool's processes to stop claiming and to release what they hold."""
    from jobly.runs.actions import stopping  # noqa: PLC0415

    stopping.begin_stop()


@beat_init.connect
def begin_beat(**_: Any) -> None:
    """Make sure that the schedules exist."""
    from jobly.runs.actions import watch  # noqa: PLC0415

    watch.begin_beat()
