"""A job as one response shows it, and the type of the functions that return its fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from ...openapi.json import Json
from .job import Job, Snapshot


class _Absent:
    """The value of a field that is not there."""

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent()


@dataclass(slots=True)
class View:
    """A job as one response shows it.

    Args:
        job: The job.
        snapshot: The job at the moment of the response.
        base_url: The URL of the API as the client sees it, without a slash at the end.
    """

    job: Job
    snapshot: Snapshot
    base_url: str


FieldValue: TypeAlias = Callable[[View], Json]
"""Returns the value of a field, or ABSENT."""
