"""Kinds: employment type, place of work and level in the words of schema.org and ours."""

import re
from functools import lru_cache
from typing import Final

from ingestion.rules.hints import Hints
from ingestion.rules.places import remote_word
from ingestion.rules.ranks import rank_of_title
from ingestion.rules.texts import fold, folded

EMPLOYMENT_TYPES: Final = (
    "FULL_TIME",
    "PART_TIME",
    "CONTRACTOR",
    "TEMPORARY",
    "INTERN",
    "VOLUNTEER",
    "PER_DIEM",
    "OTHER",
)
SENIORITIES: Final = ("intern", "junior", "mid", "senior", "lead", "director", "executive")
_MAX_KIND: Final = 200
_MAX_TITLE: Final = 300
_OPENING: Final = 4_000
MAX_SEARCHED: Final = 60_000

# First match wins: an internship that is full-time is an internship.
_EMPLOYMENT: Final = (
    (
        "INTERN",
        r"intern(?:ship)?s?|praktik\w*|stage|stagiaire|werkstudent\w*|working student|"
        r"trainee ?ship|apprentice\w*|ausbildung|prácticas|becari\w",
    ),
    ("VOLUNTEER", r"volunteer\w*|unpaid|ehrenamt\w*|pro bono"),
    ("PER_DIEM", r"per[\s_-]?diem|prn|as needed"),
    (
        "PART_TIME",
        r"part[\s_-]?time|p|pt|teilzeit|temps partiel|media jornada|tiempo parcial|deltid|"
        r"parttime|minijob|regular part[\s_-]?time",
    ),
    (
        "FULL_TIME",
        r"full[\s_-]?time|f|ft|fulltime|vollzeit|temps plein|tiempo completo|heltid|"
        r"permanent full[\s_-]?time",
    ),
    (
        "CONTRACTOR",
        r"contract(?:or|ing)?s?|freelance\w*|independent|1099|c2c|corp[\s_-]to[\s_-]corp|"
        r"consultan\w+|self[\s_-]employed|b2b|fixed[\s_-]price|autónomo",
    ),
    (
        "TEMPORARY",
        r"temp(?:orary)?|seasonal|casual|fixed[\s_-]?term|befristet|cdd|interim|limited|"
        r"temporal|vikariat|zero[\s_-]hours|contract[\s_-]to[\s_-]hire",
    ),
    (
        "FULL_TIME",
        r"permanent|regular|employee|unbefristet|cdi|indefinido|fast|salaried|w2|"
        r"direct[\s_-]hire|standard",
    ),
    ("OTHER", r"other|sonstige\w*|per[\s_-]?project|commission"),
)
_EMPLOYMENT_WORDS: Final = tuple(
    (kind, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for kind, words in _EMPLOYMENT
)
_IN_TITLE: Final = (
    (
        "INTERN",
        re.compile(
            r"\b(?:internship|intern|praktik(?:um|ant|antin)|werkstudent(?:in)?|stagiaire|"
            r"working student|co-op|apprentice(?:ship)?)\b"
        ),
    ),
    (
        "VOLUNTEER",
        re.compile(
            r"\bvolunteer\b(?! (?:manager|coordinator|director|engagement|services|program))"
        ),
    ),
    ("PER_DIEM", re.compile(r"\b(?:per diem|prn)\b")),
    (
        "PART_TIME",
        re.compile(
            r"\b(?:part[- ]time|teilzeit|temps partiel|deltid)\b(?! ?(?:/|or|oder) ?(?:full|voll))"
        ),
    ),
    ("FULL_TIME", re.compile(r"\b(?:full[- ]time|vollzeit|temps plein)\b")),
    (
        "CONTRACTOR",
        re.compile(
            r"\b(?:freelance|freelancer|contractor|contract(?=\s*(?:$|[-)(\]|,:])))\b|\(contract\)"
        ),
    ),
    (
        "TEMPORARY",
        re.compile(
            r"\b(?:temporary|seasonal|fixed[- ]term|ftc|maternity cover|"
            r"interim)\b(?! (?:staffing|agency))"
        ),
    ),
)

_TYPE_FOLLOWS: Final = Hints(
    ("type:", "type :", "this is", "this position", "this role", "this job")
)
_STATED_TYPE = re.compile(
    r"(?:job|employment|contract|position|schedule) type ?: ?([^\n.;:]{2,40})"
    r"|this (?:position |role |job )?is (?:an? )?"
    r"((?:full|part)[- ]time|temporary|seasonal|per diem|fixed[- ]term)\b"
)
_LONGEST_LEAD: Final = 12
_LONGEST_TYPE: Final = 50

_YES: Final = frozenset(("true", "yes", "1", "y", "t"))
_REMOTE_NAMES: Final = {
    "remote": "remote",
    "fully_remote": "remote",
    "fullyremote": "remote",
    "telecommute": "remote",
    "full": "remote",
    "anywhere": "remote",
    "hybrid": "hybrid",
    "partial": "hybrid",
    "temporary": "hybrid",
    "onsite": "onsite",
    "on-site": "onsite",
    "on_site": "onsite",
    "office": "onsite",
    "inperson": "onsite",
    "in-person": "onsite",
    "in_office": "onsite",
    "none": "onsite",
}
# A description speaks of remote work in many ways; only these say that this job is.
_SURELY_REMOTE = re.compile(
    r"\b(?:this (?:is a|position is|role is|job is)(?: an?)?(?: \w+){0,2} (?:fully |100% |"
    r"completely )?remote\b(?! sensing)"
    r"|(?:100%|fully|completely) remote\b|(?:work location|location|workplace(?: type)?|"
    r"location type):? ?(?:fully |100% )?remote\b"
    r"|remote (?:position|role|job|opportunity)\b|work from (?:home|anywhere) (?:position|"
    r"role|job))",
    re.IGNORECASE,
)
_SURELY_HYBRID = re.compile(
    r"\b(?:hybrid (?:role|position|work(?:ing)?|schedule|model|setup|environment|job|remote)"
    r"|(?:work location|location|workplace(?: type)?):? ?hybrid|this (?:role|position|"
    r"job) is hybrid"
    r"|[1-4](?:-[2-5])? days? (?:a|per|each) week (?:in|at) (?:the|our) office)\b",
    re.IGNORECASE,
)
_NOT_REMOTE = re.compile(
    r"\b(?:not (?:a )?(?:fully )?remote|no remote|remote (?:work )?is not|(?:cannot|can't|"
    r"not) be (?:performed|done) remotely)\b",
    re.IGNORECASE,
)

_OTHER_REMOTE = re.compile(
    r"\b(?:remote (?:sensing|operations?|monitoring|support|control)|virtual|distributed|worldwide"
    r"|hybrid (?!remote)\w+)\b",
    re.IGNORECASE,
)

# What a rank says of the level; the others are roles of any level.
_LEVEL_OF_RANK: Final = {
    "trainee": "intern",
    "chief": "executive",
    "president": "executive",
    "vice president": "executive",
    "management": "executive",
    "managing director": "executive",
    "director": "director",
    "lead": "lead",
    "head": "lead",
    "principal": "lead",
    "senior manager": "senior",
    "senior": "senior",
    "mid": "mid",
    "junior": "junior",
}
_STATED_LEVELS: Final = {
    "entry": "junior",
    "entry level": "junior",
    "entry-level": "junior",
    "associate": "junior",
    "student": "intern",
    "student (college)": "intern",
    "experienced": "mid",
    "experienced (non-manager)": "mid",
    "mid-senior level": "senior",
    "mid senior": "senior",
    "mid-level": "mid",
    "manager": "lead",
    "manager/supervisor": "lead",
    "management": "lead",
    "executive": "executive",
    "executive (vp, department head)": "executive",
    "senior executive": "executive",
    "c-level": "executive",
    "no experience": "junior",
    "not applicable": "",
}


@lru_cache(maxsize=4096)
def employment_type(text: str) -> str:
    """Return the schema.org employment type of a field's text, "OTHER" for words we do not know."""
    words = fold(text[:_MAX_KIND]).strip().replace("\u2013", "-").replace("\u2011", "-")
    if not words or words in ("n/a", "none", "null", "unknown", "-"):
        return ""
    return next((kind for kind, found in _EMPLOYMENT_WORDS if found.search(words)), "OTHER")


def employment_type_of_title(title: str) -> str:
    """Return the employment type that a title says plainly, else ""."""
    low = fold(title[:_MAX_TITLE])
    return next((kind for kind, found in _IN_TITLE if found.search(low)), "")


def employment_type_of_description(text: str) -> str:
    """Return the employment type that a description states as a field ("Job type: Part-time").

    Also "this is a part-time position"; "" where neither stands in it.
    """
    low = folded(text[:MAX_SEARCHED])
    for lead in _TYPE_FOLLOWS.starts(low):
        hit = _STATED_TYPE.search(low, max(0, lead - _LONGEST_LEAD), lead + _LONGEST_TYPE)
        kind = employment_type(hit[1] or hit[2]) if hit else "OTHER"
        if kind != "OTHER":
            return kind
    return ""


def remote_of_field(text: str) -> str:
    """Return remote, hybrid or onsite of an explicit field; "" when it says nothing.

    "true" is remote; "false" is no proof of an office: sources send it as their default.
    """
    word = fold(text[:_MAX_KIND]).strip()
    if word in _YES:
        return "remote"
    return _REMOTE_NAMES.get(word) or remote_word(word)


def remote_of_title(title: str) -> str:
    """Return what a title says of the place of work; "Remote Sensing Analyst" says nothing."""
    low = title[:_MAX_TITLE]
    return "" if _OTHER_REMOTE.search(low) else remote_word(low)


def remote_of_description(text: str) -> str:
    """Return remote or hybrid only where the opening of a description says it of this job."""
    opening = text[:_OPENING]
    low = opening.lower()
    may_be = "hybrid" in low or (" days" in low and "office" in low)
    hybrid = may_be and _SURELY_HYBRID.search(opening)
    if hybrid:
        return "hybrid"
    if "remote" in low or "work from" in low:
        return (
            "remote" if _SURELY_REMOTE.search(opening) and not _NOT_REMOTE.search(opening) else ""
        )
    return ""


def seniority_of_title(title: str) -> str:
    """Return the level that a title states, "" when it states none."""
    return _LEVEL_OF_RANK.get(rank_of_title(title), "")


def seniority(stated: str, title: str) -> str:
    """Return the level of an explicit field, else of the title."""
    word = " ".join(fold(stated[:_MAX_KIND]).split())
    if word in _STATED_LEVELS:
        return _STATED_LEVELS[word] or seniority_of_title(title)
    if word in SENIORITIES:
        return word
    return (seniority_of_title(word) if word else "") or seniority_of_title(title)
