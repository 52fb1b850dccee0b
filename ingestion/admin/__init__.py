"""Admin of what comes in: files, jobs, and every stage between."""

from . import clusters, failed, jobs, pipeline, reprocessing, suggestions, uploads

__all__ = ["clusters", "failed", "jobs", "pipeline", "reprocessing", "suggestions", "uploads"]
