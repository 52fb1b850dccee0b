"""Occupations: the normal form of a title, by our own names of work or those of a given list."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from ingestion.rules.texts import words_of
from ingestion.rules.titles import SHORT_FORMS

MAX_OCCUPATION: Final = 120
MAX_TITLE: Final = 300

# Letters with "and" between them that are no levels or genders.
_LETTERS: Final = {
    "f&b": "food beverage",
    "r&d": "research development",
    "m&e": "mechanical electrical",
    "l&d": "training development",
}
_LETTER_PAIR = re.compile(r"\b(?:f ?& ?b|r ?& ?d|m ?& ?e|l ?& ?d)\b", re.IGNORECASE)
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
    " casual kosong kerja jawatan diperlukan segera sdn bhd mnc walk apply available required"
    " preferred only intake".split()
)
_WRITTEN_OUT: Final = SHORT_FORMS | {
    "exec": "executive",
    "exe": "executive",
    "excutive": "executive",
    "assitant": "assistant",
    "assistance": "assistant",
    "dept": "department",
    "apps": "application",
    "aircon": "air conditioning",
    "hairstylist": "hair stylist",
    "telco": "telecommunications",
    "scm": "supply chain",
    "gm": "general manager",
    "cs": "customer service",
    "cx": "customer experience",
    "cust": "customer",
    "svc": "service",
    "maint": "maintenance",
    "elec": "electrical",
    "mech": "mechanical",
    "supv": "supervisor",
    "cnc": "computer numerical control",
    "qaqc": "quality",
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
    "juruwang": "cashier",
    "jahit": "tailor",
    "mekanik": "mechanic",
    "restoran": "restaurant",
    "kedai": "shop",
    "kru": "crew",
    "krew": "crew",
    "pegawai": "officer",
    "penghantar": "delivery person",
    "kimpalan": "welding",
    "elektrik": "electrical",
    "kewangan": "finance",
    "pemasaran": "marketing",
    "perakaunan": "accounting",
    "pentadbiran": "administration",
    "setiausaha": "secretary",
    "dapur": "kitchen",
    "pelayan": "waiter",
    "pembangun": "developer",
    "perisian": "software",
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
_ASIDE = re.compile(r"[(\[{][^)\]}]{0,80}[)\]}]")
_TAIL = re.compile(r"\s(?:[-–—|@]|at|bei|in|for)\s.*", re.IGNORECASE)
FEMALE = re.compile(r"(?:[*:_/]in(?:nen)?|\(in\)|\(e\)|·e)\b")


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


SEEDS: Final = tuple(_seeds())


def _letters(pair: re.Match[str]) -> str:
    return _LETTERS[pair[0].lower().replace(" ", "")]


def name_key(title: str) -> str:
    """Return the words of a title that name the work, short forms written out."""
    title = _LETTER_PAIR.sub(_letters, title)
    words = [_WRITTEN_OUT.get(word, word) for word in words_of(title).split()]
    kept = [word for word in words if word not in _BESIDE and not word.isdigit()]
    return " ".join(" ".join(kept or words).split())


_BY_NAME: Final = {name_key(name): names[0] for _, names in reversed(SEEDS) for name in names}


#: Names by their key; the empty one knows none.
Names = Mapping[str, str]


@lru_cache(maxsize=16384)
def name_keys(title: str) -> tuple[str, ...]:
    """Return the keys a title may be known by, the fullest first."""
    title = FEMALE.sub("", title[:MAX_TITLE])
    plain = _ASIDE.sub(" ", title)
    ways = (plain, _TAIL.sub("", plain), plain.partition(",")[0])
    keys = tuple(dict.fromkeys(key for key in map(name_key, ways) if key))
    return keys or (name_key(title),)


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
    names = {name_key(one.label): one.label for one in reversed(listed)}
    for one in listed:
        for other in one.others:
            names.setdefault(name_key(other), one.label)
    names.pop("", None)
    return names
