"""Benefits: what an employer gives beside pay, found in a text or in a source's own list."""

import re
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

from ingestion.rules.texts import fold, folded

MAX_SEARCHED: Final = 60_000
MAX_GIVEN: Final = 60
_MOST_HITS: Final = 120
_BEFORE: Final = 45
_AFTER: Final = 40

#: Our name of a benefit → the phrases that promise it, folded. A word that is also a trade or a
#: duty ("dental", "equity", "vision") is here only within a phrase.
_PHRASES: Final = {
    "Health insurance": (
        "health insurance|medical insurance|healthcare insurance|health coverage|medical coverage|"
        "healthcare coverage|health care coverage|medical benefits|health benefits|"
        "healthcare benefits|health plan|medical plan|private healthcare|private medical|"
        "private health|health, dental|medical, dental|medical/dental|health/dental|"
        "medical and dental|health and dental|zusatzversicherung|betriebliche krankenversicherung|"
        "mutuelle|seguro medico|assistance medicale|prywatna opieka medyczna|"
        "plano de saude|zorgverzekering|bupa"
    ),
    "Dental insurance": (
        "dental insurance|dental coverage|dental plan|dental benefits|dental care plan|"
        "medical, dental|health, dental|medical/dental|health/dental|medical and dental|"
        "health and dental|dental, vision|dental and vision|dental & vision|dental/vision"
    ),
    "Vision insurance": (
        "vision insurance|vision coverage|vision plan|vision benefits|dental, vision|"
        "dental and vision|dental, and vision|dental & vision|dental/vision"
    ),
    "Life insurance": "life insurance|life assurance|death in service|seguro de vida",
    "Disability insurance": (
        "disability insurance|short-term disability|long-term disability|short term disability|"
        "long term disability|disability coverage|income protection|"
        "berufsunfahigkeitsversicherung"
    ),
    "Retirement plan": (
        "401k|401(k)|401 (k)|403b|403(b)|457(b)|retirement plan|retirement savings|"
        "retirement benefits|retirement package|pension plan|pension scheme|"
        "company pension|workplace pension|employer pension|pension contribution|"
        "betriebliche altersvorsorge|altersvorsorge|tjanstepension|pensjonsordning|"
        "pensioenregeling|rrsp|superannuation|plan de pensiones"
    ),
    "Paid time off": (
        "paid time off|paid vacation|paid holiday|paid leave|unlimited vacation|unlimited pto|"
        "unlimited time off|flexible pto|generous pto|flexible time off|vacation days|"
        "days of vacation|days vacation|days holiday|days' holiday|days of holiday|"
        "days annual leave|days of annual leave|days paid|days pto|days of pto|weeks vacation|"
        "weeks of vacation|weeks holiday|annual leave|tage urlaub|urlaubstage|"
        "jours de conges|conges payes|rtt|dias de vacaciones|vakantiedagen|semesterdagar|"
        "ukers ferie|pto,|pto.|pto)|pto and|pto &"
    ),
    "Sick leave": "paid sick|sick leave|sick days|sick pay",
    "Parental leave": (
        "parental leave|maternity leave|paternity leave|maternity pay|paternity pay|"
        "maternity and paternity|maternity/paternity|paid family leave|adoption leave|"
        "foraldraledighet|elternzeit"
    ),
    "Equity": (
        "stock options|stock option|share options|equity compensation|equity package|"
        "equity grant|equity options|employee stock|meaningful equity|competitive equity|"
        "generous equity|salary and equity|salary + equity|salary & equity|pay and equity|"
        "bonus and equity|equity and benefits|equity + benefits|equity, benefits|"
        "restricted stock|rsus|rsu|espp|stock purchase plan|share scheme|"
        "virtual shares|vsop|bspce|mitarbeiterbeteiligung"
    ),
    "Bonus": (
        "annual bonus|performance bonus|yearly bonus|bonus plan|bonus scheme|bonus program|"
        "sign-on bonus|sign on bonus|signing bonus|retention bonus|quarterly bonus|"
        "discretionary bonus|bonus eligible|bonus-eligible|bonus potential|bonus opportunity|"
        "bonus and benefits|profit sharing|profit-sharing|13th month|13. gehalt|"
        "13. monatsgehalt|weihnachtsgeld|bonus structure|bonus pool|target bonus|13e mois|"
        "13e maand|bonuszahlung"
    ),
    "Home office allowance": (
        "home office stipend|home office allowance|home office budget|home-office stipend|"
        "home-office budget|home office setup|home office set-up|remote work stipend|"
        "work from home stipend|work-from-home stipend|wfh stipend|internet stipend|"
        "internet allowance|equipment budget|equipment allowance"
    ),
    "Learning budget": (
        "learning budget|training budget|education budget|development budget|learning stipend|"
        "education stipend|learning allowance|learning & development budget|"
        "learning and development budget|conference budget|professional development budget|"
        "professional development stipend|weiterbildungsbudget"
    ),
    "Tuition help": (
        "tuition reimbursement|tuition assistance|education assistance|educational assistance|"
        "tuition aid|tuition remission|education reimbursement|student loan repayment|"
        "student loan assistance|tuition benefit"
    ),
    "Gym or sports": (
        "gym membership|gym subsidy|fitness membership|fitness stipend|fitness reimbursement|"
        "gym reimbursement|wellness stipend|wellness allowance|wellness budget|wellpass|"
        "urban sports club|egym|multisport|friskvardsbidrag|gympass|classpass|on-site gym|"
        "onsite gym|free gym"
    ),
    "Commuter help": (
        "commuter benefit|commuter benefits|transit benefit|commuter stipend|"
        "transportation allowance|travel allowance|season ticket loan|cycle to work|"
        "cycle-to-work|bike to work|jobticket|job ticket|deutschlandticket|jobrad|bike leasing|"
        "free parking|ns business card|titres de transport|pass navigo"
    ),
    "Company car": "company car|car allowance|firmenwagen|dienstwagen|voiture de fonction|firmabil|"
    "coche de empresa|leaseauto",
    "Relocation help": (
        "relocation assistance|relocation package|relocation support|relocation bonus|"
        "relocation allowance|assistance with relocation|relocation reimbursement|"
        "relocation benefits|relocation expenses|help with relocation|help you relocate"
    ),
    "Visa sponsorship": (
        "visa sponsorship|sponsor visas|sponsor your visa|visa support|visa assistance|"
        "sponsor work visas|sponsorship of visas|h1b sponsorship|h-1b sponsorship|"
        "immigration support|immigration assistance|visa will be sponsored"
    ),
    "Flexible hours": (
        "flexible hours|flexible working hours|flexible work hours|flexible schedule|"
        "flexible working|flexible work schedule|flexitime|flextime|flexi-time|flex time|"
        "gleitzeit|flexible arbeitszeit|horaires flexibles|horario flexible|"
        "flexible work arrangements|flexible work arrangement|elastyczne godziny|"
        "flexibele werktijden"
    ),
    "Four-day week": "four-day week|four day week|4-day week|4 day week|4-day work week|"
    "four-day work week|4 day work week|vier-tage-woche|4-tage-woche",
    "Meals": (
        "free lunch|free lunches|free meals|free food|free snacks|catered lunch|catered lunches|"
        "daily lunch|lunch provided|meal vouchers|meal allowance|lunch vouchers|luncheon vouchers|"
        "ticket restaurant|tickets restaurant|titres-restaurant|titres restaurant|snacks and|"
        "subsidised canteen|subsidized meals|subsidised meals|meal stipend|lunch stipend|"
        "swile|stocked kitchen|essenszuschuss"
    ),
    "Childcare help": "childcare assistance|childcare vouchers|childcare benefit|on-site childcare|"
    "onsite childcare|childcare support|child care assistance|subsidized childcare|"
    "dependent care fsa|dependent care account|kinderbetreuungszuschuss|kitazuschuss|"
    "dependent care flexible",
    "Spending account": "health savings account|flexible spending account|flexible spending "
    "accounts|health reimbursement|fsa/hsa|hsa/fsa|hsa and fsa|fsa and hsa",
    "Employee discount": (
        "employee discount|employee discounts|staff discount|merchandise discount|"
        "product discount|associate discount|team member discount|discounts on|"
        "mitarbeiterrabatt|corporate benefits"
    ),
    "Counselling": "employee assistance program|employee assistance programme|mental health "
    "support|mental health benefits|counselling service|mental health days|mental health care",
    "Sabbatical": "paid sabbatical|sabbatical program|sabbatical programme|sabbatical leave|"
    "sabbatical after|sabbaticals",
    "Paid volunteering": "paid volunteer|volunteer time off|volunteer days|volunteering days|"
    "paid volunteering",
    "Team events": "team retreats|company retreats|company retreat|team retreat|company offsites|"
    "team events|teamevents|team offsites",
}

