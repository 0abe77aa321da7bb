"""The responses that report jobs of a kind: their schemas, and where the job stands in them."""

from __future__ import annotations

from dataclasses import dataclass

from ..json import Json
from ..operation import Header
from ..pointer import Path
from ..schema import Schema
from .place import Part, Place


@dataclass(frozen=True, slots=True)
class Answer:
    """The good response of one operation.

    schema: the schema of its JSON body; None if it has none
    headers: its documented headers
    job_at: the path of the job in the body, through an entry "0" of an array in a list
    """

    schema: Schema | None
    headers: tuple[Header, ...]
    job_at: Path

    def schemas_at(
        self, place: Place, *, state: tuple[Path, Json] | None = None
    ) -> list[dict[str, Json]]:
        """Return the schemas that are declared for a place below the job; [] if it has no place.

        Args:
            place: The place, below the job.
            state: The path and the value of the state of the job, if alternatives depend on it.
        """
        if place.part is Part.HEADER:
            return [h.schema.raw for h in self.headers if h.name == place.name]
        if self.schema is None:
            return []
        whole = ((*self.job_at, *state[0]), state[1]) if state else None
        return self.schema.schemas_at((*self.job_at, *place.path), state=whole)

    def is_open_at(self, place: Place) -> bool:
        """Return True if the response may have a place that no schema declares."""
        if place.part is Part.HEADER or self.schema is None:
            return place.part is Part.HEADER
        return self.schema.is_open_at((*self.job_at, *place.path))
