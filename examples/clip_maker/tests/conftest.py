"""What the tests of both programs start from."""

from __future__ import annotations

import pytest

from aisa_testkit.mock_server import ProgramClock
from aisa_testkit.pytest_plugin import WatchedMock


class TooLong(Exception):
    """A program has not come to an end by itself."""


@pytest.fixture
def video_clock() -> ProgramClock:
    """The clock that the jobs go by."""
    return ProgramClock()


@pytest.fixture(autouse=True)
def _time(video_api: WatchedMock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs' own time is that of the clock: minutes of it take milliseconds."""
    clock = video_api.clock
    began = clock.lived()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.lived() - began > 400:
            raise TooLong

    monkeypatch.setattr("clip_maker.sleep", sleep)
    monkeypatch.setattr("clip_maker.monotonic", clock.lived)
    monkeypatch.setattr("careless.sleep", sleep)
