"""The web server's entry: pages, admin and API."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobly.settings")
application = get_wsgi_application()
