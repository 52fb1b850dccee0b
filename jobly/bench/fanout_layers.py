"""The channels-redis side of `bench fanout`: a consumer that joins a group, as in its tutorial."""

import json
from typing import Any

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter
from django.conf import settings

django.setup()

GROUP = "bench"
BACKENDS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
# without the timeout redis-py 8 drops idle connections, to either layer's loss
CONFIG = {"hosts": [{"address": settings.VALKEY_URL, "socket_timeout": None}]}
settings.CHANNEL_LAYERS.update(
    {name: {"BACKEND": backend, "CONFIG": CONFIG} for name, backend in BACKENDS.items()}
)


class Follower(AsyncWebsocketConsumer):  # type: ignore[misc] # channels ships no types
    """Join the group, pass on what is sent to it."""

    async def connect(self) -> None:
        """Join."""
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave."""
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def bench_item(self, event: dict[str, Any]) -> None:
        """Send one item."""
        await self.send(text_data=json.dumps(event["item"]))


class CoreFollower(Follower):
    """Follow by the core layer."""

    channel_layer_alias = "core"


class PubSubFollower(Follower):
    """Follow by the layer over publish and subscribe."""

    channel_layer_alias = "pubsub"


core = ProtocolTypeRouter({"websocket": CoreFollower.as_asgi()})
pubsub = ProtocolTypeRouter({"websocket": PubSubFollower.as_asgi()})
