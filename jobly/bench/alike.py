"""Postings for bench `dedup`: shared boilerplate, planted copies, and look-alikes that are none."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from ingestion.rules.normalise import Posting
from ingestion.rules.skills import find_skills
from jobly.bench.postings import make

AN_EMPLOYER = 100  # postings of one employer; more postings mean more employers
CITIES = (
    ("Oslo", "NO", 59.91, 10.75), ("Bergen", "NO", 60.39, 5.32), ("Leeds", "GB", 53.80, -1.55),
    ("Bristol", "GB", 51.45, -2.59), ("Lyon", "FR", 45.76, 4.84), ("Lille", "FR", 50.63, 3.06),
    ("Austin", "US", 30.27, -97.74), ("Denver", "US", 39.74, -104.99),
    ("Berlin", "DE", 52.52, 13.40), ("Hamburg", "DE", 53.55, 9.99),
)  # fmt: skip
TRADES = tuple(
    "welder baker teacher planner nurse electrician accountant surveyor translator plumber"
    " architect chemist librarian dispatcher auditor gardener midwife glazier roofer"
    " optician".split()
)
RANKS = ("", "", "", "Senior ", "Junior ", "Lead ")
SKILLS = tuple(
    "Python|Java|PostgreSQL|Kubernetes|Docker|Terraform|Ansible|TypeScript|React|Django|Kafka|Spark"
    "|Tableau|Power BI|SAP|AutoCAD|SolidWorks|Figma|Jenkins|Git|Linux|MongoDB|Redis|GraphQL"
    "|TensorFlow|PyTorch|Salesforce|Selenium|JavaScript|Angular".split("|")
)
SYLLABLES = "ba den fi gor hul jam kes lor mi nup os pra quin rel sto tur vex wim yar zol".split()
VOCABULARY = tuple(a + b + c for a in ("", *SYLLABLES) for b in SYLLABLES for c in SYLLABLES)
BOILERPLATE = 120  # words that all postings of an employer share
OWN = 90
EDITS = (0.02, 0.05, 0.10)


@dataclass(frozen=True, slots=True)
class Planted:
    """A posting that belongs to another: `kind` says how, `is_same` whether it is that job."""

    base: int
    kind: str
    is_same: bool
    posting: Posting


def _words(chance: random.Random, count: int) -> list[str]:
    return chance.choices(VOCABULARY, k=count)


@lru_cache(maxsize=64)
def _shared(employer: int, seed: int) -> str:
    """Return what all postings of an employer begin with."""
    chance = random.Random(f"{seed}:of {employer}")  # noqa: S311 # no secret
    return " ".join(_words(chance, BOILERPLATE))


def postings(count: int, seed: int = 1) -> Iterator[Posting]:
    """Yield postings of many employers, the same every time; half of each is its employer's."""
    template = next(iter(make(1))).posting
    for number in range(count):
        yield _posting(template, number, seed)


def _posting(template: Posting, number: int, seed: int) -> Posting:
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 # no secret
    employer = number // AN_EMPLOYER
    city, country, lat, lon = chance.choice(CITIES)
    trade, rank = chance.choice(TRADES), chance.choice(RANKS)
    wanted = chance.sample(SKILLS, 6)
    text = f"{_shared(employer, seed)}. {_own(chance, trade, city, wanted)}"
    link = f"https://jobs.example/{seed}-{number}"
    return replace(
        template,
        external_id=f"{seed}-{number}",
        title=f"{rank}{trade.title()}",
        employer=f"Employer {employer}",
        location_text=f"{city}, {country}",
        city=city, country=country, lat=lat, lon=lon,
        description_text=text,
        skills=tuple(wanted),
        apply_url=link, url=link,
    )  # fmt: skip


def _own(chance: random.Random, trade: str, city: str, wanted: list[str]) -> str:
    told = " ".join(_words(chance, OWN))
    asked = " and ".join(f"experience with {skill}" for skill in wanted)
    return f"The {trade} in {city}: {told}. You bring {asked}."


def skills(text: str) -> tuple[str, ...]:
    """Return the skills of a text as the product finds them."""
    return tuple(found.name for found in find_skills(text))


def copies(bases: list[Posting]) -> Iterator[Planted]:
    """Yield copies of some postings at another board, 2, 5 and 10 % of their words changed."""
    chance = random.Random("copies")  # noqa: S311 # no secret
    for offset, base in enumerate(bases):
        for share in EDITS:
            words = base.description_text.split()
            for place in chance.sample(range(len(words)), round(len(words) * share)):
                words[place] = _words(chance, 1)[0]
            text = " ".join(words)
            link = f"https://other.example/{share}-{offset}"
            edited = replace(
                base, description_text=text, skills=skills(text), apply_url=link, url=link
            )
            yield Planted(offset, f"{share:.0%}", is_same=True, posting=edited)


def look_alikes(bases: list[Posting]) -> Iterator[Planted]:
    """Yield postings that share a base's text but are another job: trade, town or rank differ."""
    chance = random.Random("look-alikes")  # noqa: S311 # no secret
    for offset, (base, next_base) in enumerate(pairwise([*bases, bases[0]])):
        kind = ("trade and skills", "town", "rank")[offset % 3]
        other = _other(base, next_base, kind, chance)
        yield Planted(offset, kind, is_same=False, posting=other)


def _other(base: Posting, next_base: Posting, kind: str, chance: random.Random) -> Posting:
    link = f"https://other.example/{kind[:2]}-{base.external_id}"
    base = replace(base, apply_url=link, url=link)
    if kind == "town":
        city, country, lat, lon = chance.choice([c for c in CITIES if c[0] != base.city])
        text = base.description_text.replace(base.city, city)
        where = f"{city}, {country}"
        return replace(
            base, description_text=text, location_text=where, city=city, country=country,
            lat=lat, lon=lon,
        )  # fmt: skip
    if kind == "rank":
        trade = base.title.split()[-1]
        rank = "Junior" if base.title.startswith("Senior") else "Senior"
        return replace(base, title=f"{rank} {trade}")
    trade = chance.choice([t for t in TRADES if t.title() != base.title.split()[-1]])
    shared = base.description_text.partition(". ")[0]
    wanted = chance.sample(sorted(set(SKILLS) - set(base.skills)), 6)
    text = f"{shared}. {_own(chance, trade, next_base.city, wanted)}"
    return replace(base, title=trade.title(), description_text=text, skills=skills(text))
