"""Needs: whether a posting requires what it names, or would only like it."""

import re
from bisect import bisect_right
from typing import Final

from ingestion.rules.skills_reading import BEYOND, TermList, matches_in, term_key, term_list
from ingestion.rules.skills_seed import Term

REQUIRED: Final = "required"
NICE: Final = "nice"

# Headings: what stands below one, up to the next, is asked for so much.
_HEADINGS: Final = {
    REQUIRED: "requirements|required|required skills|required qualifications|"
    "minimum qualifications|minimum requirements|basic qualifications|qualifications|must have|"
    "must haves|must have skills|key skills|skills|skills required|required experience|"
    "essential|essential skills|essential criteria|what you bring|what you'll bring|"
    "what you will bring|what you'll need|what you need|what we need|you have|you bring|"
    "your profile|your skills|your qualifications|who you are|about you|what we're looking for|"
    "what we are looking for|we are looking for|experience|job requirements|knowledge|"
    "skills and experience|skills experience|technical skills|education and experience|"
    "person specification|tech stack|anforderungen|ihr profil|dein profil|profil|"
    "qualifikationen|qualifikation|das bringst du mit|das bringen sie mit|was du mitbringst|"
    "was sie mitbringen|voraussetzungen|deine qualifikation|profil recherché|votre profil|"
    "compétences|compétences requises|exigences|prérequis|requisitos|requisitos mínimos|perfil|"
    "tu perfil|qué buscamos|requisiti|competenze|functie eisen|functie-eisen|jouw profiel|"
    "wat vragen wij|wat breng je mee|kvalifikationer|krav|din profil|vi söker dig som|"
    "kvalifikasjoner|ønskede kvalifikasjoner|vaatimukset|wymagania",
    NICE: "nice to have|nice to haves|nice-to-have|preferred|preferred qualifications|"
    "preferred skills|preferred experience|desired|desired skills|desirable|desirable skills|"
    "desirable criteria|bonus|bonus points|bonus points if|bonus skills|bonus if you have|"
    "pluses|plus|it's a plus|extra credit|additional qualifications|even better|brownie points|"
    "good to have|would be nice|ideally|additional skills|advantageous|von vorteil|"
    "wünschenswert|pluspunkte|idealerweise|atouts|les plus|un plus|serait un plus|deseable|"
    "se valorará|valorable|requisitos deseables|pre|pluspunten|meriterande|det är meriterande|"
    "en fordel|mile widziane|preferenziale",
    "": "benefits|what we offer|we offer|our offer|perks|perks and benefits|about us|"
    "about the company|who we are|responsibilities|your responsibilities|what you'll do|"
    "what you will do|the role|your role|role|duties|key responsibilities|job description|"
    "about the role|about the job|compensation|salary|how to apply|equal opportunity|"
    "our company|the team|your tasks|day to day|why us|why join us|description|summary|overview|"
    "wir bieten|das bieten wir|deine aufgaben|ihre aufgaben|aufgaben|über uns|was wir bieten|"
    "nous offrons|vos missions|missions|avantages|ofrecemos|funciones|qué ofrecemos|"
    "wat wij bieden|wij bieden|taken|arbetsuppgifter|vi erbjuder|arbeidsoppgaver|vi tilbyr|"
    "oferujemy|obowiązki|offriamo",
}
# Words of a sentence: "after" them stands what they speak of, or "before" them.
_CUES: Final = {
    (REQUIRED, "after"): "must have|must know|must be|you must|you need|you will need|"
    "requires|minimum of|mandatory|essential|proficiency in|proficient in|expert in|"
    "strong knowledge of|strong experience|solid experience|proven experience|"
    "hands on experience|deep knowledge of|expertise in|fluent in|zwingend|erforderlich|"
    "unbedingt|sehr gute kenntnisse|fundierte kenntnisse|vous maîtrisez|maîtrise de|"
    "imprescindible|dominio de|vereist|krävs",
    (REQUIRED, "before"): "is required|are required|required|is a must|are a must|a must|"
    "is essential|are essential|essential|is mandatory|are mandatory|mandatory|is needed|"
    "is necessary|is expected|erforderlich|zwingend erforderlich|vorausgesetzt|"
    "wird vorausgesetzt|exigé|exigée|indispensable|requis|obligatorio|imprescindible|is vereist|"
    "är ett krav|er et krav|wymagane",
    (
        NICE,
        "after",
    ): "nice to have|bonus points if|ideally|preferably|bonus points for|bonus for|bonus if|"
    "bonus|preferred|plus if|a plus if|advantage if|it helps if|great if|would be great if|"
    "optionally|good to have|desirable|idealerweise|optional|gerne auch|im idealfall|idéalement|"
    "de préférence|idealmente|deseable|bij voorkeur|gärna|gjerne|meriterande",
    (NICE, "before"): "is a plus|are a plus|a plus|a big plus|a huge plus|plus|is a bonus|"
    "a bonus|are a bonus|is preferred|are preferred|preferred|preferable|is desirable|desirable|"
    "desired|is desired|is nice to have|nice to have|is an advantage|an advantage|advantageous|"
    "beneficial|is beneficial|would be beneficial|would be an advantage|would be nice|"
    "would be great|helpful|is helpful|an asset|is an asset|considered an asset|not required|"
    "not essential|optional|von vorteil|ist von vorteil|sind von vorteil|wünschenswert|"
    "wäre wünschenswert|ein plus|un plus|est un plus|serait un plus|appréciée|apprécié|"
    "souhaitée|souhaité|un atout|est un atout|valorable|se valorará|deseable|es un plus|"
    "è un plus|is een pre|een pre|är meriterande|meriterande|en fordel|er en fordel|"
    "mile widziane",
}
_MOST_BEFORE_HEADING: Final = 4  # marks of a list or of bold print
_MOST_AFTER_HEADING: Final = 45  # "Requirements for this position"
_FAR: Final = 200
_MOST_CUES: Final = 5
_ENDS = re.compile(r"\n|[.;!?](?=\s|$)")
_MARKS = re.compile(r"[\s\-–—*•·#>\d.)]*")


