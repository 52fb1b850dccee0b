"""The floor of `bench fanout`: `websockets.broadcast` of what one subscription hears, no more."""

import asyncio
import sys

import django
import redis.asyncio
from django.conf import settings
from websockets.asyncio.server import ServerConnection, broadcast, serve

django.setup()


async def main(port: int, topic: str) -> None:
    """Serve what is published under a topic until killed."""
    followers: set[ServerConnection] = set()

    async def follow(line: ServerConnection) -> None:
        followers.add(line)
        try:
            await line.wait_closed()
        finally:
            followers.discard(line)

    client = redis.asyncio.Redis.from_url(settings.VALKEY_URL, socket_timeout=None)
    async with serve(follow, "127.0.0.1", port), client, client.pubsub() as ear:
        await ear.subscribe(topic)
        async for message in ear.listen():
            if message["type"] == "message":
                broadcast(followers, message["data"].decode())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
