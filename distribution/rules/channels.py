"""The kinds of board and the figures each real board's contract gives them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Literal

BoardKind = Literal["linkedin", "indeed", "rest", "webhook", "feed", "intranet", "internal"]
RateLimitRule = Literal["retry_after", "next_midnight"]

LINKEDIN: BoardKind = "linkedin"
INDEED: BoardKind = "indeed"
REST: BoardKind = "rest"
WEBHOOK: BoardKind = "webhook"
FEED: BoardKind = "feed"
INTRANET: BoardKind = "intranet"
INTERNAL: BoardKind = "internal"

RATE_WINDOW = timedelta(minutes=1)  # S1.24 counts submissions a minute
HOLD = timedelta(minutes=15)  # between two looks whether refused credentials were replaced
HELD = "{} refuses the channel's credentials; enter others and it goes on by itself."
REFRESH_AHEAD = timedelta(minutes=2)  # before a token ends for us, which is a fifth early
TOKENS_REFUSED = 20  # tokens, each refused within a minute, until a person is asked
SECRET_WARNING = timedelta(days=14)  # before a secret with a known end
THROTTLE_PAUSE = timedelta(seconds=30)  # a 429 that does not say when to come back


@dataclass(frozen=True, slots=True)
class ChannelDefaults:
    """What a new channel of a kind starts with; each is a column an operator may change."""

    limit_per_minute: int
    settle_window: timedelta
    poll_delay: timedelta
    poll_until: timedelta
    rate_limit_rule: RateLimitRule
    idempotent_create: bool
    lookup: bool
    batch_size: int
    id_max: int
    call_timeout: timedelta
    base_url: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connection:
    """What a client needs to know of a channel, as values. Never stored, never logged."""

    base_url: str
    options: Mapping[str, Any]
    call_timeout: timedelta
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: str = field(default="", repr=False)
    is_supplied: bool = False  # the address is of people, not of an operator: public places only

    def path(self, name: str) -> str:
        """Return the configured path of an operation."""
        return str(self.options["paths"][name])


# ../contracts/linkedin.md: §2 token, §3 submit, §6 tasks (five minutes typical, polled within a
# day), §8 throttles reset at midnight UTC. The path of the status API (§7) is not public.
_LINKEDIN = ChannelDefaults(
    limit_per_minute=50,
    settle_window=timedelta(minutes=5),
    poll_delay=timedelta(minutes=5),
    poll_until=timedelta(hours=24),
    rate_limit_rule="next_midnight",
    idempotent_create=False,
    lookup=True,
    batch_size=100,
    id_max=75,
    call_timeout=timedelta(seconds=15),
    base_url="https://api.linkedin.com",
    options={
        "token_url": "https://www.linkedin.com/oauth/v2/accessToken",
        "paths": {
            "submit": "/rest/simpleJobPostings",
            "tasks": "/rest/simpleJobPostingTasks",
            "status": "/rest/jobPostingStatus",
        },
        "view_url": "https://www.linkedin.com/jobs/view/{id}",
        "flavour": "rest",
        "version": "202604",
        "listing_type": "BASIC",
        "org_urn": "",
        "poster_email": "",
        "remote_location": "United States",
        "contract_urn": "",
        "show_poster": False,
        "title_max": 100,
        "required": [],
    },
)
# ../contracts/indeed.md: §2 token, §3 one GraphQL address and a five-second timeout, §4 upsert.
_INDEED = ChannelDefaults(
    limit_per_minute=60,
    settle_window=timedelta(minutes=5),
    poll_delay=timedelta(minutes=5),
    poll_until=timedelta(hours=24),
    rate_limit_rule="retry_after",
    idempotent_create=True,
    lookup=False,
    batch_size=1,
    id_max=200,
    call_timeout=timedelta(seconds=5),
    base_url="https://apis.indeed.com",
    options={
        "token_url": "",
        "paths": {"token": "/oauth/v2/tokens", "graphql": "/graphql"},
        "scope": "employer_access",
        "source_name": "",
        "source_type": "Employer",
        "dispositions": False,
        "contact_name": "",
        "contact_email": "",
        "title_max": 120,
        "title_advised": 75,
        "remote_country": "US",
        "view_url": "",
        "required": [],
    },
)
# ../contracts/glassdoor.md §3: a private-contract shape, so everything is configuration. On a
# real host nothing is known about repeats or look-ups: both stay off until the operator says so.
_REST = ChannelDefaults(
    limit_per_minute=40,
    settle_window=timedelta(minutes=5),
    poll_delay=timedelta(minutes=5),
    poll_until=timedelta(hours=24),
    rate_limit_rule="retry_after",
    idempotent_create=False,
    lookup=False,
    batch_size=1,
    id_max=100,
    call_timeout=timedelta(seconds=15),
    options={
        "route": "rest",
        "auth_style": "headers",
        "auth_names": {"partner_id": "X-Partner-Id", "api_key": "X-API-Key"},
        "paths": {
            "create": "/api/employer/jobs",
            "update": "/api/employer/jobs/{id}",
            "delete": "/api/employer/jobs/{id}",
            "read": "/api/employer/jobs/{id}",
            "lookup": "/api/employer/jobs?reference={reference}",
        },
        "id_path": "id",
        "url_path": "url",
        "list_path": "jobs",
        "success_statuses": [200, 201, 202, 204],
        "title_max": 100,
        "salary_required": True,
        "required": [],
    },
)
# Standard Webhooks: a receiver tells repeats apart by webhook-id, so a create may be repeated. What
# it makes of a job it may say in its answer; `confirms` waits for it to say so by our inbound hook.
_WEBHOOK = ChannelDefaults(
    limit_per_minute=60,
    settle_window=timedelta(minutes=5),
    poll_delay=timedelta(minutes=5),
    poll_until=timedelta(hours=24),
    rate_limit_rule="retry_after",
    idempotent_create=True,
    lookup=False,
    batch_size=1,
    id_max=100,
    call_timeout=timedelta(seconds=15),
    options={
        "confirms": False,
        "id_path": "id",
        "url_path": "url",
        "title_max": 200,
        "required": ["description", "location", "apply_url"],
    },
)
# Nothing is called: whoever publishes the feed fetches it (../contracts/indeed.md §9,
# linkedin.md §9). A job stays accepted until a fetch had it.
_FEED = ChannelDefaults(
    limit_per_minute=6000,
    settle_window=timedelta(0),
    poll_delay=timedelta(0),
    poll_until=timedelta(days=2),
    rate_limit_rule="retry_after",
    idempotent_create=True,
    lookup=False,
    batch_size=1,
    id_max=100,
    call_timeout=timedelta(seconds=1),
    options={
        "format": "generic",
        "title_max": 200,
        "required": ["description", "apply_url"],
    },
)
_INTRANET = ChannelDefaults(
    limit_per_minute=6000,
    settle_window=timedelta(0),
    poll_delay=timedelta(0),
    poll_until=timedelta(0),
    rate_limit_rule="retry_after",
    idempotent_create=True,
    lookup=True,
    batch_size=1,
    id_max=100,
    call_timeout=timedelta(seconds=1),
    options={"title_max": 500, "required": []},
)
_INTERNAL = ChannelDefaults(
    limit_per_minute=6000,
    settle_window=timedelta(0),
    poll_delay=timedelta(0),
    poll_until=timedelta(0),
    rate_limit_rule="retry_after",
    idempotent_create=True,
    lookup=True,
    batch_size=1,
    id_max=100,
    call_timeout=timedelta(seconds=1),
    options={"title_max": 500, "required": []},
)

DEFAULTS: Mapping[BoardKind, ChannelDefaults] = MappingProxyType(
    {
        LINKEDIN: _LINKEDIN,
        INDEED: _INDEED,
        REST: _REST,
        WEBHOOK: _WEBHOOK,
        FEED: _FEED,
        INTRANET: _INTRANET,
        INTERNAL: _INTERNAL,
    }
)
UNCALLED: frozenset[BoardKind] = frozenset({FEED, INTRANET, INTERNAL})  # ours: nothing is called
FEED_FORMATS = ("indeed", "linkedin", "google", "jooble", "generic", "rss", "atom", "json")
VIA_INDEED = "via_indeed"  # a route of REST: no call, the job is expected through Indeed
BY_FEED = "feed"  # a route of REST: no call, the board fetches a feed


def calls(kind: BoardKind, options: Mapping[str, Any]) -> bool:
    """Whether publishing there takes a call; a feed is fetched, our own boards read the rows."""
    return kind not in UNCALLED and options.get("route", REST) not in (VIA_INDEED, BY_FEED)


def is_fetched(kind: BoardKind, options: Mapping[str, Any]) -> bool:
    """Whether the board comes for the job by itself, so that nothing is to be followed up."""
    return kind == FEED or options.get("route") == BY_FEED


SANDBOX = "sandbox:"  # in place of an origin: the practice boards of this instance, wherever
# The practice boards answer at once, so nobody waits five minutes (INTERFACE §5). The REST board
# heeds Idempotency-Key, which is for an operator to say of a real one.
SANDBOX_FIGURES: Mapping[str, Any] = {
    "settle_window": timedelta(seconds=10),
    "poll_delay": timedelta(seconds=2),
    "poll_until": timedelta(hours=1),
    "call_timeout": timedelta(seconds=3),
    "rate_limit_rule": "retry_after",
}
SANDBOX_SIGNING = "whsec_cHJhY3RpY2UtYm9hcmQtc2lnbmluZy1rZXk="  # the practice board's
SANDBOX_CHANNELS: Mapping[str, Mapping[str, Any]] = {
    "linkedin": {
        "kind": LINKEDIN,
        "name": "LinkedIn (practice)",
        "base_url": f"{SANDBOX}/linkedin",
        "credentials": {"client_id": "jobly-demo", "client_secret": "practice"},
        "options": {
            "token_url": "/oauth/v2/accessToken",
            "view_url": f"{SANDBOX}/linkedin/jobs/{{id}}",
            "poster_email": "recruiter@demo.example",
        },
    },
    "indeed": {
        "kind": INDEED,
        "name": "Indeed (practice)",
        "base_url": f"{SANDBOX}/indeed",
        "credentials": {"client_id": "jobly-demo", "client_secret": "practice"},
        "options": {"contact_email": "recruiter@demo.example"},
    },
    "glassdoor": {
        "kind": REST,
        "name": "Glassdoor (practice)",
        "base_url": f"{SANDBOX}/glassdoor",
        "credentials": {"partner_id": "jobly-demo", "api_key": "practice"},
        "idempotent_create": True,
        "lookup": True,
    },
    "internal": {"kind": INTERNAL, "name": "Our own board"},
}
# what else the practice boards take, for whoever connects it
MORE_SANDBOX_CHANNELS: Mapping[str, Mapping[str, Any]] = {
    "webhook": {
        "kind": WEBHOOK,
        "name": "Webhook (practice)",
        "base_url": f"{SANDBOX}/hook/jobs",
        "credentials": {"signing_secret": SANDBOX_SIGNING},
    },
    "feed": {"kind": FEED, "name": "A feed that boards fetch"},
    "intranet": {"kind": INTRANET, "name": "Our board for colleagues"},
}


def addresses_of(base_url: str, options: Mapping[str, Any]) -> frozenset[str]:
    """Return where a channel's calls may go: its base and whole addresses among its options.

    The practice boards are no address, and what people click on is none that we call.
    """
    called = {name: value for name, value in options.items() if name != "view_url"}
    found = {base_url, *_texts(called)}
    return frozenset(text for text in found if "://" in text and not in_sandbox(text))


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a setting, however deep it lies."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def placed(text: str, sandbox_url: str) -> str:
    """Put the practice boards' present address in the place of its word; empty if there is none."""
    if not text.startswith(SANDBOX):
        return text
    return sandbox_url + text.removeprefix(SANDBOX) if sandbox_url and in_sandbox(text) else ""


def in_sandbox(text: str) -> bool:
    """Whether a text names the practice boards or a path there, and no other host or port."""
    return text == SANDBOX or text.startswith(f"{SANDBOX}/")


def options_of(kind: BoardKind, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a channel's own options over its kind's; nested tables are merged one level deep."""
    merged = dict(DEFAULTS[kind].options)
    for name, value in chosen.items():
        known = merged.get(name)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[name] = {**known, **value} if both and known is not None else value
    return merged


def parked_until(rule: RateLimitRule, now: datetime, retry_after: timedelta | None) -> datetime:
    """Say when a channel that answered 429 may be called again.

    LinkedIn's windows end at midnight UTC and its answers do not say so (contract §8).
    """
    if rule == "next_midnight":
        return datetime.combine(now.date() + timedelta(days=1), time.min, tzinfo=now.tzinfo)
    return now + (retry_after or THROTTLE_PAUSE)
