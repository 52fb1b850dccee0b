"""Occupations: the normal form of a title, and the occupation of a given list that fits it best."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from ingestion.rules.texts import words_of
from ingestion.rules.titles import SHORT_FORMS

MAX_OCCUPATION: Final = 120
_MAX_TITLE: Final = 300
_GRAMS: Final = (3, 4, 5)

# What stands beside a title and names no work: levels, kinds of contract and place, calls to apply.
_BESIDE: Final = frozenset(
    "senior snr junior jr jnr sr trainee trainees intern interns internship internships"
    " apprentice apprentices apprenticeship assoc praktikum praktikant praktikantin werkstudent"
    " werkstudentin stage stagiaire graduate graduates fresh entry level mid experienced ii iii"
    " iv part full time fulltime parttime teilzeit vollzeit contract temporary permanent"
    " freelance remote hybrid onsite home based hiring urgent urgently wanted needed vacancy"
    " vacancies job jobs position opening immediate start months month year years shift shifts"
    " night day weekend speaker speaking native fluent english german french mandarin japanese"
    " korean thai vietnamese bilingual ref m w d f x h gn all genders male female cum seasonal"
    " casual".split()
)
_WRITTEN_OUT: Final = SHORT_FORMS | {
    "exec": "executive",
    "hr": "human resources",
    "acct": "accounting",
    "acc": "accounting",
    "accounts": "accounting",
    "qa": "quality assurance",
    "qc": "quality control",
    "pr": "public relations",
    "ui": "user interface",
    "ux": "user experience",
    "ops": "operations",
    "mktg": "marketing",
    "mfg": "manufacturing",
    "programer": "programmer",
    "fullstack": "full stack",
    "frontend": "front end",
    "backend": "back end",
    "ecommerce": "e commerce",
    "aircond": "air conditioning",
    "swe": "software engineer",
    "sde": "software engineer",
    "pm": "project manager",
    "ict": "it",
    # Malay and Indonesian
    "kerani": "clerk",
    "pembantu": "assistant",
    "jurujual": "sales assistant",
    "jualan": "sales",
    "pemandu": "driver",
    "lori": "lorry",
    "pekerja": "worker",
    "am": "general",
    "kilang": "factory",
    "jurutera": "engineer",
    "juruteknik": "technician",
    "pengurus": "manager",
    "penyelia": "supervisor",
    "eksekutif": "executive",
    "jururawat": "nurse",
    "guru": "teacher",
    "akaun": "accounting",
    "tukang": "craftsman",
    "masak": "cook",
    "pengawal": "guard",
    "keselamatan": "security",
    "pembersihan": "cleaning",
    "mesin": "machine",
    "gudang": "warehouse",
    "stor": "store",
}
# Seen from far the same: where titles call a plain post "executive", lists call it "officer".
_ALIKE: Final = {"executive": "officer", "executives": "officer", "purchaser": "buyer"}
_ASIDE = re.compile(r"[(\[{][^)\]}]{0,80}[)\]}]")
_TAIL = re.compile(r"\s(?:[-–—|@]|at|bei|in|for)\s.*", re.IGNORECASE)
_FEMALE = re.compile(r"(?:[*:_/]in(?:nen)?|\(in\)|\(e\)|·e)\b")


@dataclass(frozen=True, slots=True)
class Occupation:
    """Hold an occupation of a list: its code there, its name, and what else it is called."""

    code: str
    label: str
    others: tuple[str, ...] = ()
    about: str = ""


def _seeds() -> Iterator[tuple[bool, tuple[str, ...]]]:
    """Yield each line of our list: whether it is very common, and its names."""
    text = resources.files("ingestion.rules").joinpath("data", "occupations.txt").read_text("utf-8")
    for line in text.splitlines():
        yield line.startswith("*"), tuple(line.lstrip("*").split("; "))


_SEEDS: Final = tuple(_seeds())


def _key(title: str) -> str:
    """Return the words of a title that name the work, short forms written out."""
    words = [_WRITTEN_OUT.get(word, word) for word in words_of(title).split()]
    kept = [word for word in words if word not in _BESIDE and not word.isdigit()]
    return " ".join(" ".join(kept or words).split())


_BY_NAME: Final = {_key(name): names[0] for _, names in reversed(_SEEDS) for name in names}


#: Names by their key; the empty one knows none.
Names = Mapping[str, str]


@lru_cache(maxsize=16384)
def name_keys(title: str) -> tuple[str, ...]:
    """Return the keys a title may be known by, the fullest first."""
    title = _FEMALE.sub("", title[:_MAX_TITLE])
    plain = _ASIDE.sub(" ", title)
    ways = (plain, _TAIL.sub("", plain), plain.partition(",")[0])
    keys = tuple(dict.fromkeys(key for key in map(_key, ways) if key))
    return keys or (_key(title),)


def normal_form(title: str, among: Names = MappingProxyType({})) -> str:
    """Return the work a title names, without level, place and mode: "software developer".

    A name of `among`, else of our own list, stands for all its other names; a title that neither
    has is its own words in lower case.
    """
    keys = name_keys(title)
    for names in (among, _BY_NAME):
        for key in keys:
            if key in names:
                return names[key][:MAX_OCCUPATION]
    return keys[-1 if len(keys) == 1 else 1][:MAX_OCCUPATION].rstrip()


def names_of(occupations: Iterable[Occupation]) -> dict[str, str]:
    """Return the label of each occupation by its label's key and by those of its other names.

    A name that is the label of one occupation and another name of a second means the first.
    """
    listed = tuple(occupations)
    names = {_key(one.label): one.label for one in reversed(listed)}
    for one in listed:
        for other in one.others:
            names.setdefault(_key(other), one.label)
    names.pop("", None)
    return names


Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Postings:
    """Hold which rows have a feature and how much of each row it is (rows have length one)."""

    numbers: dict[str, int]
    weights: Floats
    starts: Ints
    rows: Ints
    shares: Floats
    size: int

    def cosines(self, features: Counter[str]) -> Floats:
        """Return the cosine of every row with a bag of features."""
        known = [(self.numbers[f], n) for f, n in features.items() if f in self.numbers]
        if not known:
            return np.zeros(self.size, np.float32)
        numbers = np.array([number for number, _ in known])
        counts = np.array([n for _, n in known], np.float32)
        own = (1 + np.log(counts)) * self.weights[numbers]
        own /= np.linalg.norm(own)
        spans = [slice(self.starts[number], self.starts[number + 1]) for number in numbers]
        rows = np.concatenate([self.rows[span] for span in spans])
        shares = np.concatenate(
            [self.shares[span] * weight for span, weight in zip(spans, own, strict=True)]
        )
        return np.bincount(rows, shares, minlength=self.size).astype(np.float32)


def _postings(bags: Sequence[Counter[str]]) -> _Postings:
    numbers: dict[str, int] = {}
    for bag in bags:
        for feature in bag:
            numbers.setdefault(feature, len(numbers))
    lengths = [len(bag) for bag in bags]
    rows = np.repeat(np.arange(len(bags)), lengths)
    columns = np.fromiter((numbers[f] for bag in bags for f in bag), np.int64, sum(lengths))
    counts = np.fromiter((n for bag in bags for n in bag.values()), np.float32, sum(lengths))
    in_rows = np.bincount(columns, minlength=len(numbers))
    weights = (np.log((1 + len(bags)) / (1 + in_rows)) + 1).astype(np.float32)
    shares = (1 + np.log(counts)) * weights[columns]
    norms = np.sqrt(np.bincount(rows, shares * shares, minlength=len(bags)))
    shares = (shares / np.maximum(norms, 1e-9)[rows]).astype(np.float32)
    order = np.argsort(columns, kind="stable")
    starts = np.concatenate([[0], np.cumsum(in_rows)])
    return _Postings(numbers, weights, starts, rows[order], shares[order], len(bags))


@dataclass(frozen=True, slots=True)
class OccupationList:
    """Hold a list of occupations ready to be matched; make one by `occupation_list`."""

    occupations: tuple[Occupation, ...]
    by_key: dict[str, int]
    names: _Postings
    grams: _Postings
    wholes: _Postings
    first_names: Ints
    common: Floats


def _seen(name: str) -> str:
    return " ".join(_ALIKE.get(word, word) for word in _key(name).split())


def _words(text: str) -> Counter[str]:
    return Counter(text.split())


def _grams(text: str) -> Counter[str]:
    """Count the runs of 3 to 5 characters of each word, its ends among them."""
    found: Counter[str] = Counter()
    for word in text.split():
        padded = f" {word} "
        for length in _GRAMS:
            found.update(padded[at : at + length] for at in range(max(1, len(padded) - length + 1)))
    return found


def occupation_list(occupations: Iterable[Occupation]) -> OccupationList:
    """Build what matches titles to these occupations; none may be without a name."""
    listed = tuple(occupations)
    seeds = {_key(name): seed for seed in reversed(_SEEDS) for name in seed[1]}
    names: list[str] = []
    first_names, wholes, common = [], [], []
    by_key: dict[str, int] = {}
    for number, one in enumerate(listed):
        is_common, also = seeds.get(_key(one.label), (False, ()))
        own = list(dict.fromkeys(_seen(name) for name in (one.label, *one.others, *also)))
        first_names.append(len(names))
        names += own
        wholes.append(_words(" ".join(own)) + _words(_seen(one.about)))
        common.append((1 if also else 0) + is_common)
        by_key.setdefault(own[0], number)
    for number, start in enumerate(first_names):
        stop = first_names[number + 1] if number + 1 < len(listed) else len(names)
        for name in names[start:stop]:
            by_key.setdefault(name, number)
    return OccupationList(
        listed,
        by_key,
        _postings([_words(name) for name in names]),
        _postings([_grams(name) for name in names]),
        _postings(wholes),
        np.array(first_names),
        np.array(common, np.float32),
    )


_COMMON_BONUS: Final = 0.15
_WHOLE_SHARE: Final = 0.6


def match_scores(title: str, among: OccupationList) -> Floats:
    """Return how well each occupation of the list fits a title.

    Words and runs of letters of its best name count, words of all its names, and a little more for
    what is common everywhere.
    """
    key = _seen(title[:_MAX_TITLE])
    words = _words(key)
    best = np.maximum.reduceat(among.names.cosines(words), among.first_names)
    alike = np.maximum.reduceat(among.grams.cosines(_grams(key)), among.first_names)
    wholes = _WHOLE_SHARE * among.wholes.cosines(words)
    fits: Floats = best + alike + wholes + _COMMON_BONUS * among.common
    return fits


def best_matches(
    title: str, among: OccupationList, *, most: int = 5
) -> list[tuple[Occupation, float]]:
    """Return the occupations that fit best, best first, each with its score."""
    scores = match_scores(title, among)
    order = np.argsort(-scores, kind="stable")[:most]
    return [(among.occupations[n], float(scores[n])) for n in order]
