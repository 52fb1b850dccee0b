"""Admin of what comes in: files, jobs, and every stage between."""

from . import jobs, pipeline, uploads

__all__ = ["jobs", "pipeline", "uploads"]
