"""Boards that tell us, as our tests play them: whole requests, signed as the standard says."""

import base64
import hashlib
import hmac
import json
import time
from itertools import count

from django.test import Client

from distribution.actions import inbound
from distribution.models import InboundHook

numbers = count(1)


def signed(secret, event_id, moment, body):
    """Sign as the standard's own words say, apart from our code."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{event_id}.{moment}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


class Board:
    """One board that knows a channel's secret."""

    def __init__(self, channel, post=None):
        self.channel, self.secret = channel, inbound.new_key(channel)
        self.url = f"/api/v1/webhooks/{channel.pk}/"
        self.post = post or self._post

    def tell(self, kind, row=None, *, name="", late=0, **data):
        """Send one event, `late` seconds after it was signed, or before.

        Among the data `secret` is another one to sign with, `sent` a body to send instead.
        """
        secret, sent = data.pop("secret", self.secret), data.pop("sent", None)
        if row is not None:
            data = {"external_id": row.external_id, "post_id": "p-1", **data}
        told = {"type": kind, "timestamp": "2026-11-22T10:00:00Z", "data": data}
        body = json.dumps(told).encode()
        name, moment = name or f"msg_{next(numbers)}", int(time.time()) - late
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(moment),
            "webhook-signature": signed(secret, name, moment, body),
        }
        return self.post(self.url, sent if sent is not None else body, headers)

    def _post(self, url, body, headers):
        return Client().post(url, body, content_type="application/json", headers=headers)

    def heard(self):
        """Return what became of each event, by its number in order."""
        rows = InboundHook.objects.filter(channel=self.channel).order_by("id")
        return [(row.type, row.state) for row in rows.without_body()]
