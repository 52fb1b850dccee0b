"""Have the practice boards tell the demo by webhooks, each signed with its channel's secret."""

from django.urls import reverse

from distribution.actions import inbound
from distribution.models import Channel, HookKey
from distribution.rules.channels import SANDBOX


def practice_hooks(origin: str) -> dict[str, dict[str, str]]:
    """Return for each practice board where it is to tell the demo, and the secret it signs with.

    By the board's name at the sandbox: {url, secret}. `origin` is this instance's. A channel that
    has no secret is given one; running twice changes nothing.
    """
    channels = Channel.objects.filter(is_demo=True, base_url__startswith=f"{SANDBOX}/")
    known = {key.channel_id: key for key in HookKey.objects.filter(channel__in=channels)}
    found = {}
    for channel in channels.order_by("created_at"):
        key = known.get(channel.pk)
        secret = key.secret["secret"] if key is not None else inbound.new_key(channel)
        board = channel.base_url.removeprefix(f"{SANDBOX}/").split("/")[0]
        address = reverse("api:webhook", args=[channel.pk])
        found[board] = {"url": f"{origin}{address}", "secret": secret}
    return found
