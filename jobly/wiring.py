"""Who reads this has read the product: which fact, clock and queue leads to which work."""

# fact → the kinds of run it starts, with the fact's fields as their arguments
ON_EVENT: dict[str, tuple[str, ...]] = {
    "ingestion.collection_stored": ("ingestion.process",),
    "ingestion.processing_done": ("ingestion.load",),
    "ingestion.jobs_loaded": (
        "distribution.refresh",
        "distribution.route",
        "ingestion.compare_jobs",
        "ingestion.embed_jobs",
    ),
    "ingestion.jobs_reprocessed": (
        "distribution.refresh",
        "ingestion.compare_jobs",
        "ingestion.embed_jobs",
    ),
    "ingestion.fetch_ended": ("ingestion.judge_absence",),
    "ingestion.job_hidden": ("distribution.take_down",),
    "ingestion.job_closed": ("distribution.take_down", "ingestion.settle_job"),
    "distribution.board_changed": ("ingestion.show_on_board",),
    "distribution.relist_due": ("distribution.relist",),
}

# clock → the kinds of run it starts: a crontab (in UTC) or "every 30 s", "every 5 min", "every 2 h"
ON_CLOCK: dict[str, tuple[str, ...]] = {
    "17 3 * * *": ("runs.retention",),
    "every 1 min": (
        "distribution.sweep_due",
        "distribution.tend_channels",
        "distribution.sweep_hooks",
        "ingestion.index_rest",
    ),
    "every 5 min": (
        "ingestion.tidy_fetches",
        "ingestion.look_for_alerts",
        "ingestion.expire_jobs",
    ),
    "41 2 * * *": ("distribution.reconcile_boards",),
    "11 3 * * *": ("distribution.look_boards",),
    "23 * * * *": ("ingestion.embed_missing",),
    "41 3 * * *": ("ingestion.expire_storage",),
    "51 3 * * *": ("ingestion.forget_reprocessings",),
    "11 4 * * *": ("ingestion.tidy_storage",),
    "43 4 * * *": ("distribution.tidy_rehearsals", "distribution.tidy_receipts"),
    "37 4 * * *": ("distribution.erase_due",),
    "33 4 * * *": ("distribution.forget_clicks",),
    "31 4 * * *": ("distribution.forget_hooks",),
    "26 4 * * *": ("ingestion.tidy_likeness",),
    "every 10 min": (
        "distribution.tell_dispositions",
        "ingestion.settle_stale",
        "ingestion.roll_up",
        "distribution.keep_stays",
    ),
    "every 30 min": ("ingestion.check_liveness",),
}

# kind of run, or the app before its dot → queue; all else goes to "default"
QUEUES: dict[str, str] = {
    "ingestion": "etl",
    "ingestion.enrich": "default",
    "ingestion.look_for_alerts": "default",
    "ingestion.roll_up": "default",
    "ingestion.show_on_board": "default",
    "distribution": "boards",
    "distribution.erase_applicant": "default",
    "distribution.erase_due": "default",
    "distribution.send_letter": "default",
    "distribution.apply_hook": "default",
    "distribution.deliver_hooks": "default",
    "distribution.sweep_hooks": "default",
    "distribution.tell_endpoints": "default",
}
