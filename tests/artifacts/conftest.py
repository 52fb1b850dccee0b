"""A storage of its own for each test."""

import pytest


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    """The folder that artifacts lie in; it is made when the first one is stored."""
    folder = tmp_path / "storage"
    settings.STATIC_ROOT = tmp_path  # the web server warns where nothing was collected
    settings.STORAGE_URL = f"file://{folder}"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "jobly.artifacts.clients.files.DurableFiles",
            "OPTIONS": {"location": str(folder)},
        },
    }
    return folder
