"""The postings of the demo world: written by us, composed the same way every time."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

ACME_JOBS, CATALOGUE_JOBS = 12, 60


@dataclass(frozen=True, slots=True)
class Trade:
    """What a kind of work is about; pay is a year's, in whole units."""

    title: str
    pay: tuple[int, int]
    skills: tuple[str, ...]
    duties: tuple[str, ...]
    wanted: str


TRADES = (
    Trade(
        "Backend Engineer",
        (68_000, 92_000),
        ("Python", "Django", "PostgreSQL", "Docker"),
        (
            "build the services behind our booking platform",
            "keep the database fast as it grows",
            "review the code of three colleagues and have yours reviewed",
        ),
        "three years of web services in production",
    ),
    Trade(
        "Registered Nurse",
        (52_000, 66_000),
        ("Patient Care", "Triage", "First Aid"),
        (
            "look after eighteen patients on a surgical ward",
            "hand over in writing at every change of shift",
            "guide two students each term",
        ),
        "a valid licence and calm in the night shift",
    ),
    Trade(
        "Warehouse Planner",
        (38_000, 47_000),
        ("SAP", "Inventory Management", "Excel"),
        (
            "plan what leaves on which lorry",
            "settle differences between the count and the books",
            "agree delivery windows with carriers",
        ),
        "experience with a goods management system",
    ),
    Trade(
        "Welder",
        (41_000, 53_000),
        ("TIG Welding", "MIG Welding", "Blueprint Reading"),
        (
            "weld stainless pipework by drawing",
            "test seams and write down the result",
            "keep your bench and tools in order",
        ),
        "certificates for two processes",
    ),
    Trade(
        "Payroll Accountant",
        (45_000, 58_000),
        ("Payroll", "Accounting", "Excel"),
        (
            "run the monthly payroll of four hundred people",
            "answer their questions within two days",
            "prepare the figures for the auditors",
        ),
        "knowledge of national tax and social insurance",
    ),
    Trade(
        "Physics Teacher",
        (44_000, 60_000),
        ("Teaching", "Curriculum Development", "Mathematics"),
        (
            "teach physics to years nine to twelve",
            "run the laboratory with a technician",
            "lead a form and meet its parents",
        ),
        "a teaching degree in physics",
    ),
    Trade(
        "Site Reliability Engineer",
        (76_000, 104_000),
        ("Kubernetes", "Linux", "Terraform", "Python"),
        (
            "keep forty services within their error budgets",
            "share a rota of one week in six",
            "turn every incident into a change that prevents the next",
        ),
        "practice with containers and on-call",
    ),
    Trade(
        "Pastry Chef",
        (33_000, 42_000),
        ("Baking", "Food Safety", "Menu Planning"),
        (
            "bake for a hotel of ninety rooms",
            "design the seasonal dessert card",
            "order ingredients and keep waste low",
        ),
        "a finished apprenticeship and joy in early mornings",
    ),
)
PLACES = (
    ("Oslo", "Norway", "NOK", 11),
    ("Berlin", "Germany", "EUR", 1),
    ("Leeds", "United Kingdom", "GBP", 0.85),
    ("Lyon", "France", "EUR", 1),
    ("Austin, TX", "United States", "USD", 1.1),
    ("Toronto, ON", "Canada", "CAD", 1.45),
)
EMPLOYERS = (
    "Fjordline Logistics", "Kestrel Health", "Marble Bakery Group", "Northgate Schools",
    "Copperfield Software", "Harbour Steelworks", "Linden Payroll Services", "Halden Robotics",
)  # fmt: skip
LEVELS = ("", "Senior ", "Junior ")
HOURS = ("Full-time", "Full-time", "Part-time", "Contract")
HEADER = (
    "Reference", "Job Title", "Company", "Location", "Description", "Employment Type",
    "Salary", "Remote", "Apply URL", "Posted",
)  # fmt: skip


def acme_csv(now: datetime) -> bytes:
    """Return the demo company's own jobs as a recruiter would send them: a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for number in range(ACME_JOBS):
        row = _job(number, number * 5 + 1, now)
        writer.writerow(
            [f"ACME-{number + 1:03}", row["title"], "Acme Demo", row["location"],
             row["description"], row["employment_type"], row["salary"], row["remote"],
             f"https://acme.example/jobs/{number + 1}", row["posted_at"]]
        )  # fmt: skip
    return text.getvalue().encode()


def catalogue_json(now: datetime) -> bytes:
    """Return the demo catalogue as another site's feed: a JSON list."""
    jobs = []
    for number in range(CATALOGUE_JOBS):
        row = _job(number, number * 7 + number // 6, now)
        employer = EMPLOYERS[(number * 3 + number // 8) % len(EMPLOYERS)]
        link = f"https://jobs.example/{number + 1}"
        jobs.append({"id": f"D{number + 1:04}", "company": employer, "url": link} | row)
    return json.dumps(jobs).encode()


def _job(number: int, turn: int, now: datetime) -> dict[str, Any]:
    """Compose one posting from a trade, a place and a level."""
    trade = TRADES[number % len(TRADES)]
    city, country, currency, rate = PLACES[turn % len(PLACES)]
    level = LEVELS[(turn // 2) % len(LEVELS)]
    factor = {"": 1.0, "Senior ": 1.25, "Junior ": 0.8}[level] * rate
    low, high = (round(value * factor, -3) for value in trade.pay)
    remote = "hybrid" if "Engineer" in trade.title and turn % 2 else ""
    return {
        "title": f"{level}{trade.title}",
        "location": f"{city}, {country}",
        "description": "".join(_paragraphs(trade, city)),
        "employment_type": HOURS[(number + turn) % len(HOURS)],
        "salary": f"{currency} {low:,.0f} - {high:,.0f} per year" if (number + 1) % 5 else "",
        "remote": remote,
        "posted_at": (now - timedelta(days=number % 21, hours=turn % 24)).isoformat(),
    }


def _paragraphs(trade: Trade, city: str) -> Iterator[str]:
    """Yield the description in HTML."""
    place = city.partition(",")[0]
    yield f"<p>Our team in {place} is looking for a {trade.title.lower()}.</p>"
    yield "<p>You will:</p><ul>"
    yield from (f"<li>{duty};</li>" for duty in trade.duties)
    yield f"</ul><p>You bring {trade.wanted}. Useful: {', '.join(trade.skills)}.</p>"
    yield "<p>We offer a fair contract, paid training and a say in the rota.</p>"
