"""What the tests of both programs start from."""

from __future__ import annotations

import pytest

from aisa_testkit.mock_server import ClientClock
from aisa_testkit.pytest_plugin import ObservedMock


class TooLong(Exception):
    """A program has not come to an end by itself."""


@pytest.fixture
def video_clock() -> ClientClock:
    """The clock that the jobs go by."""
    return ClientClock()


@pytest.fixture(autouse=True)
def _time(video_api: ObservedMock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs' own time is that of the clock: minutes of it take milliseconds."""
    clock = video_api.clock
    began = clock.client_time()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.client_time() - began > 400:
            raise TooLong

    monkeypatch.setattr("clip_maker.sleep", sleep)
    monkeypatch.setattr("clip_maker.monotonic", clock.client_time)
    monkeypatch.setattr("careless.sleep", sleep)
