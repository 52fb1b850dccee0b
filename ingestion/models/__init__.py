"""Rows of ingestion; Django finds the models here, code imports them from here too."""

from .catalogue import Employer, Job, JobSearch, Sighting
from .embeddings import JobEmbedding
from .pipeline import ProcessedJob, Processing, RawCollection, Upload
from .sources import Fetch, Listing, Quota, Search, Source
from .suggestions import Enrichment, Suggestion

__all__ = [
    "Employer",
    "Fetch",
    "Job",
    "JobSearch",
    "Listing",
    "ProcessedJob",
    "Processing",
    "Quota",
    "RawCollection",
    "Search",
    "Sighting",
    "Source",
    "Suggestion",
    "Upload",
]
