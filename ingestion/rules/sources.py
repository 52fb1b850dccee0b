"""What is known of each source that can be collected from: figures, rights, what it needs.

Figures are those of the sources' own pages; where a page gives none they are careful guesses of
ours. Each may be replaced by a column of the Source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

Rights = Literal["own", "open", "link_back", "no_boards", "private"]
Period = Literal["day", "month"]

#: what redistribution a source allows, in words for people
RIGHTS: Mapping[Rights, str] = MappingProxyType(
    {
        "own": "our own or given to us: may go anywhere",
        "open": "may be shown and passed on",
        "link_back": "may be shown with a link back; not sent to other boards",
        "no_boards": "may be shown here; never sent to other boards",
        "private": "for the operator's eyes; neither shown nor sent",
    }
)
TO_BOARDS: frozenset[Rights] = frozenset({"own", "open"})  # may be published to outside boards
#: adapters of pages, which are asked only while somebody answers for it
ANSWERED_FOR = frozenset({"pages", "linkedin_guest"})
ALERT_SHARE = 80  # per cent of a quota at which people are told (S5.23)
CALL_TIMEOUT = timedelta(seconds=20)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Profile:
    """One adapter: where it asks, what it needs, how much it may ask and what may be done with it.

    `base_url` is filled with the source's settings; `others` are those of its other regions or
    gateways, by the setting of that name. `needs` and `secrets` name the settings and
    credentials without which nothing can be asked. `searches`: takes a query and a location.
    `max_pages` bounds one walk, `tolerance` the share of listings that may be missing of what the
    source said it has before a walk counts as partial. Where the `newest_first` are, an incremental
    walk ends at what is known.
    """

    title: str
    base_url: str
    others: Mapping[str, str] = field(default_factory=dict)
    rights: Rights = "open"
    needs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    searches: bool = False
    quota_limit: int | None = None
    quota_period: Period = "month"
    call_delay: timedelta = timedelta(seconds=1)
    call_timeout: timedelta = CALL_TIMEOUT
    max_pages: int = 100
    tolerance: float = 0.02
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """What holds for one source: its own columns, else its adapter's figures."""

    rights: Rights
    quota_limit: int | None
    quota_period: Period
    call_delay: timedelta
    call_timeout: timedelta
    max_pages: int


