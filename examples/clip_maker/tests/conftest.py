"""Fixtures for the tests of both programs."""

from __future__ import annotations

import pytest

from aisa_testkit.mock_server import ClientClock
from aisa_testkit.pytest_plugin import ObservedMock


class TimeLimitExceeded(Exception):
    """A program has not ended after 400 seconds of the mock's clock."""


@pytest.fixture
def video_clock() -> ClientClock:
    """The clock of the jobs, which moves when a program sleeps."""
    return ClientClock()


@pytest.fixture(autouse=True)
def _program_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the programs sleep by the mock's clock, so that minutes take milliseconds."""
    if request.node.get_closest_marker("video_explore"):
        return  # its time is virtual
    video_api: ObservedMock = request.getfixturevalue("video_api")
    clock = video_api.clock
    start = clock.client_time()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.client_time() - start > 400:
            raise TimeLimitExceeded

    monkeypatch.setattr("clip_maker.sleep", sleep)
    monkeypatch.setattr("clip_maker.monotonic", clock.client_time)
    monkeypatch.setattr("careless.sleep", sleep)