#: Words of a source's own list that mean more there than in a text ("equity", "dental_coverage").
_LISTED: Final = {
    "health": "Health insurance",
    "medical": "Health insurance",
    "dental": "Dental insurance",
    "vision": "Vision insurance",
    "401k": "Retirement plan",
    "401 k": "Retirement plan",
    "retirement": "Retirement plan",
    "pension": "Retirement plan",
    "equity": "Equity",
    "stock": "Equity",
    "bonus": "Bonus",
    "pto": "Paid time off",
    "vacation": "Paid time off",
    "paid time off": "Paid time off",
    "unlimited vacation": "Paid time off",
    "gym": "Gym or sports",
    "relocation": "Relocation help",
    "childcare": "Childcare help",
    "commuter": "Commuter help",
    "sabbatical": "Sabbatical",
    "life": "Life insurance",
}


def _by_phrase() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for name, phrases in _PHRASES.items():
        for phrase in phrases.split("|"):
            table[phrase] = (*table.get(phrase, ()), name)
    return table


_NAMES_OF: Final = _by_phrase()
_KEYS: Final = tuple(_NAMES_OF)
_TREE: Final = BytesAhoCorasick(
    [key.encode("ascii") for key in _KEYS], implementation=Implementation.DFA
)
_REFUSED_BEFORE = re.compile(
    r"\b(?:no|not|non|never|without|unable|cannot|neither|nor|kein\w{0,2}|pas|sin|isn't|don't|"
    r"doesn't|can't|won't|aren't|ineligible|instead of)\b[^.;!?\n]*$"
)
_REFUSED_AFTER = re.compile(
    r"[^.;!?\n]{0,15}\b(?:not|unavailable|isn't|aren't|cannot|nicht)\b", re.IGNORECASE
)
# Whoever sells insurance or runs a fitness club names it without giving it.
_DUTY_BEFORE = re.compile(
    r"\b(?:sells?|selling|sold|administer\w*|manag\w+|design\w*|process\w*|claims?|brokers?|"
    r"underwrit\w+|licen[sc]ed?|agents?|advis\w+|market\w*|customers?|clients?'?|patients?'?|"
    r"members?'?|provider of|leader in|experience (?:in|with)|knowledge of|"
    r"build\w*)\W+(?:\w+\W+){0,3}$"
)


