"""What people call each kind of work."""

WORK = {
    "crypto.rotate_keys": "Rotate the encryption keys",
    "demo.load": "Load the demo",
    "distribution.apply": "Publish jobs",
    "distribution.close": "Take a job down",
    "distribution.follow_up": "Ask a board how a job stands",
    "distribution.publish": "Publish a job",
    "distribution.reconcile_board": "Compare a board with our books",
    "distribution.reconcile_boards": "Compare all boards with our books",
    "distribution.refresh": "Bring changed jobs to their boards",
    "distribution.retry": "Try failed publications again",
    "distribution.sweep_due": "Publish what is due",
    "distribution.take_down": "Take a closed job down everywhere",
    "distribution.update": "Bring a change to a board",
    "ingestion.compare_upload": "Compare a file with your jobs",
    "ingestion.embed_jobs": "Make vectors of new jobs",
    "ingestion.embed_missing": "Make vectors that are missing",
    "ingestion.enrich": "Suggest better values for jobs",
    "ingestion.expire_storage": "Drop stored files past their time",
    "ingestion.import": "Import a file",
    "ingestion.index_rest": "Make jobs findable that were left behind",
    "ingestion.load": "Load jobs into the catalogue",
    "ingestion.load_all": "Load what waits",
    "ingestion.process_again": "Read a file again",
    "ingestion.look_for_alerts": "Look for trouble in the pipeline",
    "ingestion.process_all": "Read what waits",
    "ingestion.process": "Read a file",
    "ingestion.promote": "Load what a shadow read",
    "ingestion.reprocess": "Read stored files again",
    "ingestion.roll_back": "Put back what a reprocessing changed",
    "ingestion.roll_up": "Count the figures of the pipeline",
    "ingestion.show_on_board": "Change our own board",
    "ingestion.tidy_storage": "Remove stored files nobody needs",
    "runs.bulk": "Change many runs",
    "runs.retention": "Tidy up old records",
    "storage.migrate": "Move stored files to another place",
    "storage.verify": "Check stored files",
    "system.retention": "Drop what is past its time",
}


def in_words(kind: str) -> str:
    """Name a kind of run; one without words keeps its own name."""
    return WORK.get(kind) or kind.replace(".", " · ").replace("_", " ")
