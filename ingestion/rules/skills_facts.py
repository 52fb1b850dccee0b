"""Facts about skills: each with where a posting asks for it, and how much."""

from dataclasses import dataclass
from typing import Final

from ingestion.rules.skills import MAX_SKILLS, SEED, canonical_skill, mentions
from ingestion.rules.skills_needs import NICE, REQUIRED, needs_at
from ingestion.rules.skills_reading import TermList

_WEIGHT: Final = {REQUIRED: 0, NICE: 1, "": 2}
#: The need, field, start and end of a mention.
_Mention = tuple[str, str, int, int]


@dataclass(frozen=True, slots=True)
class SkillFact:
    """Hold where a posting asks for a skill, and how much.

    `need` is "required", "nice" or "" where nothing tells; `field` is "title", "description" or
    "skills" (the source's own list); `start` and `end` are characters of the title or of the plain
    text of the description, both 0 for the source's own list.
    """

    name: str
    need: str
    field: str
    start: int
    end: int

    def to_dict(self) -> dict[str, str | int]:
        """Return JSON values."""
        return {
            "name": self.name,
            "need": self.need,
            "field": self.field,
            "start": self.start,
            "end": self.end,
        }


def skill_facts(
    given: tuple[str, ...], title: str, text: str, among: TermList = SEED
) -> tuple[SkillFact, ...]:
    """Return each skill once, at most 40: the source's own first, then as title and text say them.

    Of several mentions the one that asks most counts, the title above all; a skill of the source's
    own list that title or text name too has their evidence.
    """
    found: dict[str, _Mention] = {}
    for term, start, end in mentions(title, among):
        found.setdefault(term.name, (REQUIRED, "title", start, end))
    _add_text(found, text, among)
    facts: dict[str, SkillFact] = {}
    for name in (canonical_skill(name, among) for name in given[: MAX_SKILLS * 4]):
        if name and name.casefold() not in facts:
            said = found.get(name) or ("", "skills", 0, 0)
            facts[name.casefold()] = SkillFact(name, *said)
    for name, said in found.items():
        if len(facts) >= MAX_SKILLS:
            break
        if name.casefold() not in facts:
            facts[name.casefold()] = SkillFact(name, *said)
    return tuple(facts.values())[:MAX_SKILLS]


def _add_text(found: dict[str, _Mention], text: str, among: TermList) -> None:
    """Add each mention of the description that is the first of its skill or asks for more."""
    hits = mentions(text, among)
    needs = needs_at(text, [(start, end) for _, start, end in hits])
    for (term, start, end), need in zip(hits, needs, strict=True):
        known = found.get(term.name)
        if known is None or (known[1] != "title" and _WEIGHT[need] < _WEIGHT[known[0]]):
            found[term.name] = (need, "description", start, end)
