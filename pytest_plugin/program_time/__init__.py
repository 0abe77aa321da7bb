"""Virtual time for the program under test: an hour of waiting costs nothing, and order is kept.

Compared before this was written: time-machine replaces `time.time` and `datetime.now` in C, but
for all threads and for pytest itself, and neither `sleep` nor `monotonic`. looptime has a loop of
its own for asyncio alone. trio's MockClock jumps while worker threads still work. None knows the
threads of a program, so none knows when the clock may move on.
"""

from .clock import ProgramClock
from .errors import RealTimeError
from .opening import ProgramTime, open_program_time

__all__ = ["ProgramClock", "ProgramTime", "RealTimeError", "open_program_time"]