NONE = Profile("a file or an upload", "", rights="own")

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "jsearch": Profile(
            "JSearch",
            "https://jsearch.p.rapidapi.com",
            {"openwebninja": "https://api.openwebninja.com/jsearch"},
            rights="no_boards",
            secrets=("api_key",),
            searches=True,
            quota_limit=200,  # RapidAPI's BASIC plan
            call_timeout=timedelta(seconds=30),
        ),
        "greenhouse": Profile(
            "Greenhouse", "https://boards-api.greenhouse.io/v1/boards/{board}", needs=("board",)
        ),
        "lever": Profile(
            "Lever",
            "https://api.lever.co/v0",
            {"eu": "https://api.eu.lever.co/v0"},
            needs=("site",),
        ),
        "ashby": Profile(
            "Ashby",
            "https://api.ashbyhq.com/posting-api/job-board",
            needs=("board",),
            call_timeout=timedelta(seconds=30),  # known to answer slowly
        ),
        "smartrecruiters": Profile(
            "SmartRecruiters",
            "https://api.smartrecruiters.com/v1/companies",
            needs=("company",),
            call_delay=timedelta(milliseconds=250),
        ),
        "workable": Profile(
            "Workable",
            "https://apply.workable.com/api/v1/widget/accounts",
            needs=("account",),
            call_delay=timedelta(seconds=5),  # blocks for hours who asks too often
        ),
        "recruitee": Profile("Recruitee", "https://{company}.recruitee.com", needs=("company",)),
        "personio": Profile(
            "Personio",
            "https://{company}.jobs.personio.de",
            {"com": "https://{company}.jobs.personio.com"},
            needs=("company",),
        ),
        "workday": Profile(
            "Workday",
            "https://{tenant}.{host}.myworkdayjobs.com/wday/cxs/{tenant}/{site}",
            needs=("tenant", "host", "site"),
            call_delay=timedelta(milliseconds=250),
        ),
        "teamtailor": Profile("Teamtailor", "https://{company}.teamtailor.com", needs=("company",)),
        "remotive": Profile(
            "Remotive",
            "https://remotive.com",
            rights="link_back",
            quota_limit=4,  # fetches a day, by its terms
            quota_period="day",
        ),
        "remoteok": Profile(
            "Remote OK", "https://remoteok.com", rights="link_back", call_delay=timedelta(seconds=5)
        ),
        "arbeitnow": Profile(
            "Arbeitnow", "https://www.arbeitnow.com", rights="link_back", newest_first=True
        ),
        "himalayas": Profile(
            "Himalayas", "https://himalayas.app", rights="link_back", newest_first=True
        ),
        "jobicy": Profile(
            "Jobicy", "https://jobicy.com", rights="link_back", call_delay=timedelta(seconds=5)
        ),
        "themuse": Profile("The Muse", "https://www.themuse.com", rights="link_back"),
        "adzuna": Profile(
            "Adzuna",
            "https://api.adzuna.com/v1/api/jobs",
            rights="no_boards",
            secrets=("app_id", "app_key"),
            searches=True,
            newest_first=True,
            quota_limit=250,
            quota_period="day",
            call_delay=timedelta(seconds=2.4),  # 25 a minute
        ),
        "usajobs": Profile(
            "USAJobs",
            "https://data.usajobs.gov",
            needs=("email",),
            secrets=("api_key",),
            searches=True,
            newest_first=True,
        ),
        "weworkremotely": Profile(
            "We Work Remotely", "https://weworkremotely.com", rights="link_back"
        ),
        "feed": Profile("RSS or Atom feed", "{url}", rights="link_back", needs=("url",)),
        "pages": Profile(
            "Career pages of one site",
            "{url}",
            rights="link_back",
            needs=("url",),
            quota_limit=2_000,  # a day; each request for robots.txt counts too
            quota_period="day",
            call_delay=timedelta(seconds=5),
            max_pages=50,
        ),
        "linkedin_guest": Profile(
            "LinkedIn guest pages (unofficial; against its terms without permission)",
            "https://www.linkedin.com",
            rights="private",
            searches=True,
            quota_limit=500,
            quota_period="day",
            call_delay=timedelta(seconds=10),
            max_pages=10,
            newest_first=True,
        ),
        "hackernews": Profile(
            "Hacker News: Who is hiring",
            "https://hn.algolia.com/api/v1",
            rights="link_back",
            call_timeout=timedelta(seconds=30),
        ),
    }
)


def profile_of(adapter: str) -> Profile:
    """Return what is known of an adapter; of a source without one, that all is its operator's."""
    return PROFILES.get(adapter, NONE)


def base_url(adapter: str, settings: Mapping[str, Any]) -> str:
    """Return where an adapter asks, unfilled: at the region or gateway that is set, if any."""
    known = profile_of(adapter)
    named = settings.get("gateway") or settings.get("region") or ""
    return known.others.get(str(named), known.base_url)


def lacking(
    adapter: str, settings: Mapping[str, Any], credentials: Mapping[str, Any]
) -> tuple[str, ...]:
    """Name the settings and credentials that a source needs and has not."""
    known = profile_of(adapter)
    return tuple(name for name in known.needs if not settings.get(name)) + tuple(
        name for name in known.secrets if not credentials.get(name)
    )


def figures(adapter: str, columns: Mapping[str, Any]) -> Figures:
    """Lay a source's own columns over its adapter's figures; None or empty = the adapter's."""
    known = profile_of(adapter)
    values = {
        name: columns[name] if columns.get(name) not in (None, "") else getattr(known, name)
        for name in Figures.__dataclass_fields__
    }
    return Figures(**values)


def period_start(period: Period, now: datetime) -> datetime:
    """Return when the quota period that holds `now` began, in UTC."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if period == "day" else day.replace(day=1)


def period_end(period: Period, now: datetime) -> datetime:
    """Return when the next quota period begins, in UTC."""
    start = period_start(period, now)
    if period == "day":
        return start + DAY
    return (start + 31 * DAY).replace(day=1)
