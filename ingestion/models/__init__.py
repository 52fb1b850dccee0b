"""Rows of ingestion; Django finds the models here, code imports them from here too."""

from .catalogue import Employer, Job, JobSearch, Sighting
from .embeddings import JobEmbedding
from .intake import ColumnMapping, PostingTemplate, RowMatch
from .pipeline import ProcessedJob, Processing, RawCollection, Upload
from .sources import Fetch, Listing, Quota, Search, Source
from .suggestions import Enrichment, Suggestion
from .versions import JobDesk, JobVersion

__all__ = [
    "ColumnMapping",
    "Employer",
    "Fetch",
    "Job",
    "JobDesk",
    "JobSearch",
    "JobVersion",
    "Listing",
    "PostingTemplate",
    "ProcessedJob",
    "Processing",
    "Quota",
    "RawCollection",
    "RowMatch",
    "Search",
    "Sighting",
    "Source",
    "Suggestion",
    "Upload",
]
