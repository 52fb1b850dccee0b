"""What makes pages quick to test: static files found when asked for, a cheap hash."""

import pytest


@pytest.fixture(autouse=True)
def quick(settings):
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