#: A word of need: what it says, on which side of it stands what it speaks of, start and end.
Cue = tuple[str, str, int, int]


def _terms() -> TermList:
    """Return all words of need as terms: `name` is the need, `group` the sides, or "heading"."""
    sides: dict[str, list[str]] = {}
    needs: dict[str, str] = {}
    tables = {(need, "heading"): words for need, words in _HEADINGS.items()} | _CUES
    for (need, side), words in tables.items():
        for surface in words.split("|"):
            key = term_key(surface)
            needs.setdefault(key, need)
            sides.setdefault(key, []).append(side)
    return term_list(Term(need, " ".join(sides[key]), key) for key, need in needs.items())


_TERMS: Final = _terms()


def needs_at(text: str, places: list[tuple[int, int]]) -> list[str]:
    """Return for each span of `text`, in order, "required", "nice" or "" where nothing tells.

    The nearest word of need in the same sentence decides, else the heading above.
    """
    if not places:
        return []
    headings, cues = _told(text)
    sections = [start for start, _ in headings]
    starts = [cue[2] for cue in cues]
    found = []
    for start, end in places:
        need = _by_cue(text, (start, end), cues, bisect_right(starts, start)) if cues else ""
        if not need:
            above = bisect_right(sections, start)
            need = headings[above - 1][1] if above else ""
        found.append(need)
    return found


def _told(text: str) -> tuple[list[tuple[int, str]], list[Cue]]:
    """Return where each section begins and what its heading says, and the other words of need."""
    headings, cues = [], []
    ways = _TERMS.ways
    for n, start, after in matches_in(text, _TERMS):
        need, sides, end = ways[n].name, ways[n].group, after - BEYOND
        if sides.startswith("heading") and _is_heading(text, start, end):
            headings.append((start, need))
        elif sides != "heading":
            cues.append((need, sides, start, end))
    return headings, cues


def _is_heading(text: str, start: int, end: int) -> bool:
    """Say whether the words begin a line and end it, or a colon follows them."""
    if not _MARKS.fullmatch(text, text.rfind("\n", 0, start) + 1, start):
        return False
    stop = text.find("\n", end)
    rest = text[end : stop if stop >= 0 else len(text)].strip()
    short = len(rest) <= _MOST_AFTER_HEADING and (not rest or rest.endswith(":"))
    return rest.startswith(":") or short


def _by_cue(text: str, span: tuple[int, int], cues: list[Cue], at: int) -> str:
    """Return what the nearest cue of the sentence says, "" where there is none."""
    start, end = span
    before = after = ""
    nearest = _FAR
    for need, sides, _, cue_end in reversed(cues[max(0, at - _MOST_CUES) : at]):
        if "after" in sides:
            if start - cue_end < nearest and not _ENDS.search(text, cue_end, start):
                before, nearest = need, start - cue_end
            break
    for need, sides, cue_start, _ in cues[at : at + _MOST_CUES]:
        if "before" in sides:
            if cue_start - end < nearest and not _ENDS.search(text, end, cue_start):
                after = need
            break
    return after or before
