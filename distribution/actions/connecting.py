"""Ask a board whether a channel is well connected, and keep its token fresh ahead of time."""

from dataclasses import dataclass, replace
from datetime import timedelta
from types import ModuleType

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from distribution.actions import boards, credentials
from distribution.errors import BoardGone, CredentialsRefused, Held
from distribution.models import Channel, Distribution
from distribution.rules import channels as rules
from distribution.rules import states
from jobly.errors import AuthExpired, JoblyError
from jobly.runs.actions import transaction
from jobly.users.models import User

PATIENCE = timedelta(seconds=4)  # for each of the two calls of a test, so that a page can wait
IN_USE = timedelta(hours=1)  # since the last change of a publication
BATCH = 200  # channels a sweep looks at


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test of a channel found, in a sentence."""

    ok: bool
    said: str
    resumed: int = 0  # runs that had waited and go on now


def try_channel(channel: Channel, *, actor: User | None) -> Finding:
    """Ask a board whether it knows us, with at most two calls of four seconds; nothing is sent.

    Writes down what was found. A channel that was marked and is accepted again goes on.
    Emits: ChannelDisconnected or ChannelReconnected.
    """
    try:
        said = _ask(channel)
    except (CredentialsRefused, AuthExpired) as exc:
        credentials.disconnect(channel, CredentialsRefused(exc.message))
        return _found(channel, Finding(ok=False, said=exc.message))
    except Held:
        return _found(channel, Finding(ok=False, said=channel.credentials_refused))
    except BoardGone as exc:
        credentials.switch_off(channel, exc)
        return _found(channel, Finding(ok=False, said=exc.message))
    except JoblyError as exc:
        return _found(channel, Finding(ok=False, said=f"Nothing was changed: {exc.message}"))
    resumed = credentials.reconnect(channel, actor=actor)
    return _found(channel, Finding(ok=True, said=said, resumed=resumed))


def _ask(channel: Channel) -> str:
    """Fetch a token where the board takes one, then ask for what is surely not there."""
    client = boards.client_of(channel)
    if not channel.is_called:
        return uncalled_words(channel)
    token, words = "", ""
    if hasattr(client, "fetch_token"):
        boards.forget_token(channel)
        token = boards.token_for(channel)
        words = "It gave an access token. "
    link = channel.connection(token)
    return words + _probe(client, replace(link, call_timeout=min(link.call_timeout, PATIENCE)))


def _probe(client: ModuleType, link: rules.Connection) -> str:
    probe = getattr(client, "probe", None)
    return str(probe(link)) if probe else "It answers."


def uncalled_words(channel: Channel) -> str:
    """Say how jobs get to a board that is not called."""
    if channel.is_mirrored:
        rows = Channel.objects.usable().filter(company=channel.company, kind=Channel.Kind.INDEED)
        known = ", ".join(row.name for row in rows)
        where = (
            f"through {known}" if known else "through Indeed, but no Indeed channel is switched on"
        )
        return f"Nothing is called: jobs are expected there {where}."
    if channel.is_fetched:
        return "Nothing is called: the board fetches the feed by itself."
    return "Nothing is called: our own pages show it at once."


@transaction
def _found(channel: Channel, finding: Finding) -> Finding:
    """Write down what a test found."""
    rows = Channel.everything.filter(pk=channel.pk)
    rows.update(tested_at=Now(), test_said=finding.said[: credentials.SAID])
    channel.refresh_from_db(fields=["tested_at", "test_said"])
    return finding


def refresh_ahead() -> dict[str, int]:
    """Fetch new tokens for channels in use whose token is about to end; harmless at any time.

    Nobody then waits for a token in the middle of a publication, and credentials that were
    revoked are found out before a job is.
    """
    counts = {"refreshed": 0, "refused": 0, "unanswered": 0}
    for channel in _ending():
        try:
            boards.token_for(channel, ahead=rules.REFRESH_AHEAD)
            counts["refreshed"] += 1
        except Held:
            counts["refused"] += 1
        except JoblyError:
            counts["unanswered"] += 1  # it is asked again when it is needed
    return counts


def _ending() -> list[Channel]:
    """Return channels in use whose token ends soon or has ended."""
    moving = Q(status__in=[*states.ON_THE_WAY, "accepted"]) | Q(updated_at__gt=Now() - IN_USE)
    used = Distribution.objects.filter(moving, channel=OuterRef("pk"))
    rows = Channel.objects.usable().filter(
        Exists(used),
        token__isnull=False,
        credentials_refused_at=None,
        token_expires_at__lt=Now() + rules.REFRESH_AHEAD,
    )
    return list(rows.order_by("token_expires_at")[:BATCH])
