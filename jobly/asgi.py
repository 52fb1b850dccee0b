"""The live server's entry: websockets and server-sent events, nothing else."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.db import connections
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobly.settings")
get_asgi_application()  # loads the apps; pages are the web server's

from jobly.runs.consumers.sockets import follow_by_socket  # noqa: E402 # needs loaded apps
from jobly.runs.consumers.sse import nothing_here, stream_events  # noqa: E402

# the few threads that read rows here keep their connections; each is tried before it is used
connections.settings["default"]["CONN_MAX_AGE"] = 60
socket: Any = follow_by_socket  # Django types routes as views; these are ASGI applications
live: Any = stream_events
rest: Any = nothing_here
http = [re_path(r"^events/stream/?$", live), re_path(r"", rest)]
sockets = [re_path(r"^ws/events/?$", socket)]
application = ProtocolTypeRouter({"http": URLRouter(http), "websocket": URLRouter(sockets)})
