"""Whether a board accepts a channel's credentials: noted when it does not, lifted when it does.

While they are refused nothing is sent and nothing fails: what is to go out waits, and goes on by
itself once a person has entered others or has had the board asked again.
"""

from django.db.models.functions import Now

from distribution import events
from distribution.errors import BoardGone, CredentialsRefused, Held
from distribution.models import Channel
from distribution.rules import channels as rules
from jobly.errors import AuthExpired, JoblyError
from jobly.runs.actions import emit, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.hurrying import hurry_many
from jobly.runs.models import Run
from jobly.users.models import User

SAID = 500  # characters kept of what a board said
HURRIED = 1000  # runs that are let go on at once; the others come back by themselves


def held(channel: Channel) -> Held:
    """Return what a run raises that has to wait for other credentials."""
    return Held(rules.HELD.format(channel.name), until=clock() + rules.HOLD)


@transaction
def disconnect(channel: Channel, error: CredentialsRefused) -> Held:
    """Note that a board refuses a channel's credentials; return what the run is to raise.

    Told once, however many find out; not where others were entered meanwhile.
    Emits: ChannelDisconnected.
    """
    row = Channel.everything.select_for_update(no_key=True).get(pk=channel.pk)
    if not _has_same(row, channel):
        return Held("The credentials have just changed; it is tried again.", until=clock())
    if row.credentials_refused_at is None:
        rows = Channel.everything.filter(pk=channel.pk)
        rows.update(credentials_refused_at=Now(), credentials_refused=error.message[:SAID])
        _tell(channel, error)
    channel.refresh_from_db(fields=["credentials_refused_at", "credentials_refused"])
    return held(channel)


def _has_same(row: Channel, channel: Channel) -> bool:
    """Whether a channel still has the credentials that were refused; unreadable ones it has."""
    try:
        return bool(row.credentials == channel.credentials)
    except AuthExpired:
        return True


@transaction
def switch_off(channel: Channel, error: BoardGone) -> None:
    """Switch a channel off whose address is gone for good. Emits: ChannelDisconnected once."""
    rows = Channel.everything.filter(pk=channel.pk, enabled=True)
    if rows.update(enabled=False, switched_off_why=error.message[:SAID]):
        _tell(channel, error)
    channel.refresh_from_db(fields=["enabled", "switched_off_why"])


@transaction
def reconnect(channel: Channel, *, actor: User | None) -> int:
    """Note that a channel may be used again; return how many runs that waited go on now.

    Emits: ChannelReconnected.
    """
    rows = Channel.everything.filter(pk=channel.pk, credentials_refused_at__isnull=False)
    if not rows.update(credentials_refused_at=None, credentials_refused=""):
        return 0
    channel.refresh_from_db(fields=["credentials_refused_at", "credentials_refused"])
    emit(
        events.ChannelReconnected(
            channel_id=str(channel.pk), channel=channel.slug, kind=channel.kind
        ),
        actor=actor,
        company=channel.company_id,
    )
    waiting = Run.objects.filter(
        kind__startswith="distribution.",
        company_id=channel.company_id,
        status=Run.Status.QUEUED,
        error=rules.HELD.format(channel.name),
    )
    return len(hurry_many(list(waiting.order_by("id")[:HURRIED]), actor=actor))


def _tell(channel: Channel, error: JoblyError) -> None:
    emit(
        events.ChannelDisconnected(
            channel_id=str(channel.pk),
            channel=channel.slug,
            kind=channel.kind,
            code=error.code,
            reason=error.message[:SAID],
        ),
        company=channel.company_id,
    )
