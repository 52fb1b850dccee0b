"""Hacker News "Who is hiring" comments: "Company | Role | Place | …" and prose, to our fields."""

import html
import re
from dataclasses import dataclass, field

from ingestion.rules.readers.paths import Found, Item
from ingestion.rules.readers.values import first, texts

HEADLINE = 600
LONGEST_TITLE = 160
LONGEST_NAME = 60
FEWEST = 3  # parts a headline without bars has
BREAK = re.compile(r"<p>|<br\s*/?>|<pre>|\n", re.IGNORECASE)
TAG = re.compile(r"<[^>]{0,2000}>")
LINK = re.compile(r'href="([^"]{4,2000})"|(https?://[^\s<>"|)]{4,500})')
HOST = re.compile(r"^\(?(?:https?://|www\.)?[\w.-]+\.[a-z]{2,10}(?:/\S*)?\)?$", re.IGNORECASE)
PARTED = re.compile(r"\s*[|\uff5c\u2502]\s*|\s+[–—]\s+|\s+-\s+|\s*[·•]\s*|;\s+")
STRONG = re.compile(r"\s*[|\uff5c\u2502]\s*")
ROLE = re.compile(
    r"\b(?:engineers?|engineering|developers?|devs?|designers?|scientists?|managers?|architects?|analysts?|leads?|cto|ceo|coo|cfo|swe|sre|pm|"
    r"programmers?|researchers?|directors?|head of|vp|interns?|internships?|founding|"
    r"consultants?|specialists?|administrators?|"
    r"devops|back-?end|front-?end|full-?stack|fullstack|roles?|positions?|product|marketing|sales|recruiters?|writers?|"
    r"mechanics?|technicians?|operators?|officers?|assistants?|coordinators?|qa|fde|fdes|staff|hackers?|mathematicians?|"
    r"strategists?|quants?|traders?|editors?|support|principal|machine learning|eng|sysadmins?|"
    r"advocates?|economists?|"
    r"teachers?|nurses?|accountants?|representatives?|executives?|account|builders?|co-?founders?|generalists?|security|data)\b",
    re.IGNORECASE,
)
PERSON = re.compile(
    r"\b(?:engineers?|developers?|devs?|designers?|scientists?|managers?|architects?|analysts?|cto|swe|sre|programmers?|researchers?|"
    r"directors?|head of|interns?|consultants?|specialists?|administrators?|"
    r"roles?|positions?|leads?|recruiters?|writers?)\b",
    re.IGNORECASE,
)
WORK = re.compile(
    r"\b(?:full[\s-]?time|part[\s-]?time|fulltime|contract(?:or|ors|ing)?|freelance|internships?|permanent|1099|w2|b2b|ft|pt|co-?op|temporary)\b",
    re.IGNORECASE,
)
MODEL = re.compile(
    r"\b(?:remote|on-?site|onsite|hybrid|in[\s-](?:person|office)|wfh|in office)\b", re.IGNORECASE
)
PAY = re.compile(
    r"(?:[$€£¥₹]|\b(?:usd|eur|gbp|cad|chf)\b)\s?\d|\d\s?k\b|\b\d{2,3}k?\s?[-–]\s?\d{2,3}\s?k\b|\bsalary\b",
    re.IGNORECASE,
)
ASIDE = re.compile(
    r"\b(?:visa|equity|yc [swfx]\d\d|series [a-e]|seed|relocation|funded|stealth|"
    r"citizenship|clearance)\b",
    re.IGNORECASE,
)
PLACE = re.compile(
    r"\b(?:usa?|u\.s\.a?\.?|uk|eu|emea|latam|apac|europe|canada|germany|france|india|"
    r"nyc|sf|bay area|london|berlin|new york|san francisco|"
    r"boston|seattle|austin|chicago|toronto|paris|amsterdam|zurich|switzerland|"
    r"worldwide|global|anywhere|us|palo alto|los angeles|"
    r"denver|singapore|tokyo|dublin|stockholm|barcelona|madrid|munich|vancouver|portland|atlanta|washington|dc|australia|sydney|melbourne|"
    r"norway|oslo|sweden|denmark|copenhagen|netherlands|poland|spain|portugal|lisbon|"
    r"israel|tel aviv|brazil|mexico|japan|ireland)\b"
    r"|,\s?[A-Z]{2}\b",
    re.IGNORECASE,
)
IS_HIRING = re.compile(
    r"^(.{2,80}?)\s+(?:is|are)\s+(?:hiring|looking for|seeking)\b[\s:–—-]*(.{0,200})$",
    re.IGNORECASE,
)
BATCH = re.compile(
    r"\s*\((?:YC\s*)?[A-Z]{1,2}\d{2}\)|\s*\([^)]*(?:https?://|www\.|\.(?:com|io|ai|co|org|dev|net))[^)]*\)?",
    re.IGNORECASE,
)
WANTED = re.compile(
    r"(?:hiring|looking for|seeking|join us as|we need|open roles?:?|roles?:|positions?:)\s+"
    r"(?:an?|our|the|several|multiple|some)?\s*"
    r"([A-Za-z][\w/&+#., -]{3,80}?)(?:[.;:!()<]| to | who | with | for | in | at | and help|$)",
    re.IGNORECASE,
)
OFFER = re.compile(
    r"\b(?:hiring|full[\s-]?time|part[\s-]?time|remote|onsite|hybrid|roles?|positions?|openings?|"
    r"apply|applications|jobs|join us|careers?|we're looking|"
    r"looking for|salary|engineers?|developers?)\b|\|",
    re.IGNORECASE,
)
CHATTER = re.compile(
    r"^(?:seeking\b(?!.*\|)|hey,? i\b|wow|good luck|careful|your |sent |> |quick heads|\d+ comments"
    r"|what|how|subject:|i applied)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Headline:
    """Hold what the parts of a headline turned out to be."""

    employer: str = ""
    roles: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    work: list[str] = field(default_factory=list)
    pay: list[str] = field(default_factory=list)


def comment(item: Item, _: Item) -> Found:
    """Read one top-level comment, or one job story, of Hacker News."""
    body = first(item, "text")
    head, rest = _headline(body)
    said = _stated(head) if STRONG.search(head) else _prose(head)
    title = "; ".join(said.roles)[:LONGEST_TITLE] or _wanted(rest)
    if not title and OFFER.search(f"{head} {rest}") and not CHATTER.search(head):
        title = head[:LONGEST_TITLE]  # an offer that names no role: its headline is all there is
    number = first(item, "id")
    links = [html.unescape(a or b) for a, b in LINK.findall(html.unescape(body))]
    return {
        "external_id": number,
        "title": title,
        "employer": said.employer,
        "location": "; ".join(said.places),
        "remote": "; ".join(said.models),
        "employment_type": "; ".join(said.work),
        "salary": "; ".join(said.pay),
        "description": body,
        "description_format": "html" if BREAK.search(body) else "text",
        "url": f"https://news.ycombinator.com/item?id={number}" if number else "",
        "apply_url": next((link for link in links if link.startswith("http")), ""),
        "posted_at": first(item, "time", "created_at_i", "created_at"),
        "skills": texts(item.get("technologies") or []),
    }


def _headline(body: str) -> tuple[str, str]:
    """Split the first line, without its tags, from the text under it."""
    pieces = [" ".join(html.unescape(TAG.sub(" ", piece)).split()) for piece in BREAK.split(body)]
    pieces = [piece for piece in pieces if piece]
    return (pieces[0][:HEADLINE], " \n".join(pieces[1:])[:4000]) if pieces else ("", "")


def _stated(head: str) -> Headline:
    """Sort the parts of "Company | Role | Place | Remote | Full-time | $120k"."""
    parts = [part.strip(" ,-–") for part in STRONG.split(head) if part.strip(" ,-–")]
    said = Headline(employer=_employer(parts[0])) if parts else Headline()
    for part in parts[1:]:
        _sort(part, said)
    if not said.roles and PERSON.search(said.employer) and not HOST.match(said.employer):
        said.roles, said.employer = [parts[0]], ""  # the role stands first and nobody is named
    return said


def _sort(part: str, said: Headline) -> None:
    is_role = len(part) < LONGEST_TITLE and (
        PERSON.search(part) or (ROLE.search(part) and not PLACE.search(part))
    )
    if PAY.search(part) and (not is_role or said.roles):
        said.pay.append(part[:LONGEST_TITLE])
        return
    if HOST.match(part) or (ASIDE.search(part) and not is_role):
        return
    if work := WORK.findall(part):
        said.work.extend(work)
    if MODEL.search(part):
        said.models.append(part[:80])
    bare = MODEL.sub("", WORK.sub("", part)).strip(" ,/()-–+&.or").strip()
    if is_role and not (said.roles and MODEL.search(part)):
        said.roles.append(part)
    elif (
        len(bare) > 1
        and len(part) < LONGEST_TITLE
        and (MODEL.search(part) or PLACE.search(part) or not said.places)
        and not said.work[1:]
    ):
        said.places.append(part if PLACE.search(part) else bare)


def _prose(head: str) -> Headline:
    """Read a headline without bars: "Acme is hiring a Welder", "Acme - Role - Place"."""
    hiring = IS_HIRING.match(head)
    if hiring:
        role = hiring[2].strip(" :.-")
        return Headline(employer=_employer(hiring[1]), roles=[role] if PERSON.search(role) else [])
    parts = [part for part in PARTED.split(head) if part]
    if len(parts) < FEWEST or len(parts[0]) > LONGEST_NAME:
        return Headline(
            roles=[found[1].strip()]
            if (found := WANTED.search(head)) and PERSON.search(found[1])
            else []
        )
    said = Headline(employer=_employer(parts[0]))
    for part in parts[1:]:
        _sort(part, said)
    return said


def _employer(part: str) -> str:
    name, _, rest = BATCH.sub("", part).partition(" - ")
    if rest and not (MODEL.search(rest) or WORK.search(rest) or PERSON.search(rest)):
        name = f"{name} - {rest}"
    return name.strip(" ,-–:[]()*")[:120]


def _wanted(rest: str) -> str:
    for found in WANTED.finditer(rest):
        if PERSON.search(found[1]):
            return found[1].strip(" ,-")
    return ""
