"""Rows of ingestion; Django finds the models here, code imports them from here too."""

from .catalogue import Employer, Job, JobSearch, Sighting
from .pipeline import ProcessedJob, Processing, RawCollection, Source, Upload

__all__ = [
    "Employer",
    "Job",
    "JobSearch",
    "ProcessedJob",
    "Processing",
    "RawCollection",
    "Sighting",
    "Source",
    "Upload",
]
