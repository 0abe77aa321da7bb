"""Faults and variants: a name, a source and a behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .behaviour import Behaviour

Family = Literal[
    "value mutation",
    "structure mutation",
    "schema keyword",
    "HTTP",
    "resource",
    "input handling",
    "authentication",
    "lifecycle",
    "transport",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """A deviation from the document. `source` is the published operator that it comes from."""

    name: str
    family: Family
    source: str
    summary: str
    behaviour: Behaviour = field(repr=False)


@dataclass(frozen=True, slots=True)
class Variant:
    """An unusual behaviour that conforms to the document. `source` says what allows it."""

    name: str
    family: Family
    source: str
    summary: str
    behaviour: Behaviour = field(repr=False)
