"""Postings that every board takes: as a file, and as rows of the catalogue."""

from itertools import count
from typing import Any

TEXT = "Joins pipes by TIG and by hand, reads drawings and teaches apprentices. " * 2
HEADER = "reference,title,employer,location,salary,employment type,description,apply url\n"
numbers = count(1)


def row(number: int) -> str:
    """Write one row of a recruiter's file."""
    title, low = f"Welder {number}", 400_000 + number % 90_000
    return (
        f'A-{number},{title},Acme Works,"Oslo, Norway",NOK {low}-{low + 50_000} per year,'
        f'full-time,"{TEXT}Place number {number}.",https://jobs.acme.example/{number}\n'
    )


def csv(count: int, *, first: int = 1) -> str:
    """Write a recruiter's file of so many postings."""
    return HEADER + "".join(row(number) for number in range(first, first + count))


def make_jobs(company: Any, count: int) -> list[int]:
    """Insert jobs of a company straight into the catalogue."""
    from ingestion.models import Employer, Source  # noqa: PLC0415 - only where Django is set up
    from tests.make import make_job  # noqa: PLC0415

    employer, _ = Employer.objects.get_or_create(key="acme", defaults={"name": "Acme Works"})
    source, _ = Source.objects.get_or_create(company=company, name="By hand")
    made = [
        make_job(
            f"Welder {next(numbers)}",
            searchable=False,
            company=company,
            employer=employer,
            source=source,
            description_html=f"<p>{TEXT}</p>",
            salary_min=50_000_000,
            salary_max=60_000_000,
            salary_currency="NOK",
            salary_period="YEAR",
        )
        for _ in range(count)
    ]
    return [job.pk for job in made]
