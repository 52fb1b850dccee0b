"""Whether two postings are the same job: by identity, else by words, skills, place and rank."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .signs import Overlap
from .traits import Traits, compare_employers, compare_places, compare_ranks, share

VERSION: Final = "1"
#: Below this nothing is kept of a pair, so no setting can ask for less.
FLOOR: Final = 0.2
#: Nor of two postings that were first seen further apart; their keys are dropped after it.
KEPT_DAYS: Final = 30.0
_SAME_TRADE: Final = 0.5  # share of the titles' words
_NEARLY_EQUAL: Final = 0.8  # what makes up for an agency's name
_TELLING: Final = 100  # shared pairs of words that are more than what everybody writes
_CUT_SKILLS: Final = 2  # times the bar: of a text cut short the skills that are left agree
_CLOSE: Final = 0.7  # of the bar: what falls that little short is shown to a person
_HERE: Final = frozenset({"same", "near"})


class Answer(StrEnum):
    """What is said of a pair; unsure is never merged, but shown to a person."""

    SAME = "same"
    UNSURE = "unsure"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a source's postings are judged by.

    `name` is "likeness" or "cosine" (S5.13 as written: alike counts of words are enough). All bars
    are shares of 1; `containment` is for a text cut short at the same employer.
    """

    name: str = "likeness"
    jaccard: float = 0.5
    containment: float = 0.8
    skills: float = 0.3
    cosine: float = 0.95
    window_days: float = 7.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was measured of a pair; `skills` is None where neither names any.

    `place`, `rank` and `employer` are what `traits` says of them.
    """

    jaccard: float
    containment: float
    shared: int
    cosine: float
    title: float
    skills: float | None
    place: str
    rank: str
    employer: str
    days: float
    same_url: bool
    same_content: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer and the rule that gave it: exact, url, fuzzy or cosine."""

    answer: Answer
    rule: str


def may_be_one(a: Traits, b: Traits) -> bool:
    """Whether two postings may be one job at all, as far as that is known without their words."""
    if a.content_key and a.content_key == b.content_key:
        return True
    words = Overlap(0.0, 0.0, 0.0)
    return not _is_apart(measure(a, b, words))


def is_worth_keeping(found: Evidence, answer: Answer) -> bool:
    """Whether a pair is kept with its evidence: what a lower bar would merge is."""
    close = found.jaccard >= FLOOR and found.days <= KEPT_DAYS and not _is_apart(found)
    return answer is not Answer.DIFFERENT or close


def measure(a: Traits, b: Traits, words: Overlap) -> Evidence:
    """Put together what is measured of a pair; the order of the two does not matter."""
    both = a.skills or b.skills
    return Evidence(
        jaccard=round(words.jaccard, 4),
        containment=round(words.containment, 4),
        shared=words.shared,
        cosine=round(words.cosine, 4),
        title=round(share(a.trade, b.trade), 4),
        skills=round(share(a.skills, b.skills), 4) if both else None,
        place=compare_places(a.place, b.place),
        rank=compare_ranks(a.ranks, b.ranks),
        employer=compare_employers(a, b),
        days=round(abs(a.day - b.day), 4),
        same_url=bool(a.url_key) and a.url_key == b.url_key,
        same_content=bool(a.content_key) and a.content_key == b.content_key,
    )


def judge(found: Evidence, rule: Rule) -> Judgement:
    """Say whether the pair is one job, by the surest rule that can tell."""
    if found.same_content and (answer := _by_content(found, rule)):
        return Judgement(answer, "exact")
    if found.same_url and not _is_apart(found):
        return Judgement(Answer.SAME, "url")
    if rule.name == "cosine":
        is_same = found.cosine > rule.cosine and found.days <= rule.window_days
        return Judgement(Answer.SAME if is_same else Answer.DIFFERENT, "cosine")
    return Judgement(_by_likeness(found, rule), "fuzzy")


def judge_both(found: Evidence, one: Rule, other: Rule) -> Judgement:
    """Say what two sources' rules say together: same only where both do, unsure where one does."""
    first = judge(found, one)
    if one == other:
        return first
    second = judge(found, other)
    if first.answer == second.answer:
        return min(first, second, key=lambda j: j.rule)
    surest = min((first, second), key=lambda j: (j.answer is not Answer.SAME, j.rule))
    return Judgement(Answer.UNSURE, surest.rule)


def _by_content(found: Evidence, rule: Rule) -> Answer | None:
    """Return what the same title, employer, place and opening say; None where the words decide.

    An opening may be what the employer says of itself everywhere, so the rest has to agree. Without
    any words the place has to be known: two rows of one title may be two jobs.
    """
    if found.shared:
        return Answer.SAME if found.jaccard >= rule.jaccard else None
    return Answer.UNSURE if found.place == "unknown" else Answer.SAME


def _is_apart(found: Evidence) -> bool:
    """Whether title, place or rank say plainly that these are two jobs."""
    return found.title < _SAME_TRADE or found.place == "other" or found.rank == "other"


def _by_likeness(found: Evidence, rule: Rule) -> Answer:
    if _is_apart(found) or found.days > rule.window_days:
        return Answer.DIFFERENT
    is_whole = found.jaccard >= rule.jaccard
    is_cut = found.employer == "same" and found.containment >= rule.containment
    if found.jaccard < FLOOR or not (is_whole or is_cut or _is_close(found, rule)):
        return Answer.DIFFERENT
    skills = rule.skills if is_whole else min(1.0, rule.skills * _CUT_SKILLS)
    is_sure = (
        (is_whole or is_cut)
        and found.place in _HERE
        and found.rank == "same"
        and (found.skills is None or found.skills >= skills)
        and _is_one_employer(found)
    )
    return Answer.SAME if is_sure else Answer.UNSURE


def _is_one_employer(found: Evidence) -> bool:
    """Whether two names may stand for one employer, by how much of its text is shared.

    A daughter, a brand or an agency copies a whole text; a few usual words prove nothing.
    """
    if found.employer == "same":
        return True
    is_telling = found.shared >= _TELLING
    return is_telling and (found.employer == "other" or found.jaccard >= _NEARLY_EQUAL)


def _is_close(found: Evidence, rule: Rule) -> bool:
    """Whether a person should look although the words fall short of the bar."""
    return found.place in _HERE and found.jaccard >= rule.jaccard * _CLOSE
