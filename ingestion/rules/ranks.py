"""Ranks: how high a title stands, told by its words in a dozen languages."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from ingestion.rules.texts import words_of

_MAX_TITLE: Final = 300

#: All ranks; of those that a title names the first here is its own. "manager", "associate" and
#: "professional" are roles that say no level.
RANKS: Final = (
    "trainee",
    "chief",
    "president",
    "vice president",
    "management",
    "managing director",
    "director",
    "lead",
    "head",
    "principal",
    "senior manager",
    "junior",
    "senior",
    "mid",
    "manager",
    "associate",
    "professional",
)
_PLACE: Final = {rank: place for place, rank in enumerate(RANKS)}

# One folded word each, as a pattern that has to fit all of it; the first row that fits decides.
_WORDS: Final = (
    ("associate", r"\w+(?:assisten(?:t|tin|z)|sekretari(?:n|at|s|sk)?)"),
    (
        "trainee",
        r"intern|interns|internship|praktik(?:um|ant|antin|anter|anten)|traineeship|"
        r"werkstudent(?:in)?|apprentice(?:ship)?|apprentie?|auszubildende[rn]?|ausbildung|azubi|"
        r"lehrling|stagiaire|alternan(?:t|te|ce)|becari[oa]|practicante|estagi\w+|tirocin\w+|"
        r"stagista|stagiair|larling|laerling|praktykant|stazysta|harjoittelija",
    ),
    (
        "vice president",
        r"[seag]?vp|vice(?:prasident|president)\w*",
    ),
    (
        "management",
        r"\w*gescha?e?ftsleit\w*",
    ),
    (
        "chief",
        r"c[abcdefhimoprstx]o|ciso|chro|cdao|cpto|cofounder|founder|owner|mitinhaber(?:in)?|"
        r"inhaber(?:in)?|eigentumer(?:in)?|(?:mit)?(?:be)?grunder(?:in)?|(?:co)?fondat(?:eur|rice)|"
        r"(?:co)?fundador[a]?|fondatore|fundadora|oprichter|grundare|grunder|proprietor|"
        r"propriet(?:aire|ario|aria)|propietari[oa]|eigenaar|\w*gescha?e?ftsfue?h?r?\w+|"
        r"\w*vorstand\w*|vorsitz\w*|chief|\w*gesellschafter(?:in)?|gerant|zaakvoerder|bestuurder|"
        r"toimitusjohtaja|prezes|pdg|trustees?|"
        r"chair(?:man|woman|person|s)?|aufsichtsrat\w*|beirat\w*|verwaltungsrat\w*|vrp",
    ),
    ("president", r"president(?:e|in|a)?|prasident(?:in)?|verbandsprasident(?:in)?"),
    (
        "director",
        r"\w*direktor(?:en|in|ka)?|director(?:s|a|ate|es)?|dir|directeur|directrice|direttor[ei]|"
        r"direttrice|diretor[a]?|direkteur|direktor|dyrektor|direktør|johtaja|dean|headteacher|"
        r"headmaster|rektor|rector",
    ),
    ("principal", r"principal|distinguished"),
    (
        "lead",
        r"leads?|\w*(?:projekt|team|gruppen)leit\w*|teamlead(?:er)?|techlead|leaders?|teamleid\w+|"
        r"\w*(?:team|schicht|gruppen)fuhrer(?:in)?|teamchef|(?:team|prosjekt|projekt)leder|"
        r"(?:team|projekt)ledare|projectleider|lider|supervisor[as]?|superviseu\w+|"
        r"fore(?:man|men|woman)|vorarbeiter(?:in)?|\w*meister(?:in)?|captain|domainlead",
    ),
    (
        "head",
        r"heads?|(?:group|co)head|\w*leiter(?:in|innen|s)?|\w*leitung|ltg|hoofd\w*|\w{4,}sjef|"
        r"(?:forsaljnings|inkops|personal|ekonomi|marknads|salgs|butiks|avdelnings|enhets|utvecklings)"
        r"chef|(?:avdelings|afdelings|omrade)leder|afdelingschef|osastopaallikko|paallikko|"
        r"kierowni\w+|responsabile|capo\w*|prokurist(?:in)?|superintendent|adjoint|jefe|jefa",
    ),
    (
        "senior",
        r"seniors?|snr|sr|experienced|expert(?:e|en|in|innen|os?|as?|s)?|\w+expert(?:e|in)?|iii|"
        r"iv|erfahrene?[rn]?|experimentee?|confirmee?|ervaren|erfaren|kokenut|starszy|starsza|l[56]",
    ),
    (
        "junior",
        r"junior(?:in)?|jr|jnr|jun|beginner|trainees?|helper|debutant|nyexad|nyuddann\w*|"
        r"nyutexaminera[d]?|mlodszy|mlodsza|principiante|graduate|berufseinsteiger(?:in)?|"
        r"absolvent(?:in)?|aushilfe|doktorand(?:in)?",
    ),
    ("mid", r"mid|midlevel|intermediate|ii|medior"),
    (
        "manager",
        r"\w*manager(?:in|innen|s)?|mgr|manageu[rs]e?|gerente|responsable|\w*verantwortlich\w*|"
        r"\w*beauftragte?r?|encargad[oa]|gestionnaire|forvalter|manageress",
    ),
    (
        "associate",
        r"associates?|associated|\w*analyst(?:e|in|s)?|analista|analytiker|analytyk|"
        r"\w*assisten(?:t|tin|z|te)|assitent\w*|\w*mitarbeit(?:er|erin|end\w*)|"
        r"\w*refer(?:ent|entin|at)|\w*sachbearbeit\w+|clerk|medewerker|medarbeta(?:re|der)|"
        r"\w*medarbejder|\w*medarbeider|hilfskraft|sekretari\w*|empleado|employe|employee",
    ),
    (
        "professional",
        r"\w+(?:er|or|ist|ian|eur|euse|ant|ante|ent|rice|man|woman|kraft|frau|mann|wirt|ogist|"
        r"tect|tekt|ador|adora|ero|era|eira|eiro|ierin|erin|istin)s?|engineering|consulting|"
        r"development|nurse|chef|cook|architect|architecte|officer|executive|support|advisory|rep|"
        r"design|research|sales|marketing|communications?|kommunikation|\w*vertrieb\w*|administration|"
        r"admin|crm|\w*beratung|\w*entwicklung|\w*betreu\w+|charge\w*|it|hr|pr|\w*einkauf\w*|"
        r"\w*verkauf\w*|services?|controlling|\w*buchhaltung|\w*pflege\w*|\w*management|projekte?|projects?|guide|"
        r"roles?|positions?|jobs?|staff|konsult|utvecklare|ingenjor|sykepleier|sjukskoterska|"
        r"\w*ingenieu?r\w*|chargee?|business|operations|finance|strategy|product|technology|"
        r"fellow|scientist|partner|member|secretary|aide|judge|clergy|coach|athlete|md|rn|lpn",
    ),
)
_OF_WORD: Final = tuple((rank, re.compile(words)) for rank, words in _WORDS)

# Words that mean something else together than apart; "" means no rank at all.
_TOGETHER: Final = {
    "trainee": "working student|student worker|student assistant|student employee|"
    "student trainee|en alternance|co op|duales studium|dualer student|duale studentin|"
    "dual student",
    "vice president": "vice president|vice presidente|vice presidents|v p|vice prasident",
    "management": "general management|management board|board of management|"
    "executive committee|comite de direction|mitglied der leitung",
    "managing director": "managing director|managing directors|executive director",
    "chief": "co founder|co owner|vice chair|vice chairman|managing partner|senior partner|"
    "equity partner|founding partner|founding principal|board member|member of board|"
    "member of the board|member board|members of the board|board of directors|board director|"
    "board of trustees|advisory board|directeur general|directrice generale|director general|"
    "directora general|direttore generale|amministratore delegato|algemeen directeur|"
    "administrerende direktor|adm direktor|verkstallande direktor|chief executive|non executive",
    "director": "directeur adjoint|head teacher|general counsel",
    "lead": "chef de projet|chef de projets|cheffe de projet|chef d equipe|chef de chantier|"
    "jefe de equipo|jefe de proyecto|jefa de proyecto|capo progetto|kierownik projektu|"
    "charge nurse|chief engineer|chief editor|chief estimator|chief inspector|chief steward|"
    "chief mate|chief accountant|chief architect|chief technician|chief resident|chief officer|"
    "chief nurse|chief cook|team captain",
    "head": "chef de service|chef de marche|chef de produit|chef de secteur|"
    "chef de departement|chef des ventes|chef de groupe|chef du service|chef de rayon|"
    "chef de cuisine|chief of staff|head of|responsable de",
    "principal": "staff engineer|staff scientist|staff developer|staff architect|"
    "staff designer|staff researcher|staff software|staff data|staff machine|staff site|"
    "staff product|staff systems|staff hardware|staff cloud|staff backend|staff frontend|"
    "fellow engineer",
    "senior manager": "senior partner manager|senior partner management",
    "senior": "level 3|level 4|level 5",
    "mid": "level 2|mid level",
    "junior": "entry level|new grad|early career|no experience|level 1|engineer i|developer i|"
    "analyst i|assistant engineer|assistant accountant|assistant editor|assistant buyer|"
    "assistant designer|assistant architect|associate software|associate data|associate product|"
    "associate engineer|associate developer|associate consultant|associate analyst|"
    "associate designer|phd student|phd candidate|ph d student|ph d candidate",
    "professional": "product owner|product owners|process owner|service owner|data owner|"
    "system owner|solution owner|application owner|platform owner|backlog owner|feature owner|"
    "content owner|release owner|test owner|risk owner|chef de partie|chef de rang|head hunter|"
    "senior living|senior care|senior citizens|senior services|account executive|staff nurse|"
    "executive assistant|executive chef|graduate program|graduate school|graduate admissions|"
    "graduate recruitment|graduate studies|graduate medical|captain s|student affairs|"
    "marketing executive|sales executive|partner management|lead generation|lead gen|"
    "leads generation|lead qualification|lead management|lead nurturing",
}


def _phrases() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """Map a first word to the phrases it may begin, longest first, each with its rank."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for rank, phrases in _TOGETHER.items():
        for phrase in phrases.split("|"):
            words = tuple(phrase.split())
            found.setdefault(words[0], []).append((words, rank))
    return {
        first: tuple(sorted(ways, key=lambda way: -len(way[0]))) for first, ways in found.items()
    }


