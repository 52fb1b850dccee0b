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
    """A batch of jobs is new or changed in the catalogue, and findable moments later."""

    name: ClassVar[str] = "ingestion.jobs_loaded"
    job_ids: list[int]


@dataclass(frozen=True, slots=True)
class JobsReprocessed:
    """A batch of jobs that were told of before was read anew, or put back as it was.

    Who tells people of new jobs does not listen to it, so nobody hears of a job twice.
    """

    name: ClassVar[str] = "ingestion.jobs_reprocessed"
    job_ids: list[int]


@dataclass(frozen=True, slots=True)
class JobClosed:
    """A job is not open any more."""

    name: ClassVar[str] = "ingestion.job_closed"
    job_id: int


@dataclass(frozen=True, slots=True)
class JobHidden:
    """A company's job was public and is internal from now on: nobody outside is to see it."""

    name: ClassVar[str] = "ingestion.job_hidden"
    job_id: int


@dataclass(frozen=True, slots=True)
class FetchEnded:
    """A pass over a source ended; only a whole one says anything about what is absent."""

    name: ClassVar[str] = "ingestion.fetch_ended"
    fetch_id: str
    source_id: str
    status: str
    reason_code: str
    got: int
    fresh: int


@dataclass(frozen=True, slots=True)
class SourceParked:
    """A source is not asked for a while."""

    name: ClassVar[str] = "ingestion.source_parked"
    source_id: str
    source: str
    until: str
    why: str


@dataclass(frozen=True, slots=True)
class SpoolImported:
    """Answers that were set aside in files while nothing could be stored are stored now."""

    name: ClassVar[str] = "ingestion.spool_imported"
    files: int
    refused: int


@dataclass(frozen=True, slots=True)
class AlertBegan:
    """Something in the pipeline is wrong by a rule of the operators, from now on."""

    name: ClassVar[str] = "ingestion.alert_began"
    alert: str
    rule: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class AlertEnded:
    """What an alert told of is over."""

    name: ClassVar[str] = "ingestion.alert_ended"
    alert: str
    rule: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class AbsenceHeld:
    """A source lost so many of its jobs at once that a person decides what it means."""

    name: ClassVar[str] = "ingestion.absence_held"
    fetch_id: str
    source: str
    missing: int
    known: int


@dataclass(frozen=True, slots=True)
class ContractBroken:
    """A source sends other fields than it used to; set aside = nothing of it is loaded."""

    name: ClassVar[str] = "ingestion.contract_broken"
    source_id: str
    source: str
    collection_id: str
    set_aside: bool
    breaches: list[str]
