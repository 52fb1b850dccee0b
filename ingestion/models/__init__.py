"""Rows of ingestion; Django finds the models here, code imports them from here too."""

from .catalogue import Employer, Job, JobSearch, Sighting
from .changes import JobChange, Unindexed
from .embeddings import JobEmbedding
from .intake import ColumnMapping, PostingTemplate, RowMatch
from .pipeline import ProcessedJob, Processing, RawCollection, Upload
from .reprocessing import BeforeImage, Difference, Reprocessing
from .sources import Fetch, Listing, Quota, Search, Source
from .suggestions import Enrichment, Suggestion
from .versions import JobDesk, JobVersion

__all__ = [
    "BeforeImage",
    "ColumnMapping",
    "Difference",
    "Employer",
    "Enrichment",
    "Fetch",
    "Job",
    "JobChange",
    "JobDesk",
    "JobEmbedding",
    "JobSearch",
    "JobVersion",
    "Listing",
    "PostingTemplate",
    "ProcessedJob",
    "Processing",
    "Quota",
    "RawCollection",
    "Reprocessing",
    "RowMatch",
    "Search",
    "Sighting",
    "Source",
    "Suggestion",
    "Unindexed",
    "Upload",
]