_PHRASES: Final = _phrases()
# "Assistant to the CEO", "Assistenz der Geschäftsführung": what follows ranks somebody else.
_HELPERS = re.compile(
    r"\w*assist[ae]n[tz]\w*|\w*sekret\w+|secretary|support|reporting|advisor|aide|[ep]a"
)
_TO: Final = frozenset("to of for des der d von zum zur fur du ceo cfo cto coo cio cmo cso".split())
_MOST_BETWEEN: Final = 3
_LEADING: Final = frozenset(("lead", "head"))
_MANAGING: Final = frozenset(("manager", "senior manager"))
_PARTING = re.compile(r"[/|(;,&•]|\s[-–—]\s|\b(?:und|and|et|y|e)\b")


@lru_cache(maxsize=16384)
def rank_of_title(title: str) -> str:
    """Return one of RANKS, "" where no word of the title tells any."""
    words = words_of(title[:_MAX_TITLE].replace(".", "").replace("'", " ")).split()
    named = set(_ranks(words))
    if "manager" in named:
        if "senior" in named:
            named.add("senior manager")
        if named & _LEADING and _is_bilingual(title):
            named -= _LEADING
    return min(named - {""}, key=_PLACE.__getitem__, default="")


def _is_bilingual(title: str) -> bool:
    """Say whether "Vertriebsleiter / Sales Manager" is one post, head and manager."""
    parts = [part for part in _PARTING.split(title[:_MAX_TITLE]) if part.strip()]
    if len(parts) == 1:
        return False
    ranks = [rank_of_title(part) for part in parts]
    return bool(_LEADING.intersection(ranks)) and bool(_MANAGING.intersection(ranks))


def _ranks(words: list[str]) -> Iterator[str]:
    """Yield the rank of each word or phrase, up to where somebody else's rank begins."""
    at = 0
    while at < len(words):
        taken, rank = _phrase_at(words, at)
        yield rank
        if _is_helper(words[at + taken - 1]) and _TO.intersection(
            words[at + taken :][:_MOST_BETWEEN]
        ):
            return
        at += taken


def _phrase_at(words: list[str], at: int) -> tuple[int, str]:
    """Return how many words are read together from here, and their rank."""
    for phrase, rank in _PHRASES.get(words[at], ()):
        if tuple(words[at : at + len(phrase)]) == phrase:
            return len(phrase), rank
    if words[at] == "partner":
        return 1, "chief" if len(words) == 1 else "professional"
    return 1, _rank_of_word(words[at])


@lru_cache(maxsize=16384)
def _rank_of_word(word: str) -> str:
    return next((rank for rank, found in _OF_WORD if found.fullmatch(word)), "")


@lru_cache(maxsize=16384)
def _is_helper(word: str) -> bool:
    return bool(_HELPERS.fullmatch(word))
