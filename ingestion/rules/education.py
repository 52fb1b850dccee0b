"""Education: the lowest level a posting asks for, or nothing where it asks for none."""

import re
from typing import Final

from ingestion.rules.hints import Hints
from ingestion.rules.texts import fold, folded

LEVELS: Final = ("school", "vocational", "associate", "bachelor", "master", "doctorate")
MAX_SEARCHED: Final = 60_000
_MAX_FIELD: Final = 300
_SENTENCE: Final = 140

_WORDS: Final = {
    "school": (
        r"high[- ]school (?:diploma|degree|education|graduate|equivalen\w+|or)|"
        r"high[- ]school(?=/ged)|h\.?s\.? diploma|secondary school (?:diploma|education)|"
        r"\bged\b|abitur|fachabitur|mittlere reife|schulabschluss|baccalaureat|a[- ]levels|gcses?"
    ),
    "vocational": (
        r"vocational (?:training|qualification|degree|education|diploma)|"
        r"(?:abgeschlossene|kaufmannische|technische|handwerkliche)[^.\n]{0,30}ausbildung|"
        r"berufsausbildung|trade (?:school|certificate)|nvq|btec|apprenticeship completed|"
        r"fagbrev|yrkesutdanning|mbo|bts|cap/bep"
    ),
    "associate": r"associate'?s?'? degrees?|associates degrees?|\baa/as\b|foundation degree",
    "bachelor": (
        r"bachelor\w{0,3}(?:'s?|s')?(?: degrees?)?|"
        r"\bb\.?sc?\.?(?=[ ,/)](?:degrees?|in\b|or\b|/|ms|m\.s|and\b))|"
        r"\bb\.?a\.?/b\.?s\.?|\bb\.?s\.?/b\.?a\.?|\bb\.(?:s|a|eng|tech)\.|\bbtech\b|\bbsc\b|"
        r"\bbeng\b|undergraduate degree|(?:four|4)[- ]year degree|college degree|"
        r"university degree|degree from an? (?:accredited|recognized|recognised)|"
        r"hochschulabschluss|abgeschlossenes[^.\n]{0,30}studium|(?:fach)?hochschulstudium|"
        r"universitatsabschluss|licence professionnelle|bac ?\+ ?3|licenciatura|laurea|"
        r"hbo|kandidatexamen|hogskoleutbildning|wyksztalcenie wyzsze|"
        r"(?:titulo|grado) universitario"
    ),
    "master": (
        r"master(?:'s|s'|s)? degrees?|master(?:'s|s')(?! (?:of|the)\b)|masters (?:in|or)\b|"
        r"master of (?:science|arts|business|engineering|public|social|education|laws)|"
        r"\bm\.?sc\.?(?= |,|/|\)|$)|\bm\.s\.|\bms/ph\.?d|\bm\.?b\.?a\b|\bmeng\b|"
        r"graduate degree|advanced degree|bac ?\+ ?5|diplome d'ingenieur|ecole d'ingenieur|"
        r"laurea magistrale|masterstudium|diplom-\w+"
    ),
    "doctorate": (
        r"\bph\.? ?d\b|doctorate|doctoral degree|\bpromotion in\b|\bm\.?d\.? degree|\bdphil\b|"
        r"juris doctor|\bj\.?d\.? (?:degree|from)|pharm\.?d|doctorat\b|doctor of"
    ),
}
# One pattern with a group a level: one pass over the text.
_ASKED = re.compile("|".join(rf"(?P<{level}>{words})" for level, words in _WORDS.items()))
# Every phrase above begins with one of these: only there the pattern is tried.
_HINTS: Final = Hints(
    (
        "a-level|a level|aa/as|abgeschlossen|abitur|advanced degree|apprenticeship c|"
        "associate d|associate's|associates' d|associates d|b.|ba/|bac +|bac+|baccalaureat|"
        "bachelor|beng |berufsausbildung|bs/|bsc|bs |btec|bts |cap/bep|college degree|"
        "degree from|diplom-|diplome d|doctor of|doctora|dphil|ecole d|fachabitur|"
        "fachhochschulst|fagbrev|foundation d|four-year d|four year d|4-year d|4 year d|gcse|"
        "ged|graduate degree|grado u|handwerkl|hbo|high school|high-school|h.s|hs d|"
        "hochschulabs|hochschulst|hogskoleut|j.d|jd |juris d|kandidatex|kaufmannisch|laurea|"
        "licence p|licenciatura|m.|master's|masters|master d|master of|masterst|mba|mbo|meng|"
        "ms/|mittlere r|msc|nvq|pharm|ph.|ph d|phd|promotion in|schulabschluss|"
        "secondary school|technische|titulo u|trade school|trade cert|undergraduate d|"
        "university degree|universitatsabs|vocational|wyksztalcenie w|yrkesutd"
    ).split("|")
)
_WISHED = re.compile(
    r"\b(?:prefer\w*|plus|nice[- ]to[- ]have|desir\w+|ideal\w*|advantage\w*|bonus|asset|"
    r"von vorteil|wunschenswert|idealerweise|un plus|se valora\w*|beneficial|optional)\b"
)
_IS_WISHED = re.compile(
    r"\b(?:is|are|degree) (?:strongly |highly )?(?:preferred|desired|desirable|a plus)\b"
)
_CLAUSE_END = re.compile(r"(?<=[^\W\d_]{3})\.|[;!?\n()]")
_NOT_ASKED = re.compile(
    r"\b(?:no|not|without|don't|ohne|kein\w{0,2}|sans)\b[^.;\n]{0,35}$|"
    r"\b(?:pursuing|pursue|towards?|enrolled|studying|currently|student\w*|candidates? for|"
    r"supervis\w+|teach\w*|mentor\w*|scrum|web ?)\b[^.;\n]{0,40}$"
)
_OTHER_AFTER = re.compile(
    r"(?: degrees?)?(?: (?:is |are )?(?:not (?:required|needed|necessary)|students?|programs?|"
    r"programmes?|interns?|theses|thesis|candidates?|researchers|office|teachers?|project))\b"
)
_STARTS = re.compile(r"(?<=[^\W\d_]{3})\.(?=\s)|[;!?](?=\s)|\n")

