"""Admin of what comes in: files, jobs, and every stage between."""

from . import failed, jobs, pipeline, reprocessing, suggestions, uploads

__all__ = ["failed", "jobs", "pipeline", "reprocessing", "suggestions", "uploads"]
