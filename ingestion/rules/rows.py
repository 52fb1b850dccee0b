"""Rows: all that is computed of an item before anything is written; pure, so anybody may do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from ingestion.rules.identity import content_hash, content_key, url_key
from ingestion.rules.linking import linked
from ingestion.rules.normalise import RowRejected
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.transformers import CURRENT, TRANSFORMERS
from ingestion.rules.vocabulary import Vocabulary

#: external_id, url_key, content_key, content_hash, the posting and the warnings as JSON texts.
Columns = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Means:
    """Hold what decides, beside the item, what is read from it.

    `collected_at` dates "3 days ago", `employer` stands in where an item names none, `request` is
    what the source was asked.
    """

    transformer: str
    collected_at: datetime
    employer: str
    adapter: str
    request: Mapping[str, Any]
    words: Vocabulary


def columns_of(item: RawPosting, means: Means) -> Columns | RowProblem:
    """Return the columns of an item, or why there are none.

    By the transformer that is named, the newest one when it is no more.
    """
    transform = TRANSFORMERS.get(means.transformer, TRANSFORMERS[CURRENT])
    item = linked(item, means.adapter, means.request)
    try:
        posting, issues = transform(
            item, now=means.collected_at, default_employer=means.employer, words=means.words
        )
    except RowRejected as wrong:
        return RowProblem(item.row, item.raw, wrong.field, wrong.code, wrong.message)
    warnings = [{"field": w.field, "code": w.code, "message": w.message} for w in issues]
    return (
        posting.external_id,
        url_key(posting.apply_url or posting.url, posting.employer),
        content_key(posting),
        content_hash(posting),
        orjson.dumps(posting.to_dict()).decode(),
        orjson.dumps(warnings).decode(),
    )