def find_benefits(text: str) -> tuple[str, ...]:
    """Return our names of the benefits a description promises, in our order.

    "No visa sponsorship", "sponsorship is not available" and "you sell life insurance" promise
    nothing.
    """
    low = folded(text[:MAX_SEARCHED])
    found: set[str] = set()
    # One byte a character, so that places in the bytes are places in the text.
    hits = _TREE.find_matches_as_indexes(low.encode("ascii", "replace"), overlapping=True)
    for n, start, end in hits[:_MOST_HITS]:
        names = _NAMES_OF[_KEYS[n]]
        if not found.issuperset(names) and _is_promised(low, start, end):
            found.update(names)
    return tuple(name for name in _PHRASES if name in found)


def _is_promised(low: str, start: int, end: int) -> bool:
    if (start and low[start - 1].isalnum()) or (low[end - 1].isalnum() and _goes_on(low, end)):
        return False
    before = low[max(0, start - _BEFORE) : start]
    if _REFUSED_BEFORE.search(before) or _DUTY_BEFORE.search(before):
        return False
    return not _REFUSED_AFTER.match(low[end : end + _AFTER])


def _goes_on(low: str, end: int) -> bool:
    """Say whether the word goes on behind its end, but for the s of a plural."""
    rest = low[end : end + 2]
    return rest[:1].isalnum() and not (rest[:1] == "s" and not rest[1:].isalnum())


def benefits_of(given: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Return the benefits of a source's own list and of the description, each once, in our order.

    Of the list only what we know is taken: a source's prose is no name of a benefit.
    """
    found = set(find_benefits(text))
    for line in given[:MAX_GIVEN]:
        words = fold(line[:200]).replace("_", " ").replace("-", " ").strip()
        listed = _LISTED.get(words.removesuffix(" coverage").removesuffix(" insurance").strip())
        found.update([listed] if listed else find_benefits(line[:500]))
    return tuple(name for name in _PHRASES if name in found)
