"""New ids for jobs and requests."""

from __future__ import annotations

from random import Random
from typing import Protocol


class Ids(Protocol):
    """A source of new ids."""

    def new_job_id(self) -> str:
        """Return an id for a job without its prefix: 32 hexadecimal digits."""
        ...

    def new_request_id(self) -> str:
        """Return an id for a request without its prefix: 26 characters, as in a ULID."""
        ...


class RandomIds:
    """Random ids. The series for jobs and for requests are independent of each other.

    Args:
        seed: A number that makes the ids the same in every run.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._jobs = Random(seed if seed is None else f"{seed} jobs")
        self._requests = Random(seed if seed is None else f"{seed} requests")

    def new_job_id(self) -> str:
        return f"{self._jobs.getrandbits(128):032x}"

    def new_request_id(self) -> str:
        # The alphabet of a ULID contains all hexadecimal digits, which are the fastest to format.
        return f"01{self._requests.getrandbits(96):024X}"
