"""Postings for benches: made by rule, the same every time, about 1.4 KB of text each."""

import csv
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestion.rules.identity import content_hash, content_key, url_key
from ingestion.rules.normalise import Posting

TITLES = ("Welder", "Night Nurse", "Data Engineer", "Payroll Clerk", "Baker", "Teacher", "Planner")
CITIES = (("Oslo", "NO"), ("Leeds", "GB"), ("Lyon", "FR"), ("Austin", "US"), ("Berlin", "DE"))
WORDS = (
    "plans checks repairs documents teaches prices ships audits the morning shift incoming orders"
    " cold goods python services patient records rotating equipment monthly accounts customer"
    " complaints with care and writes down what was done for whoever comes next in the rota"
).split()
SKILLS = ("Python", "Excel", "TIG Welding", "SAP", "First Aid", "PostgreSQL", "Teaching")
TEXT_WORDS = 210  # about 1.4 KB
COLUMNS = (
    "Reference", "Job Title", "Company", "Location", "Description", "Employment Type",
    "Skills", "Apply URL",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """A normalised posting with the keys the loader compares."""

    posting: Posting
    url_key: str
    content_key: str
    content_hash: str


def make(count: int, seed: int = 1, *, first: int = 0) -> Iterator[Made]:
    """Yield `count` different postings of 500 employers, from number `first`."""
    for number in range(first, first + count):
        posting = _posting(number, random.Random(f"{seed}:{number}"))  # noqa: S311 # no secret
        yield Made(
            posting,
            url_key(posting.apply_url, posting.employer),
            content_key(posting),
            content_hash(posting),
        )


def _posting(number: int, chance: random.Random) -> Posting:
    """Compose one posting."""
    city, country = CITIES[number % len(CITIES)]
    text = " ".join(chance.choices(WORDS, k=TEXT_WORDS))
    mark = hashlib.blake2b(str(number).encode(), digest_size=6).hexdigest()
    link = f"https://jobs.example/{mark}"
    return Posting(
        external_id=f"B{number}",
        title=f"{TITLES[number % len(TITLES)]} {number % 997}",
        employer=f"Employer {number % 500}",
        employer_flagged=False,
        employer_url="",
        location_text=f"{city}, {country}",
        city=city,
        region="",
        country=country,
        lat=None,
        lon=None,
        remote="",
        employment_type="FULL_TIME",
        seniority="",
        salary=None,
        description_html=f"<p>{text}</p>",
        description_text=text,
        skills=tuple(chance.sample(SKILLS, 3)),
        apply_url=link,
        url=link,
        posted_at=None,
        expires_at=None,
        language="en",
    )


def write_csv(file: Path, rows: int, *, first: int = 0) -> None:
    """Write so many postings, from number `first`, as a recruiter's export has them."""
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for one in make(rows, first=first):
            p = one.posting
            writer.writerow(
                (p.external_id, p.title, p.employer, p.location_text, p.description_html,
                 "Full-time", ", ".join(p.skills), p.apply_url)
            )  # fmt: skip
