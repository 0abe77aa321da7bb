"""New ids for jobs and requests."""

from __future__ import annotations

from random import Random
from typing import Protocol


class Ids(Protocol):
    """Where new ids come from."""

    def job(self) -> str:
        """An id for a job, without the prefix: 32 hexadecimal digits."""
        ...

    def request(self) -> str:
        """An id for a request, without the prefix: 26 characters, as a ULID has."""
        ...


class RandomIds:
    """Ids at random; with a seed, the same ones in every run. Jobs and requests do not disturb each
    other's series.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._jobs = Random(seed if seed is None else f"{seed} jobs")
        self._requests = Random(seed if seed is None else f"{seed} requests")

    def job(self) -> str:
        return f"{self._jobs.getrandbits(128):032x}"

    def request(self) -> str:
        # Hexadecimal digits are all in the alphabet of a ULID, and the quickest to write.
        return f"01{self._requests.getrandbits(96):024X}"
