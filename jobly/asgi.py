"""The live server's entry: websockets and server-sent events, nothing else."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobly.settings")
get_asgi_application()  # loads the apps; pages are the web server's

from jobly.runs.consumers.sockets import EventsConsumer  # noqa: E402 # needs loaded apps
from jobly.runs.consumers.sse import nothing_here, stream_events  # noqa: E402

live: Any = stream_events  # Django types routes as views; these are ASGI applications
rest: Any = nothing_here
http = [re_path(r"^events/stream/?$", live), re_path(r"", rest)]
sockets = [re_path(r"^ws/events/?$", EventsConsumer.as_asgi())]
application = ProtocolTypeRouter({"http": URLRouter(http), "websocket": URLRouter(sockets)})
