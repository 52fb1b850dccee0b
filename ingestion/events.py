"""The facts ingestion tells."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class CollectionStored:
    """The bytes of a collection are safe and recognised."""

    name: ClassVar[str] = "ingestion.collection_stored"
    collection_id: str


@dataclass(frozen=True, slots=True)
class ProcessingDone:
    """Every item of a collection was normalised or has its error."""

    name: ClassVar[str] = "ingestion.processing_done"
    processing_id: str


@dataclass(frozen=True, slots=True)
class JobsLoaded:
    """A batch of jobs is new or changed in the catalogue and searchable."""

    name: ClassVar[str] = "ingestion.jobs_loaded"
    job_ids: list[int]


@dataclass(frozen=True, slots=True)
class JobClosed:
    """A job is not open any more."""

    name: ClassVar[str] = "ingestion.job_closed"
    job_id: int