_FIELD: Final = (
    ("doctorate", r"phd|ph\.d|doctor\w*|promotion"),
    ("master", r"master\w*|postgraduate\w*|msc|mba|graduate degree|advanced"),
    ("bachelor", r"bachelor\w*|undergraduate|bsc|university|college|licence|hochschul\w*"),
    ("associate", r"associate\w*"),
    (
        "vocational",
        r"vocational|ausbildung|trade|certificate|professional certificate|apprentice\w*",
    ),
    ("school", r"high[ _-]?school|secondary|ged|school|abitur"),
)
_FIELD_WORDS: Final = tuple(
    (level, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for level, words in _FIELD
)


def education_of_field(text: str) -> str:
    """Return the lowest level an explicit field names, "" for what is no level we know."""
    words = fold(text[:_MAX_FIELD]).replace("_", " ")
    named = [level for level, found in _FIELD_WORDS if found.search(words)]
    return min(named, key=LEVELS.index, default="bachelor" if "degree" in words else "")


def find_education(text: str) -> str:
    """Return the lowest level that a description requires, "" where it requires none for sure.

    In "a bachelor's degree, master's preferred" the wish does not count.
    """
    low = folded(text[:MAX_SEARCHED])
    asked = {
        hit.lastgroup
        for start in _HINTS.starts(low)
        if (hit := _ASKED.match(low, start))
        and _is_asked(low, hit, _sentence_start(low, hit.start()))
    }
    return next((level for level in LEVELS if level in asked), "")


def _sentence_start(low: str, position: int) -> int:
    start = max(0, position - _SENTENCE)
    ends = [start + end.end() for end in _STARTS.finditer(low[start:position])]
    return ends[-1] if ends else start


def _is_asked(low: str, hit: re.Match[str], start: int) -> bool:
    if _NOT_ASKED.search(low, start, hit.start()) or _OTHER_AFTER.match(low, hit.end()):
        return False
    before = low[max(start, hit.start() - 30) : hit.start()]
    behind = _CLAUSE_END.split(low[hit.end() : hit.end() + _SENTENCE], maxsplit=1)[0]
    another = next((at for at in _HINTS.starts(behind) if _ASKED.match(behind, at)), None)
    behind = behind[:another]
    near = behind.split(",", 1)[0][:50]
    return not (_WISHED.search(before) or _WISHED.search(near) or _IS_WISHED.search(behind))
