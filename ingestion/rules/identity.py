"""Identity: when two postings are the same job, and when one has changed."""

import hashlib
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from ingestion.rules.employers import employer_key
from ingestion.rules.texts import comparable, fold, words_in
from ingestion.rules.titles import title_key

if TYPE_CHECKING:
    from ingestion.rules.normalise import Posting

MAX_URL: Final = 2_000
_MAX_PORT_TEXT: Final = {"http": 80, "https": 443}
# Parameters that say where a click came from, never which job it leads to.
_TRACKING: Final = frozenset(
    "gclid gclsrc dclid fbclid msclkid yclid twclid ttclid li_fat_id igshid mc_cid "
    "mc_eid _hsenc _hsmi _ga _gl"
    " ref referer referrer refid source src gh_src lever-source lever-origin iis iisn "
    "iis_sn jobboard"
    " job_board trk trackingid tracking_id trackid campaign campaignid cmpid medium "
    "affiliate aff affid"
    " partner partnerid click_id clickid clid sessionid session_id from via rx_source "
    "rx_medium rx_campaign"
    " rx_job rx_viewer rx_ts rx_group rx_c rx_p rx_a rx_id ccuid utm _ke advn adid sponsored feedid"
    " shared_id ashby_src jobsite applicant_source recruiter_source".split()
)
_TRACKING_START: Final = ("utm_", "mtm_", "pk_", "hsa_", "oly_", "rx_", "li_", "itm_")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9\-._]{0,252}[a-z0-9])?|\[[0-9a-f:.]+\]")
_BARE_HOST = re.compile(r"(?:www\.)?[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}(?:[/?#]\S*)?")
# Needs no repair: most addresses do not. No port, no user, nothing to escape.
_PLAIN = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}"
    r"(?:/[A-Za-z0-9/_.~+-]*)?(?:\?[A-Za-z0-9=&_.~+-]*[A-Za-z0-9=&_.~+-])?"
)
# As compared already, but for https, www and last slashes; most addresses are like this.
_BARE = re.compile(
    r"https?://(?:www\.)?+((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}"
    r"(?:/[A-Za-z0-9/_.~+-]*)?)"
)
_INDEX = re.compile(r"/(?:index\.(?:html?|php|aspx?))$", re.IGNORECASE)
_FINGERPRINT_CHARACTERS: Final = 1_500
_FINGERPRINT_WORDS: Final = 120
_AS_JSON: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


def clean_url(text: str) -> str:
    """Return an http(s) or mailto URL that can be followed, "" for anything else.

    A bare "example.com/jobs" gets https. User names and passwords are dropped.
    """
    if len(text) <= MAX_URL and _PLAIN.fullmatch(text):
        return text
    text = "".join(text[: MAX_URL * 2].split())
    if not text or len(text) > MAX_URL:
        return ""
    if text[:7].lower() == "mailto:":
        return text if "@" in text[7:] else ""
    if text.startswith("//"):
        text = "https:" + text
    elif "://" not in text[:12]:
        text = f"https://{text}" if _BARE_HOST.fullmatch(text) else text
    return _followable(text)


def _followable(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in _MAX_PORT_TEXT or not host:
        return ""
    try:
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    if not _HOST.fullmatch(host) or ("." not in host and host != "localhost" and host[0] != "["):
        return ""
    place = host if port in (None, _MAX_PORT_TEXT[parts.scheme.lower()]) else f"{host}:{port}"
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]{}|")
    fragment = quote(parts.fragment, safe="/%:@!$&'()*+,;=~-._?")
    return urlunsplit((parts.scheme.lower(), place, path, query, fragment))


@lru_cache(maxsize=8192)
def comparable_url(url: str) -> str:
    """Return the URL as compared: https, no www, fragment, tracking or last slash.

    A fragment that is a route ("#/job/17", "#!job=17") tells the job apart and stays.
    """
    bare = _BARE.fullmatch(url)
    if bare and "/index." not in url.lower():
        return f"https://{bare[1].rstrip('/')}"
    parts = urlsplit(url)
    kept = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=False, max_num_fields=100)
        if not _is_tracking(name)
    )
    path = _INDEX.sub("/", quote(unquote(parts.path), safe="/:@!$&'()*+,;=~-._")).rstrip("/")
    fragment = parts.fragment if parts.fragment[:1] in ("/", "!") else ""
    host = parts.netloc.lower().removeprefix("www.")
    return urlunsplit(("https", host, path, urlencode(kept), fragment))


def _is_tracking(name: str) -> bool:
    low = name.lower()
    return low in _TRACKING or low.startswith(_TRACKING_START)


def url_key(url: str, employer: str) -> str:
    """Return 64 hex digits naming an apply URL at an employer, "" when there is no URL."""
    if not url or url[:7].lower() == "mailto:":
        return ""
    try:
        same = comparable_url(url)
    except ValueError:
        return ""
    return _digest((same, employer_key(employer)))


def content_key(posting: "Posting") -> str:
    """Return 64 hex digits naming a posting by what it is: title, employer, place and words."""
    return _digest(
        (
            title_key(posting.title),
            employer_key(posting.employer),
            posting.country,
            posting.region,
            comparable(posting.city or posting.location_text),
            fingerprint(posting.description_text),
        )
    )


def fingerprint(text: str) -> str:
    """Return the first words of a text as compared, so that a changed footer is no other job."""
    words = words_in(fold(text[:_FINGERPRINT_CHARACTERS]).replace("ß", "ss"))
    return " ".join(words[:_FINGERPRINT_WORDS])


def content_hash(posting: "Posting") -> str:
    """Return 64 hex digits that change when what a reader of the posting sees changes.

    Not part of it: the date of posting (sources renew it daily) and tracking in URLs.
    """
    salary = posting.salary.to_dict() if posting.salary else None
    if salary:
        del salary["text"], salary["confidence"]
    seen = (
        posting.title,
        posting.employer,
        posting.location_text,
        posting.city,
        posting.region,
        posting.country,
        posting.remote,
        posting.employment_type,
        posting.seniority,
        salary,
        posting.description_html,
        sorted(posting.skills),
        comparable_url(posting.apply_url) if posting.apply_url else "",
        posting.expires_at.isoformat() if posting.expires_at else "",
    )
    return hashlib.sha256(_AS_JSON.encode(seen).encode()).hexdigest()


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
