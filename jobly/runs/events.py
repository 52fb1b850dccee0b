"""The names under which a run's life is told on its stream."""

CREATED = "job.created"
PROGRESS = "job.progress"
COMPLETED = "job.completed"
FAILED = "job.failed"  # cancelled runs too: `data.status` tells them apart
