"""Fixtures of the run ledger: bodies of runs, and clocks that do not make a test wait."""

import pytest


@pytest.fixture
def body():
    """Set what the test kinds do: `body(function)`; they do nothing until then."""

    from .kinds import BODY  # noqa: PLC0415 - no settings yet when this file is loaded

    def choose(function, *, of="run"):
        BODY[of] = function
        return function

    BODY.clear()
    BODY["run"] = lambda _progress, **_args: None
    yield choose
    BODY.clear()


@pytest.fixture(autouse=True)
def _no_waiting(settings, body, monkeypatch):
    monkeypatch.setattr("jobly.runs.clients._silent_until", 0.0)
    settings.RUN_BACKOFF_SCALE = 0
    settings.RUN_QUEUES = {"test.board": "boards", "test.capped": "narrow"}


@pytest.fixture
def beats(settings):
    """Leases and heartbeats of tenths of a second."""
    settings.RUN_LEASE_SECONDS = 2
    settings.RUN_HEARTBEAT_SECONDS = 0.2
    settings.RUN_SWEEP_SECONDS = 0.2
