"""Titles: the words of the job, without what a form or a system put around them."""

import re

from ingestion.rules.texts import clean_line, comparable, unescape

MAX_TITLE = 300
_MIN_SHOUTED = 9  # letters; "QA LEAD" may be meant so

_TAGS = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
# "(Req #12345)", "[JR-0042]", "- Req ID: 99812", "#88211"
_REQUISITION = re.compile(
    r"\s*[(\[{]\s*(?:(?:job|req|requisition|posting|vacancy|position|reference|ref|jr|"
    r"id)\b[\s.:#-]*){1,3}"
    r"(?:(?:no|nr|number|id)\b[\s.:#]*)?[A-Z]{0,4}[-_]?\d[\w-]{1,15}\s*[)\]}]",
    re.IGNORECASE,
)
_BARE_CODE = re.compile(
    r"\s*[(\[]\s*#?(?:[A-Z]{1,4}[-_]?\d{3,12}|\d{4,12}|\d{2,4}-\d{3,10})\s*[)\]]"
)
_TAIL_CODE = re.compile(
    r"\s*(?:[-–—|:,]\s*)?(?:(?:job|req|requisition)\s*(?:id|no|number|"
    r"#)?\s*[.:#]?\s*(?:[A-Z]{1,4}[-_]?)?\d{3,12}"
    r"|(?:JR|REQ|R)[-_]?\d{4,12}|#\s?\d{3,12})\s*$",
    re.IGNORECASE,
)
_TAIL_REMOTE = re.compile(
    r"\s*(?:[-–—|,:]\s*|\(|\[)\s*(?:(?:100\s?%|fully|full|work)\s*)?"
    r"(?:remote|wfh|work from home|home[- ]?office|telecommute)(?:\s+(?:ok|only|possible|"
    r"friendly|position|job))?\s*[)\]]?\s*$",
    re.IGNORECASE,
)
_GENDER = re.compile(
    r"\s*[(\[]?\s*\b(?:[mwfdxhi]|div|gn|all genders?|alle|any)\.?(?:\s*[/|"
    r"*,:]\s*(?:[mwfdxhin]|div|gn|any|all genders?)\.?){1,4}(?![\w/])\s*[)\]]?",
    re.IGNORECASE,
)
_ALL_GENDERS = re.compile(
    r"\s*[(\[]\s*(?:all genders?|gn|any gender|H/F|F/H)\s*[)\]]", re.IGNORECASE
)
_EDGES = " \t-–—|,:;/*•·_"
_DANGLING = re.compile(r"\(\s*\)|\[\s*\]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")

_KEPT_SHORT = frozenset(
    [
        "IT",
        "HR",
        "QA",
        "UI",
        "UX",
        "VP",
        "PR",
        "AI",
        "ML",
        "BI",
        "IOS",
        "CEO",
        "CFO",
        "CTO",
        "COO",
        "CIO",
        "CISO",
        "CMO",
        "CRM",
        "ERP",
        "SAP",
        "SQL",
        "AWS",
        "GCP",
        "API",
        "SDK",
        "RN",
        "LPN",
        "CNA",
        "LVN",
        "NP",
        "PA",
        "MD",
        "DO",
        "DDS",
        "ICU",
        "ER",
        "OR",
        "EMT",
        "OT",
        "PT",
        "SLP",
        "BCBA",
        "CPA",
        "CFA",
        "HVAC",
        "CNC",
        "CAD",
        "CDL",
        "LTL",
        "OTR",
        "FP&A",
        "R&D",
        "B2B",
        "B2C",
        "SEO",
        "SEM",
        "PPC",
        "SRE",
        "NOC",
        "SOC",
        "GIS",
        "PMO",
        "PMP",
        "RF",
        "EE",
        "ME",
        "SW",
        "HW",
        "ETL",
        "DBA",
        "PHP",
        "HTML",
        "CSS",
        "NET",
        "USA",
        "US",
        "UK",
        "EU",
        "EMEA",
        "APAC",
        "LATAM",
        "DACH",
        "NYC",
        "LA",
        "SF",
        "DC",
        "TX",
        "CA",
        "NY",
        "II",
        "III",
        "IV",
        "VI",
        "VII",
        "VIII",
        "NHS",
        "GP",
        "HGV",
        "LGV",
        "SEN",
        "TA",
        "EYFS",
        "KS1",
        "KS2",
        "ESL",
        "EFL",
        "STEM",
        "K12",
        "RGN",
        "RMN",
        "HCA",
        "ODP",
        "AP",
        "AR",
        "GL",
        "SAS",
        "SPSS",
        "EHS",
        "HSE",
        "QHSE",
        "MEP",
        "BIM",
        "TIG",
        "MIG",
        "CCTV",
        "POS",
        "FMCG",
        "NGO",
        "ATM",
        "KYC",
        "AML",
        "IFRS",
        "GAAP",
        "VAT",
        "PLC",
        "SCADA",
        "DOT",
        "FMLA",
        "CSR",
        "BDR",
        "SDR",
        "AE",
    ]
)
_SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "of",
        "on",
        "or",
        "the",
        "to",
        "with",
        "und",
        "der",
        "die",
        "das",
        "für",
        "de",
        "la",
        "et",
    ]
)


def clean_title(text: str) -> str:
    """Return the title without codes, tags, gender marks and a trailing "- Remote".

    Text in capitals only becomes title case with its acronyms kept. A title that would be empty
    after cleaning is kept as it came.
    """
    title = clean_line(_TAGS.sub(" ", unescape(text[: MAX_TITLE * 4])), MAX_TITLE)
    shorter = title
    if any(c.isdigit() for c in title):
        for pattern in (_REQUISITION, _BARE_CODE, _TAIL_CODE):
            shorter = pattern.sub("", shorter)
    if any(c in "(/|*:[" for c in title):
        shorter = _GENDER.sub("", _ALL_GENDERS.sub("", shorter))
    shorter = _TAIL_REMOTE.sub("", shorter)
    shorter = _DANGLING.sub("", shorter).strip(_EDGES)
    title = shorter if any(c.isalpha() for c in shorter) else title
    return _quiet(title)


def _quiet(title: str) -> str:
    letters = sum(1 for c in title if c.isalpha())
    if letters < _MIN_SHOUTED or title != title.upper() or title == title.lower():
        return title
    return _WORD.sub(_recase, title)


def _recase(match: re.Match[str]) -> str:
    word = match.group()
    if word in _KEPT_SHORT or len(word) == 1:
        return word
    if match.start() and word.lower() in _SMALL:
        return word.lower()
    return word[0] + word[1:].lower()


SHORT_FORMS = {
    "sr": "senior",
    "snr": "senior",
    "jr": "junior",
    "jnr": "junior",
    "mgr": "manager",
    "eng": "engineer",
    "engr": "engineer",
    "dev": "developer",
    "asst": "assistant",
    "assoc": "associate",
    "dir": "director",
    "vp": "vice president",
    "svp": "senior vice president",
    "admin": "administrator",
    "coord": "coordinator",
    "rep": "representative",
    "tech": "technician",
    "spec": "specialist",
    "1": "i",
    "2": "ii",
    "3": "iii",
}


def title_key(title: str) -> str:
    """Return the title as compared: folded words, usual short forms written out."""
    return " ".join(SHORT_FORMS.get(word, word) for word in comparable(title).split())
