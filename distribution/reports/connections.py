"""What a channel is connected to, how well, and what it asks of a job: in words for people."""

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from distribution.models import Channel
from distribution.rules.channels import LINKEDIN, SANDBOX, WEBHOOK
from distribution.rules.limits import Limit, limits_of

CAN = {
    "idempotent_create": "The board tells repeats from new jobs, so a doubtful one is sent again.",
    "lookup": "The board can be asked for a job by our id, so a doubtful one is looked for first.",
    "neither": "The board can do neither, so a doubtful job waits for a person to look.",
}


@dataclass(frozen=True, slots=True)
class Connected:
    """A channel as its page shows it."""

    where: str
    how: str
    can: str
    asks: tuple[Limit, ...]
    sizes: str
    has_credentials: bool
    ends_on: date | None
    token_ends: datetime | None
    tested_at: datetime | None
    test_said: str
    page_url: str = ""


def connected(channel: Channel) -> Connected:
    """Read everything the page of a channel says about its connection; opens no secret."""
    return Connected(
        where=_where(channel),
        how=_how(channel),
        can=CAN[channel.can] if channel.is_called else "",
        asks=limits_of(channel.board, channel.all_options),
        sizes=_sizes(channel) if channel.is_called else "",
        has_credentials=bool(channel.__dict__.get("credentials")),
        ends_on=channel.credentials_end_on,
        token_ends=channel.token_expires_at,
        tested_at=channel.tested_at,
        test_said=channel.test_said,
        page_url=_page(channel),
    )


def _where(channel: Channel) -> str:
    """Name what is at the other end."""
    kind = channel.get_kind_display()
    label = kind[:1].upper() + kind[1:]
    if not channel.is_called:
        return label
    if channel.base_url.startswith(SANDBOX):
        away = "" if settings.SANDBOX_URL else ", which do not run at the moment"
        return f"{label}, on this instance's practice boards{away}"
    return f"{label} at {urlsplit(channel.base_url).hostname or 'no address yet'}"


def _how(channel: Channel) -> str:
    """Say how a job gets there."""
    options = channel.all_options
    if channel.is_mirrored:
        return (
            "No call is made: a job is expected there through Indeed and stands as it does there."
        )
    if channel.is_fetched:
        shape = f" of format {options['format']}" if "format" in options else ""
        return f"No call is made: the board fetches our feed{shape}; a job counts once it was."
    if not channel.is_called:
        return "No call is made: our own pages show a job as soon as it is published."
    if channel.board == LINKEDIN:
        shape = f"versioned API {options['version']}"
        return "The older v2 API." if options["flavour"] == "v2" else f"The {shape}."
    if channel.board == WEBHOOK:
        return "Each job is posted to your address, signed by Standard Webhooks."
    return "Each job is sent to the board's API."


def _sizes(channel: Channel) -> str:
    batch = f"{channel.batch_size:,} job{'s' if channel.batch_size > 1 else ''} a call"
    return f"{batch}, {channel.limit_per_minute:,} a minute, ids of {channel.id_max} characters"


def _page(channel: Channel) -> str:
    """Return where people see what it shows, for our own boards."""
    if channel.is_for_colleagues:
        return reverse("intranet", args=[channel.company.slug])
    return ""
