"""Programs that use a video API, each with one bug that was reported of a real program, and each
with its mended twin.
"""

from .bug import Events, JobBug, Kind, Program, Scenario, Symptom
from .corpus import BUGS
from .trial import Trial, try_program

__all__ = [
    "BUGS",
    "Events",
    "JobBug",
    "Kind",
    "Program",
    "Scenario",
    "Symptom",
    "Trial",
    "try_program",
]
