"""Admin of what comes in: files, jobs, and every stage between."""

from . import jobs, pipeline, suggestions, uploads

__all__ = ["jobs", "pipeline", "suggestions", "uploads"]
