"""Admin of what comes in: files, jobs, and every stage between."""

from . import (
    clusters,
    collecting,
    contracts,
    employers,
    failed,
    jobs,
    operations,
    pipeline,
    reprocessing,
    sources,
    suggestions,
    uploads,
)

__all__ = [
    "clusters",
    "collecting",
    "contracts",
    "employers",
    "failed",
    "jobs",
    "operations",
    "pipeline",
    "reprocessing",
    "sources",
    "suggestions",
    "uploads",
]
