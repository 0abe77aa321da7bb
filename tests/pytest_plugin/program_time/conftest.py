"""The time of a program, which begins at a fixed moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aisa_testkit.pytest_plugin.program_time import (
    ProgramClock,
    ProgramTime,
    open_program_time,
)

START = 1_900_000_000.0


@pytest.fixture(scope="package")
def program_time() -> Iterator[ProgramTime]:
    """Time that is replaced in each run."""
    with open_program_time() as time:
        yield time


@pytest.fixture
def clock(program_time: ProgramTime) -> Iterator[ProgramClock]:
    """The clock of a run that lasts as long as the test."""
    clock = ProgramClock(START)
    with program_time.run(clock):
        yield clock
