import pytest


@pytest.fixture
def only_the_pipeline(settings):
    """What reacts to loaded jobs is tested where it lives."""
    stages = ("ingestion.collection_stored", "ingestion.processing_done")
    settings.RUN_ON_EVENT = {name: settings.RUN_ON_EVENT[name] for name in stages}
