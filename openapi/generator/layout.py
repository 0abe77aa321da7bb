"""What is known of a value before it is made: values at places, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..json import Json
from ..pointer import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """What is known of a value.

    values: the values at places
    included: the places that are made though they may be left out
    empty: the places that hold nothing now; null if the schema requires them
    sparse: the path below which fields are made only if they are required; None for nowhere
    state: the path of a state and its value; alternatives that exclude it are not chosen
    """

    values: Mapping[Path, Json] = field(default_factory=dict)
    included: frozenset[Path] = frozenset()
    empty: frozenset[Path] = frozenset()
    sparse: Path | None = None
    state: tuple[Path, Json] | None = None

    def places(self) -> Iterator[Path]:
        """Yield the places that hold something."""
        yield from self.values
        yield from self.included

    def reaches(self, path: Path) -> bool:
        """Return True if a place at a path or below it holds something."""
        return any(place[: len(path)] == path for place in self.places())

    def entries(self, path: Path) -> int:
        """Return the number of entries that an array needs for the values in it."""
        size = len(path)
        below = (
            place[size] for place in self.places() if len(place) > size and place[:size] == path
        )
        return max((int(step) + 1 for step in below if step.isdecimal()), default=0)

    def type_at(self, path: Path) -> str | None:
        """Return the type of a value with something in it, by the places below; None without."""
        size = len(path)
        steps = [p[size] for p in self.places() if len(p) > size and p[:size] == path]
        if not steps:
            return None
        return "array" if all(step.isdecimal() for step in steps) else "object"

    def is_sparse(self, path: Path) -> bool:
        """Return True if optional fields of the object at a path are left out."""
        return self.sparse is not None and path[: len(self.sparse)] == self.sparse


FREE = Layout()
"""A value of which nothing is known."""
