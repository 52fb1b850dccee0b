"""The sets of each audit by name; a set is one function from the folder of data to its figures."""

from typing import Final

from . import facts, occupations, pairs, skills, titles
from .measuring import Measure

EXTRACTION: Final[dict[str, Measure]] = {
    "title-seniority": titles.seniority_of_five,
    "title-level": titles.seniority_on_ladder,
    "title-department": titles.departments,
    "title-occupation": occupations.titles_to_esco,
    "skills-tricky": skills.tricky,
    "skills-traps": skills.traps,
    "skillspan": skills.skillspan,
    "green-job-entities": skills.green,
    "esco-skill-benchmark": skills.esco_benchmark,
    "salary-texts": facts.salaries,
    "place-states": facts.states,
    "place-texts": facts.places,
}
DEDUP: Final[dict[str, Measure]] = {
    "neardup-pairs": pairs.by_likeness,
    "neardup-pairs-cosine": pairs.by_cosine,
}
RANKING: Final[dict[str, Measure]] = {}

AUDITS: Final[dict[str, dict[str, Measure]]] = {
    "extraction": EXTRACTION,
    "dedup": DEDUP,
    "ranking": RANKING,
}
