"""Rows of ingestion; Django finds the models here, code imports them from here too."""

from .acknowledgements import Acknowledgement, CookieJar, RobotsCopy
from .alerts import Alert, AlertRule, SourceDay
from .catalogue import Employer, Job, JobSearch, Sighting
from .changes import JobChange, Unindexed
from .clusters import (
    Cluster,
    Likeness,
    LikenessKey,
    LikenessRule,
    LikenessSign,
    LikenessVerdict,
)
from .contracts import Contract, ContractBreach
from .embeddings import JobEmbedding
from .employers import EmployerAlias
from .intake import ColumnMapping, PostingTemplate, RowMatch
from .liveness import Absence, Liveness, Missing
from .lookups import Among
from .pipeline import ProcessedJob, Processing, RawCollection, Upload
from .reprocessing import BeforeImage, Difference, Reprocessing
from .sources import Fetch, Listing, Quota, Search, Source
from .suggestions import Enrichment, Suggestion
from .takedowns import Takedown, Withheld
from .taxonomies import Occupation, SkillTerm, Taxonomy
from .versions import JobDesk, JobVersion

__all__ = [
    "Absence",
    "Acknowledgement",
    "Alert",
    "AlertRule",
    "Among",
    "BeforeImage",
    "Cluster",
    "ColumnMapping",
    "Contract",
    "ContractBreach",
    "CookieJar",
    "Difference",
    "Employer",
    "EmployerAlias",
    "Enrichment",
    "Fetch",
    "Job",
    "JobChange",
    "JobDesk",
    "JobEmbedding",
    "JobSearch",
    "JobVersion",
    "Likeness",
    "LikenessKey",
    "LikenessRule",
    "LikenessSign",
    "LikenessVerdict",
    "Listing",
    "Liveness",
    "Missing",
    "Occupation",
    "PostingTemplate",
    "ProcessedJob",
    "Processing",
    "Quota",
    "RawCollection",
    "Reprocessing",
    "RobotsCopy",
    "RowMatch",
    "Search",
    "Sighting",
    "SkillTerm",
    "Source",
    "SourceDay",
    "Suggestion",
    "Takedown",
    "Taxonomy",
    "Unindexed",
    "Upload",
    "Withheld",
]
