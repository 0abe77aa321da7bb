"""The time of the code under test by the clock of its mock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...mock_server import JobService, MovableClock
from .clock import ProgramClock
from .opening import open_program_time


@contextmanager
def replace_time_for(service: JobService[MovableClock]) -> Iterator[None]:
    """Replace the time of this thread by the mock's, for the length of the block.

    Only a ProgramClock does; with any other clock, nothing happens.
    """
    clock = service.clock
    if not isinstance(clock, ProgramClock):
        yield
        return
    with open_program_time() as time, time.run(clock):
        yield
