"""What a posting tells of its employer beside the name: domain, size, being an agency."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from ingestion.rules.employers import employer_key
from ingestion.rules.gazetteer import country_code
from ingestion.rules.hints import Hints
from ingestion.rules.texts import fold, folded

_MAX_SIZE_TEXT: Final = 60
MAX_SEARCHED: Final = 60_000
_OPENING: Final = 1_500
_LEAST_LABEL: Final = 3
_CC: Final = 2
_THOUSAND: Final = 1_000
#: Upper ends of the ranges of heads that are told apart.
_BANDS: Final = (10, 50, 200, 500, 1_000, 5_000, 10_000)
_MOST_HEADS: Final = 3_000_000

# Hosts of systems that many employers share: never anybody's own domain.
_SHARED_HOSTS: Final = frozenset(
    """
    greenhouse.io lever.co ashbyhq.com smartrecruiters.com workable.com recruitee.com
    personio.de personio.com myworkdayjobs.com myworkdaysite.com workday.com icims.com
    jobvite.com taleo.net bamboohr.com teamtailor.com breezy.hr jazzhr.com applytojob.com
    resumator.com ultipro.com ukg.com paylocity.com paycomonline.net adp.com dayforcehcm.com
    ceridian.com successfactors.com successfactors.eu sapsf.com oraclecloud.com brassring.com
    avature.net eightfold.ai phenompeople.com pinpointhq.com rippling.com gem.com comeet.com
    comeet.co freshteam.com zohorecruit.com zoho.com recruiterbox.com hire.trakstar.com
    clearcompany.com newtonsoftware.com governmentjobs.com neogov.com usajobs.gov
    schooljobs.com applicantpro.com isolvedhire.com softgarden.io softgarden.de join.com
    heyrecruit.de onlyfy.jobs prescreenapp.io rexx-systems.com dvinci-hr.com umantis.com
    haufe.com concludis.de talentsoft.com cegid.com welcomekit.co taleez.com flatchr.io
    jobylon.com varbi.com reachmee.com easycruit.com webcruiter.no emply.com hr-manager.net
    jobteaser.com recruitingbypaycor.com paycor.com catsone.com crelate.com bullhorn.com
    bullhornstaffing.com jobscore.com hireology.com hrmdirect.com silkroad.com
    peopleadmin.com interviewexchange.com cornerstoneondemand.com csod.com kenexa.com
    pageuppeople.com snaphire.com applynow.net.au linkedin.com lnkd.in indeed.com
    glassdoor.com monster.com ziprecruiter.com careerbuilder.com dice.com simplyhired.com
    adzuna.com jooble.org talent.com jobrapido.com neuvoo.com jora.com totaljobs.com
    reed.co.uk cv-library.co.uk stepstone.de xing.com jobware.de arbeitnow.com remotive.com
    remotive.io remoteok.com remoteok.io weworkremotely.com himalayas.app jobicy.com
    themuse.com wellfound.com angel.co ycombinator.com workatastartup.com builtin.com
    stackoverflow.com hackernews.com dribbble.com behance.net flexjobs.com
    welcometothejungle.com otta.com hired.com snagajob.com idealist.org jobs.ac.uk
    academicjobsonline.org higheredjobs.com naukri.com shine.com timesjobs.com foundit.in
    bayt.com naukrigulf.com gulftalent.com rozee.pk seek.com.au seek.co.nz jobstreet.com
    jobsdb.com infojobs.net finn.no jobindex.dk arbetsformedlingen.se pracuj.pl
    nofluffjobs.com justjoin.it jobs.cz profession.hu jobs.ch jobup.ch karriere.at hosco.com
    google.com goo.gl forms.gle bit.ly tinyurl.com t.co ow.ly lnk.to facebook.com twitter.com
    x.com instagram.com youtube.com youtu.be tiktok.com github.com github.io gitlab.com
    medium.com notion.so notion.site airtable.com typeform.com docs.google.com wordpress.com
    wixsite.com squarespace.com webflow.io substack.com linktr.ee crunchbase.com
    wikipedia.org gmail.com outlook.com hotmail.com yahoo.com rsrjobs.com appcast.io
    jobs2careers.com recruitics.com clickcast.cloud neuvoo.ca dejobs.org nlx.org jobsyn.org
    usnlx.com cloudflare.com amazonaws.com azurewebsites.net herokuapp.com vercel.app
    netlify.app example.com
    """.split()
)
# Second labels under which countries give out domains: acme.co.uk is one name, co.uk none.
_SECOND: Final = frozenset("co com org net gov ac edu or ne go gob gouv nhs sch ltd plc me".split())

_AGENCY_NAME = re.compile(
    r"\b(?:staffing|recruit(?:ing|ment|ers?|er group)|headhunt\w*|personnel services|"
    r"personaldienst\w*|"
    r"personalberatung|personalvermittlung|personalservice|zeitarbeit\w*|zeitpersonal|"
    r"executive search|talent solutions|talent acquisition partners?|employment agency|"
    r"temp agency|interim management|workforce solutions|uitzend\w*|interimaire|bemanning\w*|"
    r"rekrytering\w*|rekruttering\w*|search partners|search group|recrutement)\b"
)
_AGENCY_KEYS: Final = frozenset(
    (
        "randstad|adecco|manpower|manpowergroup|hays|robert half|kelly services|michael page|"
        "page personnel|pagegroup|aerotek|teksystems|insight global|kforce|apex systems|"
        "cybercoders|jobot|motion recruitment|harnham|experis|akkodis|allegis|allegis group|"
        "robert walters|morgan mckinley|computer futures|huxley|sthree|real staffing|"
        "collabera|mindlance|artech|beacon hill|judge group|the judge group|creative circle|"
        "vaco|addison group|nigel frank|frank recruitment group|jefferson frank|mason frank|"
        "hydrogen group|harvey nash|spherion|express employment professionals|peopleready|"
        "labor finders|lhh|hirequest|dis ag|amadeus fire|ferchau|gigroup|synergie|proman|"
        "start people|tempo team|academic work|poolia|proffice|dreamwork|korn ferry|"
        "heidrick struggles|egon zehnder|spencer stuart|russell reynolds|odgers|workway|"
        "russell tobin|pyramid consulting|diversant|net2source|us tech solutions|rangam|"
        "actalent|eastridge|yoh|roth staffing|ledgent|ultimate staffing"
    ).split("|")
)
_FOR_A_CLIENT = re.compile(
    r"\b(?:our|my) client(?:,| is\b| are\b| has\b| in\b| a\b| seeks\b|"
    r" \w+ (?:is|are) (?:seeking|looking))"
    r"|\bon behalf of (?:our|my|a|one of our) clients?\b|\ba client of ours\b"
    r"|\bfur (?:unseren|einen unserer) (?:kunden|mandanten|auftraggeber)\b"
    r"|\bunser(?:e|em)? (?:kunde|kundin|mandant|auftraggeber)(?:in)? (?:ist|sucht|aus)\b"
    r"|\bnotre client,? (?:est|un|une|recherche)\b|\bmijn opdrachtgever\b|\bonze opdrachtgever\b"
    r"|\bnuestro cliente,? (?:es|busca|una?)\b"
)

_RANGE = re.compile(r"(\d{1,7})\s?(?:-|–|—|to|bis|à)\s?(\d{1,7})\b")
_NUMBER = re.compile(r"\d{1,7}")
_GROUPED = re.compile(r"(?<=\d)[.,'’ \u00a0\u202f](?=\d{3}(?!\d))")
_HEADS = re.compile(
    r"(?P<cue>\b(?:we|we're|our|company|firm|group|with|over|than|nearly|almost|around|about|"
    r"approximately|some|employ\w*|uber|rund|mehr als|plus de)\b[^.;!?\n]{0,60}?)"
    r"\b(?P<heads>\d{1,3}(?:[.,]\d{3}){0,2}|\d{1,6})\s?(?P<more>\+|plus)?"
    r"[ -](?:full[- ]time |dedicated |talented |passionate |global )?"
    r"(?:employees|people strong|person (?:company|team)|colleagues|mitarbeite\w*|beschaftigte\w*|"
    r"salaries|collaborateurs|empleados|medarbejdere|ansatte|medewerkers)\b"
)
# Every phrase of _HEADS ends with one of these.
_PEOPLE: Final = Hints(
    (
        "employees|people strong|person company|person team|colleagues|mitarbeite|beschaftigte|"
        "salaries|collaborateurs|empleados|medarbejdere|ansatte|medewerkers"
    ).split("|"),
    before=110,
    after=20,
)
_CLIENTS: Final = Hints(
    ("client", "kund", "mandant", "auftraggeber", "opdrachtgever"), before=40, after=45
)
_LED = re.compile(
    r"\b(?:manag\w+|supervis\w+|lead\w*|support\w*|oversee\w*|team of|responsible|serv\w+|hir\w+|"
    r"train\w*|clients?|customers?|for companies|payroll|benefits|department|site|plant|office)\b"
)


@lru_cache(maxsize=16384)
def domain_of(url: str) -> str:
    """Return the domain a web address belongs to ("acme.co.uk"), "" for one that many share."""
    text = url if "://" in url[:10] else f"https://{url}"
    try:
        host = (urlsplit(text).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
    labels = host.split(".")
    if len(labels) < _CC or labels[-1].isdigit() or "" in labels or not labels[-1].isascii():
        return ""
    count = _CC
    if len(labels[-1]) == _CC and len(labels) > _CC and labels[-2] in _SECOND:
        count += 1
    domain = ".".join(labels[-count:])
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return "" if _SHARED_HOSTS.intersection((domain, host)) else domain


@lru_cache(maxsize=16384)
def employer_domain(employer: str, website: str, *addresses: str) -> str:
    """Return the employer's own domain: of its website, else of an address that bears its name.

    Where one applies is mostly somebody else's host, so there the name decides.
    """
    own = domain_of(website) if website else ""
    if own:
        return own
    words = employer_key(employer)
    name = words.replace(" ", "")
    for address in addresses:
        domain = domain_of(address) if address else ""
        label = domain.split(".", 1)[0].replace("-", "")
        if len(label) >= _LEAST_LABEL and label in (name, words.split(" ", 1)[0]):
            return domain
    return ""


def size_of_field(text: str) -> str:
    """Return the range of heads ("11-50", "10001+") that a field names, "" for none."""
    words = _GROUPED.sub("", fold(text[:_MAX_SIZE_TEXT]))
    spread = _RANGE.search(words)
    if spread:
        low, high = int(spread[1]), int(spread[2])
        # A range across our bands is as good as its middle.
        return band_of((low + high) // 2) if low <= high else ""
    number = _NUMBER.search(words)
    if number is None:
        return "1-10" if "self-employed" in words else ""
    behind = words[number.end() : number.end() + 2].strip()
    heads = int(number[0]) * (_THOUSAND if behind[:1] == "k" else 1)
    return band_of(heads + (1 if "+" in behind else 0))


def band_of(heads: int) -> str:
    """Return the range that a number of heads lies in, "" for what is no number of them."""
    if not 0 < heads <= _MOST_HEADS:
        return ""
    low = 1
    for high in _BANDS:
        if heads <= high:
            return f"{low}-{high}"
        low = high + 1
    return f"{low}+"


def find_size(text: str) -> str:
    """Return the range of heads that a description states of its own company, "" for none."""
    low = folded(text[:MAX_SEARCHED])
    hits = (
        h
        for start, end in _PEOPLE.spans(low[: 4 * _OPENING])
        for h in _HEADS.finditer(low, start, end)
    )
    for hit in hits:
        if not _LED.search(low, max(0, hit.start() - 30), hit.end("cue")):
            heads = int(hit["heads"].replace(",", "").replace(".", ""))
            return band_of(heads + (1 if hit["more"] else 0))
    return ""


@lru_cache(maxsize=16384)
def is_agency_name(employer: str) -> bool:
    """Say whether a name is one of a firm that hires for others."""
    key = employer_key(employer)
    name, _, land = key.rpartition(" ")
    if key in _AGENCY_KEYS or (name in _AGENCY_KEYS and country_code(land)):
        return True
    return bool(_AGENCY_NAME.search(key))


def hires_for_others(employer: str, text: str) -> bool:
    """Say whether the name is an agency's or the description speaks of the client it hires for."""
    if is_agency_name(employer):
        return True
    opening = folded(text[:MAX_SEARCHED])[:_OPENING]
    return any(_FOR_A_CLIENT.search(opening, start, end) for start, end in _CLIENTS.spans(opening))
