"""Parts of a document, with the section of the components that each belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..json import Json
from ..pointer import Path
from ..source import Source
from .walk import parts_of


class Part(NamedTuple):
    """A part of the new document.

    data: the part
    source: the file that it is from
    at: its path in the new document
    section: the section of the components for such a part; None if there is none
    named: True if the keys of the part are names
    inside: the references that the part stands in, by file and pointer
    """

    data: Json
    source: Source
    at: Path
    section: str | None = None
    named: bool = False
    inside: tuple[tuple[str, str], ...] = ()

    @property
    def stays(self) -> bool:
        """Whether what the part refers to takes its place, and becomes no component."""
        is_path = self.section == "pathItems" and self.at[0] != "components"
        return self.named or self.section is None or is_path

    def below(self) -> Iterator[Part]:
        """Yield the parts directly below this one."""
        if isinstance(self.data, list):
            for index, data in enumerate(self.data):
                yield self._replace(data=data, at=(*self.at, str(index)), named=False)
        elif isinstance(self.data, dict):
            for key, data, named in parts_of(self.data, named=self.named):
                section = self.section if self.named else self._section_of(key)
                yield self._replace(data=data, at=(*self.at, key), section=section, named=named)

    def _section_of(self, key: str) -> str | None:
        if self.section == "schemas":
            return self.section
        return "pathItems" if self.section == "callbacks" else _SECTIONS.get(key)


_SECTIONS = {
    **{
        section: section
        for section in (
            "callbacks",
            "examples",
            "headers",
            "links",
            "parameters",
            "pathItems",
            "requestBodies",
            "responses",
            "schemas",
            "securitySchemes",
        )
    },
    "schema": "schemas",
    "itemSchema": "schemas",
    "requestBody": "requestBodies",
    "paths": "pathItems",
    "webhooks": "pathItems",
}
