"""What an older version of the transformer left out, it leaves out still."""

from dataclasses import fields
from datetime import UTC, datetime

from ingestion.rules.normalise import Posting
from ingestion.rules.posting import RawPosting
from ingestion.rules.transformers import CURRENT, TRANSFORMERS
from ingestion.rules.vocabulary import OURS

NOW = datetime(2026, 11, 2, tzinfo=UTC)
TEXT = (
    "<p>We are a staffing agency of 20 people. You hold a bachelor's degree, have 5 years of "
    "experience with Python and get a pension. The salary is EUR 50,000 - 60,000.</p>"
)
#: the fields of a posting that version 1 filled; whoever adds a field decides on it here
FIRST = set(
    "external_id title employer employer_flagged employer_url location_text city region country "
    "lat lon remote employment_type seniority salary description_html description_text skills "
    "apply_url url posted_at expires_at language".split()
)


def read(version, **given):
    item = RawPosting(
        1, {}, title="Senior Data Engineer", employer="Brightwater Staffing", description=TEXT,
        category="IT", employer_logo="https://b.example/logo.png", employer_size="11-50",
        employer_url="https://b.example", education="Bachelor", experience="5",
        benefits=("pension",), **given,
    )  # fmt: skip
    posting, _ = TRANSFORMERS[version](item, now=NOW, default_employer="", words=OURS)
    return posting


def test_version_one_finds_nothing_that_only_version_two_looks_for():
    empty = {field.name: field.default for field in fields(Posting)}
    seen = set()
    for where in ({"location": "Oslo, Bergen"}, {"location": "Remote, Europe", "remote": "remote"}):
        new, old = read(CURRENT, **where), read("v1", **where)
        for name, nothing in empty.items():
            if name in FIRST - {"salary"}:
                assert getattr(old, name) == getattr(new, name), name
            elif name not in FIRST:
                assert getattr(old, name) == nothing, name
                seen |= {name} if getattr(new, name) != nothing else set()
        assert new.salary.confidence < old.salary.confidence == 1
    assert seen == set(empty) - FIRST
