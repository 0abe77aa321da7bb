"""Places of values in requests and responses, as `x-jobs` writes them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from ..pointer import Path, format_pointer, parse_pointer


class Part(StrEnum):
    """A part of a request or a response."""

    BODY = "body"
    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    COOKIE = "cookie"


class Place(NamedTuple):
    """A place in a request or a response.

    part: the part of the message
    path: the steps of a JSON pointer in the body; the name alone in any other part, in lower case
        for a header
    """

    part: Part
    path: Path

    @property
    def name(self) -> str:
        """The name of a parameter or a header, or the last step of the pointer."""
        return self.path[-1] if self.path else ""

    def below(self, prefix: Path) -> Place:
        """Return the place below a path of the body; headers stay where they are."""
        return Place(self.part, (*prefix, *self.path)) if self.part is Part.BODY else self

    def __str__(self) -> str:
        if self.part is Part.BODY:
            return format_pointer(self.path)
        return f"{self.part}.{self.name}"


def parse_place(text: str) -> Place:
    """Return the place in valid data of `x-jobs`: `/output/0`, `query.task_id`, or "" for all."""
    part, separator, name = text.partition(".")
    if text.startswith("/") or not separator:
        return Place(Part.BODY, parse_pointer(text))
    return Place(Part(part), (name.lower() if part == Part.HEADER else name,))
